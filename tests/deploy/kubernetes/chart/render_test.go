// Package chart tests the Helm chart without a cluster: Helm's own engine renders it, package kubernetes checks the
// resulting objects, and the real services start with the environment from the chart.
package chart

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"

	"nanomon/tests/deploy/kubernetes"
	"nanomon/tests/support/servicetest"
)

// With this release name the names of all objects begin with "shop-nanomon".
const (
	release   = "shop"
	namespace = "monitoring"
)

func folder() string { return filepath.Join(servicetest.Root(), "deploy", "helm", "nanomon") }

// installation is the result of rendering the chart.
type installation struct {
	objects []kubernetes.Object
	// text maps the path of each template to its rendered documents.
	text  map[string]string
	notes string
}

// install renders the chart with values in YAML, for a cluster in which the existing objects are present.
func install(t *testing.T, values string, existing ...runtime.Object) installation {
	t.Helper()
	installed, err := tryInstall(t, values, existing...)
	if err != nil {
		t.Fatal(err)
	}
	return installed
}

func tryInstall(t *testing.T, values string, existing ...runtime.Object) (installation, error) {
	t.Helper()
	return installOn(t, "v1.34.0", values, existing...)
}

// installOn renders the chart for a cluster of a Kubernetes version.
func installOn(t *testing.T, version, values string, existing ...runtime.Object) (installation, error) {
	t.Helper()
	options := chartutil.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}
	return render(t, version, options, values, existing...)
}

// render renders the chart for a release and a cluster of a Kubernetes version.
func render(t *testing.T, version string, options chartutil.ReleaseOptions, values string, existing ...runtime.Object) (installation, error) {
	t.Helper()
	given, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	chart, err := loader.Load(folder())
	if err != nil {
		t.Fatal(err)
	}
	kube, err := chartutil.ParseKubeVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *kube
	all, err := chartutil.ToRenderValues(chart, given, options, capabilities)
	if err != nil {
		return installation{}, err
	}
	text, err := engine.RenderWithClientProvider(chart, all, cluster(existing))
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

// lookupScheme returns the types of the objects that the chart looks up.
var lookupScheme = sync.OnceValues(func() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(core.AddToScheme(scheme), apps.AddToScheme(scheme))
})

// cluster serves the chart's lookups from its objects.
type cluster []runtime.Object

func (c cluster) GetClientFor(apiVersion, kind string) (dynamic.NamespaceableResourceInterface, bool, error) {
	scheme, err := lookupScheme()
	if err != nil {
		return nil, false, err
	}
	group, err := schema.ParseGroupVersion(apiVersion)
	resource := group.WithResource(strings.ToLower(kind) + "s")
	return fake.NewSimpleDynamicClient(scheme, c...).Resource(resource), true, err
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
