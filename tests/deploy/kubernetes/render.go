package kubernetes

import (
	"fmt"
	"path/filepath"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/client-go/rest"

	"nanomon/tests/support/servicetest"
)

// ChartFolder returns the folder of the Helm chart.
func ChartFolder() string { return filepath.Join(servicetest.Root(), "deploy", "helm", "nanomon") }

// Render renders the chart for a release on a cluster of a Kubernetes version, with values in YAML. It returns the text by
// the path of its template. The chart looks up existing objects at the server; without one it finds none.
func Render(version string, release chartutil.ReleaseOptions, values string, server *rest.Config) (map[string]string, error) {
	given, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		return nil, fmt.Errorf("read the values: %w", err)
	}
	loaded, err := loader.Load(ChartFolder())
	if err != nil {
		return nil, err
	}
	kube, err := chartutil.ParseKubeVersion(version)
	if err != nil {
		return nil, err
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *kube
	all, err := chartutil.ToRenderValues(loaded, given, release, capabilities)
	if err != nil {
		return nil, err
	}
	if server == nil {
		return engine.Render(loaded, all)
	}
	return engine.RenderWithClient(loaded, all, server)
}
