package docs

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"nanomon/tests/servicetest"
)

// services are the structs of services/common/config that a program fills, in the order in which they are shown.
var services = []string{"Standalone", "API", "Frontend", "Runner"}

// setting is an environment variable: the services that read it, each with its default, and its meaning.
type setting struct {
	name, meaning      string
	services, defaults []string
}

// section is the settings of all structs whose comments have the same heading.
type section struct {
	heading, intro string
	settings       []*setting
}

// reference is what the source of the configuration says of the settings.
type reference struct {
	structs map[string]declaration
	all     []*section
}

type declaration struct {
	fields         []*ast.Field
	heading, intro string
}

func readSettings(t *testing.T) *reference {
	t.Helper()
	r := &reference{structs: make(map[string]declaration)}
	paths, err := filepath.Glob(filepath.Join(servicetest.Root(), "services", "common", "config", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			r.declare(declared)
		}
	}
	reached := make(map[string]bool)
	for _, service := range services {
		r.walk(t, service, service, reached)
	}
	for name, s := range r.structs {
		if !reached[name] && slices.ContainsFunc(s.fields, func(f *ast.Field) bool { return variable(f) != "" }) {
			t.Errorf("config.%s: no service has it", name)
		}
	}
	return r
}

// declare remembers a struct and the heading in its comment, with the text below.
func (r *reference) declare(declared ast.Decl) {
	general, ok := declared.(*ast.GenDecl)
	if !ok {
		return
	}
	for _, spec := range general.Specs {
		if named, ok := spec.(*ast.TypeSpec); ok {
			if s, ok := named.Type.(*ast.StructType); ok {
				_, below, _ := strings.Cut(general.Doc.Text(), "\n# ")
				heading, intro, _ := strings.Cut(below, "\n")
				r.structs[named.Name.Name] = declaration{s.Fields.List, heading, strings.TrimSpace(intro)}
			}
		}
	}
}

// walk adds the settings of a service that are in a struct, and in those embedded in it.
func (r *reference) walk(t *testing.T, service, name string, reached map[string]bool) {
	t.Helper()
	reached[name] = true
	for _, field := range r.structs[name].fields {
		if len(field.Names) == 0 {
			r.walk(t, service, field.Type.(*ast.Ident).Name, reached)
			continue
		}
		if err := r.add(service, name, field); err != nil {
			t.Errorf("config.%s.%s: %v", name, field.Names[0], err)
		}
	}
}

// add remembers that a service reads the variable of a field.
func (r *reference) add(service, name string, field *ast.Field) error {
	s, meaning := r.structs[name], strings.Join(strings.Fields(field.Doc.Text()), " ")
	if s.heading == "" {
		return fmt.Errorf("the comment of %s has no heading for the documents", name)
	}
	if meaning == "" {
		return fmt.Errorf("it has no comment for the documents")
	}
	known := r.find(variable(field))
	if known == nil {
		known = &setting{name: variable(field), meaning: meaning}
		in := r.section(s)
		in.settings = append(in.settings, known)
	}
	if known.meaning != meaning {
		return fmt.Errorf("%s is told of in two ways:\n%s\n%s", known.name, known.meaning, meaning)
	}
	known.services = append(known.services, strings.ToLower(service))
	if standard := tag(field).Get("envDefault"); !slices.Contains(known.defaults, standard) {
		known.defaults = append(known.defaults, standard)
	}
	return nil
}

// section is that of a struct. Its introduction is put together from those of the structs.
func (r *reference) section(s declaration) *section {
	i := slices.IndexFunc(r.all, func(known *section) bool { return known.heading == s.heading })
	if i < 0 {
		i, r.all = len(r.all), append(r.all, &section{heading: s.heading})
	}
	if !strings.Contains(r.all[i].intro, s.intro) {
		r.all[i].intro = strings.TrimSpace(r.all[i].intro + "\n\n" + s.intro)
	}
	return r.all[i]
}

// find is the setting of a name, or nil.
func (r *reference) find(name string) *setting {
	for _, in := range r.all {
		for _, s := range in.settings {
			if s.name == name {
				return s
			}
		}
	}
	return nil
}

func tag(field *ast.Field) reflect.StructTag {
	if field.Tag == nil {
		return ""
	}
	return reflect.StructTag(strings.Trim(field.Tag.Value, "`"))
}

// variable is the name of the environment variable that fills a field, blank if none does.
func variable(field *ast.Field) string {
	name, _, _ := strings.Cut(tag(field).Get("env"), ",")
	return name
}

// sections is all settings, each section with its heading.
func (r *reference) sections(*testing.T, []string) string {
	var made strings.Builder
	for _, in := range r.all {
		fmt.Fprintf(&made, "\n## %s\n\n", in.heading)
		if in.intro != "" {
			fmt.Fprintf(&made, "%s\n\n", in.intro)
		}
		made.WriteString(table(in.settings, true))
	}
	return made.String()
}

// table is the named settings. Which services read them is left out where it is the same for all.
func (r *reference) table(t *testing.T, names []string) string {
	var chosen []*setting
	for _, name := range names {
		if found := r.find(name); found != nil {
			chosen = append(chosen, found)
		} else {
			t.Errorf("there is no setting %s", name)
		}
	}
	differ := slices.ContainsFunc(chosen, func(s *setting) bool { return !slices.Equal(s.services, chosen[0].services) })
	return table(chosen, differ)
}

func table(settings []*setting, withServices bool) string {
	made := "| variable | default | meaning |\n|---|---|---|\n"
	if withServices {
		made = "| variable | used by | default | meaning |\n|---|---|---|---|\n"
	}
	for _, s := range settings {
		cells := []string{code(s.name)}
		if withServices {
			cells = append(cells, strings.Join(s.services, ", "))
		}
		var defaults []string
		for _, standard := range s.defaults {
			defaults = append(defaults, code(standard))
		}
		cells = append(cells, strings.Join(defaults, ", "), cell(s.meaning))
		made += "| " + strings.Join(cells, " | ") + " |\n"
	}
	return made
}

// sample is the file .env.sample.
func (r *reference) sample() string {
	wrapped := comment.Printer{TextPrefix: "# ", TextWidth: 120}
	var made strings.Builder
	made.WriteString("# Copy to .env and uncomment what you want to change. A variable of the environment wins over this file.\n" +
		"# docs/configuration.md tells more. This file is made by: just generate-docs\n")
	for _, in := range r.all {
		fmt.Fprintf(&made, "\n# --- %s ---\n", in.heading)
		for _, s := range in.settings {
			meaning := new(comment.Parser).Parse(strings.Join(s.services, ", ") + ": " + strings.ReplaceAll(s.meaning, "**", ""))
			fmt.Fprintf(&made, "\n%s#%s=%s\n", wrapped.Text(meaning), s.name, s.defaults[0])
		}
	}
	return made.String()
}
