package docs

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"nanomon/services/common/probe"
	"nanomon/tests/support/typetest"
)

var typeReference = template.Must(template.New("monitors").Funcs(template.FuncMap{"cell": cell, "code": code, "bounds": bounds, "anchor": anchor}).Parse(`
| type | reference | value of a result |
|---|---|---|
{{ range .Types }}| ` + "`{{ .Type }}`" + ` | [{{ .Title }}](#{{ anchor .Heading }}) | {{ cell .ValueDoc }} |
{{ end }}
## Properties of every type

{{ template "properties" .Common }}
{{- range .Types }}
## {{ .Heading }}

{{ .Doc }}

- Target: {{ .TargetDoc }}. For example ` + "`{{ .ExampleTarget }}`" + `
- Value: {{ .ValueDoc }}
- Rule: {{ .RuleHint }} For example ` + "`{{ .ExampleRule }}`" + `

{{ template "properties" .Properties }}
| output | kind | unit | description |
|---|---|---|---|
{{ range .Outputs }}| ` + "`{{ .Name }}`" + ` | {{ .Kind }} | {{ .Unit }} | {{ cell .Doc }}{{ if .RuleOnly }} For rules only: it is never stored or shown.{{ end }} |
{{ end }}{{ end }}
{{- define "properties" }}| property | kind | default | description |
|---|---|---|---|
{{ range . }}| ` + "`{{ .Name }}`" + ` | {{ .Kind }}{{ bounds . }} | {{ code .Default }} | {{ cell .Doc }}{{ if .Choices }} One of{{ range .Choices }} ` + "`{{ . }}`" + `{{ end }}.{{ end }}{{ if .Secret }} The value is a secret.{{ end }} |
{{ end }}{{ end }}`))

type documentedType struct{ probe.Spec }

// Heading returns the heading of the type's section.
func (d documentedType) Heading() string { return fmt.Sprintf("%s (`%s`)", d.Title, d.Type) }

// monitorTypes returns the reference of the monitor types, generated from the specs of the probes.
func monitorTypes(t *testing.T, _ []string) string {
	t.Helper()
	return typeTables(t, probe.All(probe.Guard{}))
}

// typeTables returns the reference of types.
func typeTables(t *testing.T, types probe.Registry) string {
	t.Helper()
	var listed []documentedType
	for _, name := range types.Names() {
		listed = append(listed, documentedType{types[name].Spec})
	}
	var text strings.Builder
	if err := typeReference.Execute(&text, map[string]any{"Types": listed, "Common": probe.CommonProperties()}); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestNewTypeIsDocumented(t *testing.T) {
	text := typeTables(t, typetest.Types())
	for _, line := range []string{
		"| `door` | [Door](#door-door) | Time to get the response, in ms, or the number that log matches. |",
		"| `timeout` | duration from 1ms | `90s` | Maximum time to wait. |",
		"| `password` | text |  | The password of the controller. The value is a secret. |",
		"| `open` | bool |  | Whether the door is open. |",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the reference of the monitor types lacks the line %s", line)
		}
	}
}

// bounds returns the minimum and the maximum of a property as text, such as " from 1 to 100".
func bounds(p probe.Property) string {
	var text string
	if p.Min != 0 {
		text = " from " + amount(p.Kind, p.Min)
	}
	if p.Max != 0 {
		text += " to " + amount(p.Kind, p.Max)
	}
	return text
}

func amount(kind probe.Kind, n int) string {
	switch {
	case kind == probe.KindDuration:
		return strings.Replace((time.Duration(n) * time.Millisecond).String(), "m0s", "m", 1)
	case kind == probe.KindBytes && n%(1<<20) == 0:
		return strconv.Itoa(n>>20) + "MiB"
	}
	return strconv.Itoa(n)
}

var punctuation = regexp.MustCompile(`[^a-z0-9 -]`)

// anchor returns the fragment of a URL that links to a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(punctuation.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}
