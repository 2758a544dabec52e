package chart

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"

	"nanomon/services/common/config"
	"nanomon/tests/deploy/kubernetes"
)

// services are the objects that every installation has.
var services = []string{
	"Deployment/-api", "Deployment/-frontend", "Deployment/-runner", "Service/-api", "Service/-frontend", "Pod/-test",
}

func TestRenderedObjects(t *testing.T) {
	for name, c := range kubernetes.Cases {
		t.Run(name, func(t *testing.T) {
			installed := install(t, c.Values)
			want := slices.Sorted(slices.Values(append(slices.Clone(services), c.Created...)))
			if diff := cmp.Diff(want, installed.ids()); diff != "" {
				t.Errorf("objects, - want, + got:\n%s", diff)
			}
			if err := kubernetes.Check(installed.objects, c.External...); err != nil {
				t.Error(err)
			}
			for _, o := range installed.objects {
				if o.GetNamespace() != namespace {
					t.Errorf("%s is in the namespace %q", kubernetes.ID(o), o.GetNamespace())
				}
			}
		})
	}
}

func TestLint(t *testing.T) {
	for name, c := range kubernetes.Cases {
		t.Run(name, func(t *testing.T) {
			values, err := chartutil.ReadValues([]byte(c.Values))
			if err != nil {
				t.Fatal(err)
			}
			version, err := chartutil.ParseKubeVersion("v1.34.0")
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range lint.AllWithKubeVersion(kubernetes.ChartFolder(), values, namespace, version).Messages {
				if m.Severity > support.InfoSev {
					t.Error(m)
				}
			}
		})
	}
}

// TestServicesAcceptTheirSettings parses the environment of the pods with the parsers of the services, which reject
// unknown names and invalid values.
func TestServicesAcceptTheirSettings(t *testing.T) {
	uri := map[string]string{"uri": "mongodb://db.example.org", "MONGO_URI": "mongodb://db.example.org"}
	existing := []kubernetes.Object{secret("database", uri), secret("passwords", uri)}
	for name, c := range kubernetes.Cases {
		t.Run(name, func(t *testing.T) {
			installed := install(t, c.Values)
			installed.objects = append(installed.objects, existing...)
			for service, parse := range map[string]func(map[string]string) error{
				"api":      func(e map[string]string) error { _, err := config.Parse[config.API](e); return err },
				"frontend": func(e map[string]string) error { _, err := config.Parse[config.Frontend](e); return err },
				"runner":   func(e map[string]string) error { _, err := config.Parse[config.Runner](e); return err },
			} {
				environment := installed.environment(t, service)
				maps.DeleteFunc(environment, func(_, value string) bool { return value == "" })
				if err := parse(environment); err != nil {
					t.Errorf("%s: %v", service, err)
				}
			}
		})
	}
}

func TestCredentialsAreOnlyInSecrets(t *testing.T) {
	for name, c := range kubernetes.Cases {
		t.Run(name, func(t *testing.T) {
			installed := install(t, c.Values)
			texts := map[string]string{"the notes": installed.notes}
			for path, text := range installed.text {
				for document := range strings.SplitSeq(text, "\n---\n") {
					if !strings.Contains(document, "\nkind: Secret\n") {
						texts[path] += document
					}
				}
			}
			for _, secret := range secretsOf(installed) {
				for where, text := range texts {
					if strings.Contains(text, secret) {
						t.Errorf("%s shows %q", where, secret)
					}
				}
			}
		})
	}
}
