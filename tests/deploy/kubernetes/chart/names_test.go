package chart

import (
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/chartutil"

	"nanomon/tests/deploy/kubernetes"
)

// unquoted are names that are no strings in YAML without quotes.
var unquoted = []string{"no", "on", "null", "123", "1e3", "0x1f"}

// TestNamesThatNeedQuotes renders cases that have all kinds of objects, in namespaces and releases with such names.
func TestNamesThatNeedQuotes(t *testing.T) {
	for _, name := range unquoted {
		options := chartutil.ReleaseOptions{Name: name, Namespace: name, Revision: 1, IsInstall: true}
		for _, title := range []string{"everything", "network policies", "own MongoDB without a volume"} {
			installed, err := render(t, "v1.37.0", options, kubernetes.Cases[title].Values)
			if err != nil {
				t.Errorf("%s, %s: %v", name, title, err)
			}
			for _, o := range installed.objects {
				if o.GetNamespace() != name || o.GetLabels()["app.kubernetes.io/instance"] != name {
					t.Errorf("%s, %s: %s is in the namespace %q and has the labels %v", name, title, kubernetes.ID(o), o.GetNamespace(), o.GetLabels())
				}
			}
		}
	}
}

// TestValuesThatNeedQuotes sets such names in all values that are names.
func TestValuesThatNeedQuotes(t *testing.T) {
	for _, name := range unquoted {
		values := strings.ReplaceAll(`
nameOverride: "NAME"
fullnameOverride: "on"
image: {tag: "NAME", pullSecrets: ["NAME", {name: "NAME"}]}
runner: {alerting: {existingSecret: "NAME"}}
mongodb: {image: "NAME", database: "NAME", auth: {existingSecret: "NAME"}, persistence: {storageClass: "NAME"}}
ingress: {enabled: true, className: "NAME", host: "NAME.example.org", tlsSecret: "NAME"}
httpRoute: {enabled: true, parentRefs: [{name: "NAME"}]}
metrics: {serviceMonitor: {enabled: true, labels: {a: "NAME"}, apiKeySecret: {name: "NAME", key: "NAME"}}}
serviceAccountName: "NAME"
nodeSelector: {a: "NAME"}
`, "NAME", name)
		if _, err := tryInstall(t, values); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		external := "mongodb: {existingSecret: '" + name + "', existingSecretKey: '" + name + "'}"
		if _, err := tryInstall(t, external); err != nil {
			t.Errorf("%s: %v", external, err)
		}
	}
}

// TestNamesOfServices checks the names that Kubernetes refuses for services, but not for the other objects.
func TestNamesOfServices(t *testing.T) {
	for _, c := range []struct{ version, name, values, message string }{
		{"v1.37.0", "my.shop", "", `the names of services would begin with "my.shop-nanomon", but can't contain a dot: set fullnameOverride`},
		{"v1.37.0", "my.shop", "fullnameOverride: watch", ""},
		{"v1.37.0", "1shop", "", ""},
		{"v1.35.0", "1shop", "", `the names of services would begin with "1shop-nanomon", but must begin with a letter: set fullnameOverride`},
		{"v1.35.0", "1shop", "fullnameOverride: watch", ""},
		{"v1.37.0", "shop", "fullnameOverride: 1mon", ""},
		{"v1.35.0", "shop", "fullnameOverride: 1mon", `the names of services would begin with "1mon", but must begin with a letter`},
	} {
		options := chartutil.ReleaseOptions{Name: c.name, Namespace: namespace, Revision: 1, IsInstall: true}
		_, err := render(t, c.version, options, c.values)
		if c.message == "" && err != nil || c.message != "" && (err == nil || !strings.Contains(err.Error(), c.message)) {
			t.Errorf("%s, %s: error %v, want %q", c.name, c.values, err, c.message)
		}
	}
}

// TestLabelsOfServiceMonitors checks that the labels in the values override the chart's labels.
func TestLabelsOfServiceMonitors(t *testing.T) {
	installed := install(t, "metrics: {serviceMonitor: {enabled: true, labels: {app.kubernetes.io/instance: prometheus, team: a}}}")
	for _, service := range []string{"api", "runner"} {
		labels := object[*monitoring.ServiceMonitor](t, installed, "ServiceMonitor/shop-nanomon-"+service).Labels
		for name, want := range map[string]string{
			"app.kubernetes.io/instance": "prometheus", "team": "a", "app.kubernetes.io/component": service, "app.kubernetes.io/managed-by": "Helm",
		} {
			if labels[name] != want {
				t.Errorf("the label %s of %s is %q, want %q", name, service, labels[name], want)
			}
		}
	}
}
