package clustertest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// services is the range of the addresses of services.
const services = "10.96.0.0/16"

// chooseAddresses chooses the addresses of etcd and of the API server, on a random address of the loopback interface, so
// that no other program has their ports.
func (c *Cluster) chooseAddresses() {
	random := make([]byte, 3)
	_, _ = rand.Read(random) // never fails
	c.host = net.IPv4(127, random[0], random[1], random[2]|1).String()
	c.etcd, c.server = "http://"+c.host+":2379", "https://"+c.host+":6443"
}

func (c *Cluster) path(name string) string { return filepath.Join(c.folder, name) }

// writeCredentials writes the key that signs service account tokens, the tokens of an administrator and of each node, and
// a kubeconfig file for each of them.
func (c *Cluster) writeCredentials(nodes []string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	tokens, problems := &strings.Builder{}, []error{os.WriteFile(c.path("key.pem"), text, 0o600)}
	add := func(file, user, group string) {
		token := rand.Text()
		fmt.Fprintf(tokens, "%s,%s,%s,%s\n", token, user, user, group)
		problems = append(problems, os.WriteFile(c.path(file), fmt.Appendf(nil, kubeconfig, c.server, token), 0o600))
	}
	add("admin.yaml", "admin", "system:masters")
	for _, node := range nodes {
		add(node+".yaml", "system:node:"+node, "system:nodes")
	}
	return errors.Join(append(problems, os.WriteFile(c.path("tokens.csv"), []byte(tokens.String()), 0o600))...)
}

// kubeconfig is a kubeconfig file with the address of the API server and a token. The API server makes its own
// certificate when it starts.
const kubeconfig = `
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: test, user: {token: %q}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
current-context: test
`

func (c *Cluster) startEtcd() error {
	peers := "http://" + c.host + ":2380"
	return c.launch("etcd", "--data-dir="+c.path("etcd"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls="+c.etcd, "--advertise-client-urls="+c.etcd,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=default="+peers)
}

func (c *Cluster) startServer() error {
	return c.launch("kube-apiserver", "--etcd-servers="+c.etcd, "--bind-address="+c.host, "--secure-port=6443",
		"--cert-dir="+c.path("certificates"), "--endpoint-reconciler-type=none", "--service-cluster-ip-range="+services,
		"--token-auth-file="+c.path("tokens.csv"), "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+c.path("key.pem"),
		"--service-account-signing-key-file="+c.path("key.pem"),
		// Nothing uses this address. Without it, the server needs a default route.
		"--advertise-address=192.0.2.1",
		// The names of the nodes are in no name server.
		"--kubelet-preferred-address-types=InternalIP",
		// Pod Security, not the API server itself, refuses privileged pods.
		"--allow-privileged")
}

func (c *Cluster) startControllers() error {
	return errors.Join(
		c.launch("kube-controller-manager", "--kubeconfig="+c.Kubeconfig, "--leader-elect=false", "--secure-port=0",
			"--service-account-private-key-file="+c.path("key.pem"), "--root-ca-file="+c.path("certificates/apiserver.crt"),
			"--enable-hostpath-provisioner", "--node-monitor-grace-period=24h", "--horizontal-pod-autoscaler-sync-period=3s"),
		c.launch("kube-scheduler", "--kubeconfig="+c.Kubeconfig, "--leader-elect=false", "--secure-port=0"),
	)
}

func (c *Cluster) startHollowNode(name string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	return c.launch("hollow-node", "--morph=kubelet", "--name="+name, "--kubeconfig="+c.path(name+".yaml"),
		"--kubelet-port="+port, "--kubelet-read-only-port=0", "--use-host-image-service=false",
		"--kube-api-qps=100", "--kube-api-burst=200")
}
