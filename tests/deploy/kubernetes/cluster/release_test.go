package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// chart is the folder of the chart, relative to the root of the repository.
const chart = "deploy/helm/nanomon"

// own selects the objects of the chart in the namespace of a release.
const own = "--selector=app.kubernetes.io/instance=shop"

// restricted is a namespace that refuses pods that violate the Pod Security Standard "restricted".
const restricted = `
apiVersion: v1
kind: Namespace
metadata:
  name: %s
  labels: {pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/warn: restricted}
`

// externals maps the kind of an object that the chart refers to, but doesn't create, to its document.
var externals = map[string]string{
	"ConfigMap":      "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}",
	"ServiceAccount": "{apiVersion: v1, kind: ServiceAccount, metadata: {name: %s}}",
	"Secret": "{apiVersion: v1, kind: Secret, metadata: {name: %s}, " +
		"stringData: {uri: a, MONGO_URI: a, rootPassword: a, password: a, keyFile: a}}",
	"Gateway": "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: %s}, " +
		"spec: {gatewayClassName: test, listeners: [{name: http, port: 80, protocol: HTTP}]}}",
	"StorageClass": "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: %s}, " +
		"provisioner: kubernetes.io/host-path, volumeBindingMode: WaitForFirstConsumer}",
}

// release represents the release "shop" of the chart in a namespace of its own.
type release struct {
	*testing.T
	// program is helm or helm4.
	program, namespace string
	// values is the text of a values file.
	values string
}

// newRelease creates a namespace with external objects, and removes it when the test ends.
func newRelease(t *testing.T, program, namespace, values string, external ...string) release {
	t.Helper()
	r := release{t, program, namespace, values}
	documents := fmt.Sprintf(restricted, namespace)
	for _, id := range external {
		kind, name, _ := strings.Cut(id, "/")
		documents += "---\n" + fmt.Sprintf(externals[kind], name) + "\n"
	}
	removeAtEnd(t, namespace)
	r.kubectlWith(documents, "apply", "--filename=-")
	return r
}

// removeAtEnd removes namespaces when the test ends.
func removeAtEnd(t *testing.T, namespaces ...string) {
	t.Helper()
	t.Cleanup(func() {
		arguments := append([]string{"delete", "namespace", "--wait=false"}, namespaces...)
		if output, err := kube.Command(context.Background(), "kubectl", arguments...).CombinedOutput(); err != nil {
			t.Errorf("delete the namespaces: %v\n%s", err, output)
		}
	})
}

func (r release) kubectl(arguments ...string) string {
	r.Helper()
	return r.kubectlWith("", arguments...)
}

func (r release) kubectlWith(text string, arguments ...string) string {
	r.Helper()
	return succeedWith(r.T, text, "kubectl", append(arguments, "--namespace="+r.namespace)...)
}

// helm runs Helm with the values as its standard input.
func (r release) helm(arguments ...string) string {
	r.Helper()
	return succeedWith(r.T, r.values, r.program, append(arguments, "--namespace="+r.namespace)...)
}

// install installs the chart and waits until it is ready.
func (r release) install() {
	r.Helper()
	if !strings.Contains(r.values, "LoadBalancer") {
		r.helm("install", "shop", chart, "--values=-", "--wait", "--timeout=2m")
		return
	}
	r.helm("install", "shop", chart, "--values=-")
	r.balance()
	r.kubectl("wait", "deployments", own, "--for=condition=Available", "--timeout=2m")
}

// balance gives the service of the API an address, as the load balancer of a cloud does.
func (r release) balance() {
	r.Helper()
	r.kubectl("patch", "service/shop-nanomon-api", "--subresource=status", "--type=merge",
		`--patch={"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}`)
}

func (r release) upgrade(arguments ...string) {
	r.Helper()
	r.helm(append([]string{"upgrade", "shop", chart, "--wait", "--timeout=2m"}, arguments...)...)
	r.rolledOut()
}

// rolledOut waits until only pods of the latest revision remain.
func (r release) rolledOut() {
	r.Helper()
	r.kubectl("rollout", "status", "deployments,statefulsets", own, "--timeout=2m")
}

// object contains the fields of an object in the cluster that the tests read.
type object struct {
	Kind     string
	Metadata struct {
		Name, UID, DeletionTimestamp string
		Generation                   int64
		Annotations                  map[string]string
	}
	// Data is the content of a secret.
	Data           map[string]string
	Type, Reason   string
	Message        string
	InvolvedObject struct{ Kind, Name string }
	Spec           struct{ NodeName string }
	Status         struct {
		ContainerStatuses []struct {
			Name  string
			Ready bool
			State map[string]struct{ Reason, Message string }
		}
	}
}

func (o object) id() string { return o.Kind + "/" + o.Metadata.Name }

// get returns the objects that kubectl gets.
func (r release) get(arguments ...string) []object {
	r.Helper()
	text := r.kubectl(append([]string{"get", "--output=json"}, arguments...)...)
	var list struct{ Items []object }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		r.Fatal(err)
	}
	return list.Items
}

// pods returns the pods of the chart that are not being deleted.
func (r release) pods() []object {
	r.Helper()
	var pods []object
	for _, pod := range r.get("pods", own) {
		if pod.Metadata.DeletionTimestamp == "" {
			pods = append(pods, pod)
		}
	}
	return pods
}
