package api

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/probe"
)

func load(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(Specification())
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return document
}

// TestSpecificationIsEmbedded compares the embedded document with the file for people.
func TestSpecificationIsEmbedded(t *testing.T) {
	document, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(document, Specification()) {
		t.Error("openapi.yaml.gz differs from openapi.yaml: run just generate-specs")
	}
}

func TestExamplesMatchSchemas(t *testing.T) {
	for name, schema := range load(t).Components.Schemas {
		for _, example := range schema.Value.Examples {
			if err := schema.Value.VisitJSON(example, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestEveryBodyHasAnExample(t *testing.T) {
	for path, item := range load(t).Paths.Map() {
		for method, operation := range item.Operations() {
			bodies := map[string]openapi3.Content{}
			if operation.RequestBody != nil {
				bodies["request"] = operation.RequestBody.Value.Content
			}
			for status, response := range operation.Responses.Map() {
				bodies[status] = response.Value.Content
			}
			for body, content := range bodies {
				for kind, media := range content {
					schema := media.Schema.Value
					if schema.Items != nil && len(schema.Examples) == 0 {
						schema = schema.Items.Value
					}
					if strings.HasSuffix(kind, "json") && len(schema.Examples) == 0 {
						t.Errorf("%s %s: %s has no example", method, path, body)
					}
				}
			}
		}
	}
}

// propertyLine matches a line that lists the properties of a type.
var propertyLine = regexp.MustCompile("(?m)^- (?:`(\\w+)`|every type): (.+)$")

func TestMonitorTypesMatchProbes(t *testing.T) {
	schemas := load(t).Components.Schemas
	registry := probe.All(probe.Guard{})
	var types []string
	for _, name := range schemas["MonitorType"].Value.Enum {
		types = append(types, name.(string))
	}
	if diff := cmp.Diff(registry.Names(), types); diff != "" {
		t.Errorf("MonitorType differs (-probes +specification):\n%s", diff)
	}

	want := map[string][]string{"": names(probe.CommonProperties())}
	for name, kind := range registry {
		want[name] = names(kind.Spec.Properties)
	}
	got := map[string][]string{}
	for _, line := range propertyLine.FindAllStringSubmatch(schemas["MonitorDraft"].Value.Properties["properties"].Value.Description, -1) {
		got[line[1]] = strings.Split(strings.ReplaceAll(line[2], "`", ""), ", ")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the properties in the description of MonitorDraft differ (-probes +specification):\n%s", diff)
	}
}

func names(properties []probe.Property) []string {
	list := make([]string, len(properties))
	for i, p := range properties {
		list[i] = p.Name
	}
	return list
}
