// Package docs keeps the generated part of the documentation current.
package docs

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"nanomon/services/common/probe"
	"nanomon/tests/servicetest"
)

var update = flag.Bool("update", false, "write the documents in place of comparing them")

var monitors = template.Must(template.New("monitors").Funcs(template.FuncMap{
	"cell": func(text string) string { return strings.ReplaceAll(text, "|", `\|`) },
	"or": func(text, instead string) string {
		if text == "" {
			return instead
		}
		return "`" + text + "`"
	},
}).Parse(`# Monitor types

This file is made from the descriptions in ` + "`services/common/probe`" + `; the same are served at ` + "`/api/monitor-types`" + `. After a change there, run
` + "`go test ./tests/docs -update`" + `.

A monitor has a name, a type, an interval (a Go duration such as ` + "`30s`" + `, at least one second), a target, and optionally a rule, a group and properties.
All properties are texts; an empty one is unset.

## Statuses

| status | | when |
|---|---|---|
| 0 | OK | the target answered, and the rule holds or there is none |
| 1 | error | the target answered, and the rule does not hold |
| 2 | failed | no answer, or the rule could not be evaluated or gave neither true nor false |

## Rules

A rule is an expression over the outputs of the check: ` + "`status == 200 && respTime < 500`" + `. It knows numbers, ` + "`'text'`" + `, ` + "`true`" + ` and ` + "`false`" + `; the operators
` + "`+ - * / % **`" + `, ` + "`== != < <= > >=`" + `, ` + "`&& || !`" + `, ` + "`=~ !~`" + ` (regular expression), ` + "`IN (…, …)`" + ` and ` + "`a ? b : c`" + `. A backslash in a text makes the
next character plain, so a regular expression needs two: ` + "`body =~ '\\\\d+'`" + `.

An output that a check did not produce, for example ` + "`result2`" + ` where there is one result, has no value: it equals nothing and is in no list. Comparing it by
size fails the check.
{{ range . }}
## {{ .Title }} (` + "`{{ .Type }}`" + `)

{{ .Doc }}

- Target: {{ .TargetDoc }}, for example ` + "`{{ .ExampleTarget }}`" + `
- Value: {{ .ValueDoc }}
- Rule: {{ .RuleHint }} Example: ` + "`{{ .ExampleRule }}`" + `

| property | kind | default | |
|---|---|---|---|
{{ range .Properties }}| ` + "`{{ .Name }}`" + ` | {{ .Kind }} | {{ or .Default "" }} | {{ cell .Doc }}{{ if .Choices }} One of:{{ range .Choices }} ` + "`{{ . }}`" + `{{ end }}.{{ end }} |
{{ end }}
| output | kind | unit | |
|---|---|---|---|
{{ range .Outputs }}| ` + "`{{ .Name }}`" + ` | {{ .Kind }} | {{ .Unit }} | {{ cell .Doc }}{{ if .RuleOnly }} For rules only: it is never stored or shown.{{ end }} |
{{ end }}{{ end }}`))

func TestTheMonitorReferenceIsCurrent(t *testing.T) {
	var made strings.Builder
	if err := monitors.Execute(&made, probe.All(probe.Guard{}).Specs()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(servicetest.Root(), "docs", "monitors.md")
	if *update {
		if err := os.WriteFile(path, []byte(made.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != made.String() {
		t.Error("docs/monitors.md differs from the probes' descriptions; run: go test ./tests/docs -update")
	}
}
