package cluster

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
	core "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/clientcmd"

	"nanomon/tests/deploy/kubernetes"
	"nanomon/tests/support/servicetest"
)

// upgrades lists values with which the chart is installed. For each of them it has the values of upgrades that the chart
// refuses, because Kubernetes would refuse them for some objects only or because they would replace MongoDB by an empty
// one, with the sentence. It also has the values of upgrades that the chart accepts.
var upgrades = []struct {
	before   string
	refused  map[string]string
	accepted []string
}{
	{
		"",
		map[string]string{
			"mongodb: {persistence: {size: 16Gi}}": `mongodb.persistence.size can't change from "8Gi" to "16Gi", because Kubernetes can't change ` +
				`the volume of a StatefulSet: set it back, or follow the section "Change the volume of MongoDB" in the README of the chart`,
			"mongodb: {persistence: {enabled: false}}":                  "mongodb.persistence.enabled can't change from true to false",
			"mongodb: {persistence: {storageClass: fast}}":              `mongodb.persistence.storageClass can't change from "" to "fast"`,
			"fullnameOverride: watch":                                   "would get a new, empty MongoDB: the existing StatefulSet shop-nanomon-mongodb would be replaced by watch-mongodb",
			"nameOverride: watch":                                       "would be replaced by shop-watch-mongodb",
			"runner: {extraEnv: [{name: POLLING_INTERVAL, value: 5s}]}": "runner.extraEnv contains POLLING_INTERVAL, which the chart sets already",
		},
		[]string{
			"",
			"mongodb: {image: 'mongo:8.1', resources: {limits: {memory: 2Gi}}}",
			"mongodb: {existingSecret: a}",
			"mongodb: {existingSecret: a}\nfullnameOverride: watch",
		},
	},
	{
		"mongodb: {persistence: {size: 1000000000}}",
		map[string]string{"mongodb: {persistence: {size: 1Gi}}": `mongodb.persistence.size can't change from "1G" to "1Gi"`}, nil,
	},
	{"mongodb: {persistence: {size: 8192Mi}}", nil, []string{""}},
	{"mongodb: {persistence: {size: 8589934592}}", nil, []string{""}},
	{"mongodb: {persistence: {size: 0.5Gi}}", nil, []string{"mongodb: {persistence: {size: 512Mi}}"}},
	{
		"mongodb: {persistence: {enabled: false}}",
		map[string]string{"": "mongodb.persistence.enabled can't change from false to true"},
		[]string{"mongodb: {persistence: {enabled: false, size: 1Gi}}"},
	},
	{
		"mongodb: {persistence: {storageClass: fast}}",
		map[string]string{"": `mongodb.persistence.storageClass can't change from "fast" to ""`}, nil,
	},
	{
		"mongodb: {auth: {existingSecret: a}}",
		map[string]string{"mongodb: {auth: {existingSecret: a}}\nfullnameOverride: watch": "new, empty MongoDB"}, nil,
	},
	{"mongodb: {existingSecret: a}", nil, []string{"", "fullnameOverride: watch"}},
	{"nameOverride: watch", nil, []string{"fullnameOverride: shop-watch\nnameOverride: watch"}},
	{
		"fullnameOverride: watch",
		map[string]string{
			"": "the existing StatefulSet watch-mongodb would be replaced by shop-nanomon-mongodb",
			"fullnameOverride: watch\nnameOverride: other": "can't change the labels by which the Deployment watch-api selects its pods: set nameOverride back",
		},
		nil,
	},
	{
		"mongodb: {existingSecret: a}\nfullnameOverride: watch",
		map[string]string{"mongodb: {existingSecret: a}\nfullnameOverride: watch\nnameOverride: other": "the Deployment watch-api"}, nil,
	},
}

// TestUpgradesLookAtExistingObjects creates the objects that the chart has before each upgrade, and renders the upgrades.
func TestUpgradesLookAtExistingObjects(t *testing.T) {
	t.Parallel()
	existing := make(map[string]string)
	for i, c := range upgrades {
		existing[upgraded(i)] = objects(t, upgraded(i), c.before)
	}
	create(t, existing)
	for i, c := range upgrades {
		for _, values := range c.accepted {
			wantAccepted(t, upgraded(i), values)
		}
		for values, sentence := range c.refused {
			if _, err := renderUpgrade(t, upgraded(i), values); err == nil || !strings.Contains(err.Error(), sentence) {
				t.Errorf("from %q to %q: error %v, want %q", c.before, values, err, sentence)
			}
		}
	}
	// scripts/test-kind.sh upgrades the default values to these.
	full, err := os.ReadFile(filepath.Join(servicetest.Root(), "tests/deploy/kubernetes/chart/testdata/full-values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	wantAccepted(t, upgraded(0), string(full))
}

func wantAccepted(t *testing.T, namespace, values string) {
	t.Helper()
	if _, err := renderUpgrade(t, namespace, values); err != nil {
		t.Errorf("%s, to %q: %v", namespace, values, err)
	}
}

// upgraded returns the namespace of an entry of upgrades.
func upgraded(i int) string { return fmt.Sprintf("upgraded-%d", i) }

// foreign maps a namespace to a label of this release's MongoDB, and to the same label of another MongoDB.
var foreign = map[string][2]string{
	"other-release":   {`app.kubernetes.io/instance: "shop"`, `app.kubernetes.io/instance: "other"`},
	"other-component": {"app.kubernetes.io/component: mongodb", "app.kubernetes.io/component: arbiter"},
	"other-chart":     {"helm.sh/chart: nanomon-", "helm.sh/chart: mongodb-"},
}

// TestMongoDBOfOthersIsIgnored checks that only the StatefulSet of this release and of this chart counts.
// TestUpgradesLookAtExistingObjects has the same upgrade with the labels of this release, which is refused.
func TestMongoDBOfOthersIsIgnored(t *testing.T) {
	t.Parallel()
	existing := make(map[string]string)
	for namespace, labels := range foreign {
		own := objects(t, namespace, "fullnameOverride: watch")
		if !strings.Contains(own, labels[0]) {
			t.Fatalf("no label %s in:\n%s", labels[0], own)
		}
		existing[namespace] = strings.ReplaceAll(own, labels[0], labels[1])
	}
	create(t, existing)
	for namespace := range existing {
		wantAccepted(t, namespace, "")
	}
}

// TestChangedPassword upgrades after an operator has changed the password in the chart's secret.
func TestChangedPassword(t *testing.T) {
	t.Parallel()
	passwords := []string{"swordfish", "p@ss/w:rd?#[]%", "100%25", "a b+c", "ü$€&=;,!'\"\\"}
	refused := []string{"swordfish\n", "sword\tfish", "sword\x00fish", "sword\xfffish"}
	namespace := func(i int) string { return fmt.Sprintf("password-%d", i) }
	existing := make(map[string]string)
	for i, password := range slices.Concat(passwords, refused) {
		existing[namespace(i)] = fmt.Sprintf(passwordSecret, namespace(i), base64.StdEncoding.EncodeToString([]byte(password)))
	}
	create(t, existing)
	for i, password := range passwords {
		wantPassword(t, namespace(i), password)
	}
	for i, password := range refused {
		_, err := renderUpgrade(t, namespace(len(passwords)+i), "")
		const message = "the password in the secret shop-nanomon-mongodb contains a line break or another control character"
		if err == nil || !strings.Contains(err.Error(), message) || strings.Contains(err.Error(), "fish") {
			t.Errorf("%q: error %v", password, err)
		}
	}
}

// passwordSecret is the chart's secret for its MongoDB in a namespace, with a password in Base64.
const passwordSecret = "{apiVersion: v1, kind: Secret, metadata: {name: shop-nanomon-mongodb, namespace: %s}, data: {password: %s}}"

// wantPassword checks that an upgrade keeps the password and writes it into the URI.
func wantPassword(t *testing.T, namespace, want string) {
	t.Helper()
	rendered, err := renderUpgrade(t, namespace, "")
	if err != nil {
		t.Fatalf("%q: %v", want, err)
	}
	const path = "nanomon/templates/mongodb.yaml"
	created, err := kubernetes.Decode(path, []byte(rendered[path]))
	if err != nil {
		t.Fatal(err)
	}
	secret := created[0].(*core.Secret)
	uri, err := url.Parse(string(secret.Data["MONGO_URI"]))
	if err != nil {
		t.Fatalf("%q: the URI is invalid", want)
	}
	password, _ := uri.User.Password()
	if password != want || string(secret.Data["password"]) != want || uri.Host != "shop-nanomon-mongodb:27017" {
		t.Errorf("password %q becomes %q in the secret, and %q in the URI, for the host %s", want, secret.Data["password"], password, uri.Host)
	}
}

// few lets no service except MongoDB have a pod.
const few = "\napi: {replicaCount: 0}\nfrontend: {replicaCount: 0}\nrunner: {replicaCount: 0}"

// objects returns the documents of everything that the chart creates in a namespace.
func objects(t *testing.T, namespace, values string) string {
	t.Helper()
	options := chartutil.ReleaseOptions{Name: "shop", Namespace: namespace, Revision: 1, IsInstall: true}
	rendered, err := kubernetes.Render("v1.37.0", options, values+few, nil)
	if err != nil {
		t.Fatal(err)
	}
	var documents []string
	for path, text := range rendered {
		if !strings.HasSuffix(path, "NOTES.txt") && !strings.Contains(path, "/tests/") {
			documents = append(documents, text)
		}
	}
	return strings.Join(documents, "\n---\n")
}

// create creates namespaces with documents, and removes them when the test ends.
func create(t *testing.T, documents map[string]string) {
	t.Helper()
	var all []string
	for namespace, text := range documents {
		all = append(all, fmt.Sprintf(restricted, namespace), text)
	}
	removeAtEnd(t, slices.Collect(maps.Keys(documents))...)
	succeedWith(t, strings.Join(all, "\n---\n"), "kubectl", "create", "--filename=-")
}

// renderUpgrade renders an upgrade of the release in a namespace.
func renderUpgrade(t *testing.T, namespace, values string) (map[string]string, error) {
	t.Helper()
	server, err := clientcmd.BuildConfigFromFlags("", kube.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	options := chartutil.ReleaseOptions{Name: "shop", Namespace: namespace, Revision: 2, IsUpgrade: true}
	return kubernetes.Render("v1.37.0", options, values, server)
}
