package kubernetes

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/client-go/rest"

	"nanomon/tests/support/servicetest"
)

// ChartFolder returns the folder of the Helm chart.
func ChartFolder() string { return filepath.Join(servicetest.Root(), "deploy", "helm", "nanomon") }

// loadChart loads the chart once, because nothing changes a loaded chart.
var loadChart = sync.OnceValues(func() (*chart.Chart, error) { return loader.Load(ChartFolder()) })

// valuesSchema compiles the schema of the chart's values once. Helm compiles it for each rendering, which takes about as
// long as the rendering.
var valuesSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	loaded, err := loadChart()
	if err != nil {
		return nil, err
	}
	const name = "file:///values.schema.json"
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(loaded.Schema))
	compiler := jsonschema.NewCompiler()
	if err = errors.Join(err, compiler.AddResource(name, document)); err != nil {
		return nil, err
	}
	return compiler.Compile(name)
})

// Validate checks values, with the chart's default values, against the schema of the chart.
func Validate(values chartutil.Values) error {
	loaded, err := loadChart()
	if err != nil {
		return err
	}
	schema, err := valuesSchema()
	if err != nil {
		return err
	}
	all, err := chartutil.CoalesceValues(loaded, values)
	if err != nil {
		return err
	}
	return schema.Validate(all.AsMap())
}

// Render renders the chart for a release on a cluster of a Kubernetes version, with values in YAML. It returns the text by
// the path of its template. The chart looks up existing objects at the server; without one it finds none.
func Render(version string, release chartutil.ReleaseOptions, values string, server *rest.Config) (map[string]string, error) {
	given, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		return nil, fmt.Errorf("read the values: %w", err)
	}
	kube, err := chartutil.ParseKubeVersion(version)
	if err != nil {
		return nil, err
	}
	if err := Validate(given); err != nil {
		return nil, err
	}
	loaded, err := loadChart()
	if err != nil {
		return nil, err
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *kube
	all, err := chartutil.ToRenderValuesWithSchemaValidation(loaded, given, release, capabilities, true)
	if err != nil {
		return nil, err
	}
	if server == nil {
		return engine.Render(loaded, all)
	}
	return engine.RenderWithClient(loaded, all, server)
}
