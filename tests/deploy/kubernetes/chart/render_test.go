// Package chart tests the Helm chart without a cluster: Helm's own engine renders it, package kubernetes checks the
// resulting objects, and the real services start with the environment from the chart.
package chart

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
	apps "k8s.io/api/apps/v1"

	"nanomon/tests/deploy/kubernetes"
)

// With this release name the names of all objects begin with "shop-nanomon".
const (
	release   = "shop"
	namespace = "monitoring"
)

// installation is the result of rendering the chart.
type installation struct {
	objects []kubernetes.Object
	// text maps the path of each template to its rendered documents.
	text  map[string]string
	notes string
}

// install renders the chart with values in YAML.
func install(t *testing.T, values string) installation {
	t.Helper()
	installed, err := tryInstall(t, values)
	if err != nil {
		t.Fatal(err)
	}
	return installed
}

func tryInstall(t *testing.T, values string) (installation, error) {
	t.Helper()
	return installOn(t, "v1.34.0", values)
}

// installOn renders the chart for a cluster of a Kubernetes version.
func installOn(t *testing.T, version, values string) (installation, error) {
	t.Helper()
	return render(t, version, chartutil.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}, values)
}

// tryUpgrade renders the chart for an upgrade. Package cluster tests what depends on the existing objects.
func tryUpgrade(t *testing.T, values string) (installation, error) {
	t.Helper()
	return render(t, "v1.34.0", chartutil.ReleaseOptions{Name: release, Namespace: namespace, Revision: 2, IsUpgrade: true}, values)
}

// render renders the chart for a release and a cluster of a Kubernetes version.
func render(t *testing.T, version string, options chartutil.ReleaseOptions, values string) (installation, error) {
	t.Helper()
	text, err := kubernetes.Render(version, options, values, nil)
	if err != nil {
		return installation{}, err
	}
	installed := installation{text: text}
	for _, path := range slices.Sorted(maps.Keys(text)) {
		if strings.HasSuffix(path, "NOTES.txt") {
			installed.notes = text[path]
			delete(text, path)
			continue
		}
		objects, err := kubernetes.Decode(path, []byte(text[path]))
		if err != nil {
			t.Errorf("%v in:\n%s", err, text[path])
		}
		installed.objects = append(installed.objects, objects...)
	}
	return installed, nil
}

// ids returns the sorted kinds and names of all objects, without the prefix of the release.
func (i installation) ids() []string {
	var ids []string
	for _, o := range i.objects {
		ids = append(ids, strings.Replace(kubernetes.ID(o), "/"+release+"-nanomon", "/", 1))
	}
	slices.Sort(ids)
	return ids
}

// object returns the object with an id such as "Deployment/shop-nanomon-api".
func object[T kubernetes.Object](t *testing.T, i installation, id string) T {
	t.Helper()
	for _, o := range i.objects {
		if typed, ok := o.(T); ok && kubernetes.ID(o) == id {
			return typed
		}
	}
	t.Fatalf("no %s among %s", id, i.ids())
	panic("unreachable")
}

func deployment(t *testing.T, installed installation, service string) *apps.Deployment {
	t.Helper()
	return object[*apps.Deployment](t, installed, "Deployment/"+release+"-nanomon-"+service)
}

// environment returns the environment of the only container of a service.
func (i installation) environment(t *testing.T, service string) map[string]string {
	t.Helper()
	environment, err := kubernetes.Environment(i.objects, "Deployment/"+release+"-nanomon-"+service, service)
	if err != nil {
		t.Fatal(err)
	}
	return environment
}
