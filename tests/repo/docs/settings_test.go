package docs

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/format"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"nanomon/services/common/config"
	"nanomon/tests/support/servicetest"
)

// programs lists the structs of services/common/config that a program fills, in the order of the documentation.
var programs = []string{"Standalone", "API", "Frontend", "Runner"}

// setting is an environment variable, with the programs that read it.
type setting struct {
	name, meaning string
	uses          []config.Use
}

// programs returns the names of the programs that read the setting.
func (s *setting) programs() []string {
	var names []string
	for _, use := range s.uses {
		names = append(names, use.Program)
	}
	return names
}

// defaults returns the different defaults of the setting: a single empty one if no program has a default.
func (s *setting) defaults() []string {
	var values []string
	for _, use := range s.uses {
		if use.Default != "" && !slices.Contains(values, use.Default) {
			values = append(values, use.Default)
		}
	}
	if len(values) == 0 {
		return []string{""}
	}
	return values
}

// section groups the settings of all structs whose comments have the same heading.
type section struct {
	heading, intro string
	settings       []*setting
}

// reference holds the settings as the source code of package config documents them.
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
	for _, program := range programs {
		r.walk(t, program, program, reached)
	}
	for name, s := range r.structs {
		if !reached[name] && slices.ContainsFunc(s.fields, func(f *ast.Field) bool { return variable(f) != "" }) {
			t.Errorf("config.%s: no program uses this struct", name)
		}
	}
	return r
}

// declare adds a struct with the heading in its comment and the text below that.
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
				r.structs[named.Name.Name] = declaration{s.Fields.List, heading, unwrap(intro)}
			}
		}
	}
}

// unwrap puts each paragraph of a text on one line.
func unwrap(text string) string {
	var paragraphs []string
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		paragraphs = append(paragraphs, strings.Join(strings.Fields(paragraph), " "))
	}
	return strings.Join(paragraphs, "\n\n")
}

// walk adds the settings of a struct, and of the structs embedded in it, to those of a program.
func (r *reference) walk(t *testing.T, program, name string, reached map[string]bool) {
	t.Helper()
	reached[name] = true
	for _, field := range r.structs[name].fields {
		if len(field.Names) == 0 {
			r.walk(t, program, field.Type.(*ast.Ident).Name, reached)
			continue
		}
		if err := r.add(program, name, field); err != nil {
			t.Errorf("config.%s.%s: %v", name, field.Names[0], err)
		}
	}
}

// add notes that a program reads the variable of a field.
func (r *reference) add(program, name string, field *ast.Field) error {
	s, meaning := r.structs[name], strings.Join(strings.Fields(field.Doc.Text()), " ")
	if s.heading == "" {
		return fmt.Errorf("the comment of %s has no heading for the documentation", name)
	}
	if meaning == "" {
		return fmt.Errorf("it has no comment for the documentation")
	}
	known := r.find(variable(field))
	if known == nil {
		known = &setting{name: variable(field), meaning: meaning}
		sec := r.section(s)
		sec.settings = append(sec.settings, known)
	}
	if known.meaning != meaning {
		return fmt.Errorf("%s has two different comments:\n%s\n%s", known.name, known.meaning, meaning)
	}
	known.uses = append(known.uses, config.Use{Program: strings.ToLower(program), Default: tag(field).Get("envDefault")})
	return nil
}

// section returns the section of a struct, and adds the introduction of the struct to it.
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

// find returns the setting of a name, or nil.
func (r *reference) find(name string) *setting {
	for _, sec := range r.all {
		for _, s := range sec.settings {
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

// variable returns the name of the environment variable that fills a field. It is blank if none does.
func variable(field *ast.Field) string {
	name, _, _ := strings.Cut(tag(field).Get("env"), ",")
	return name
}

// sections formats all settings in Markdown, each section with its heading.
func (r *reference) sections(*testing.T, []string) string {
	var text strings.Builder
	for _, sec := range r.all {
		fmt.Fprintf(&text, "\n## %s\n\n", sec.heading)
		if sec.intro != "" {
			fmt.Fprintf(&text, "%s\n\n", sec.intro)
		}
		text.WriteString(table(sec.settings, true))
	}
	return text.String()
}

// table formats the named settings. It leaves out the programs that read them if these are the same for all.
func (r *reference) table(t *testing.T, names []string) string {
	var chosen []*setting
	for _, name := range names {
		if found := r.find(name); found != nil {
			chosen = append(chosen, found)
		} else {
			t.Errorf("there is no setting %s", name)
		}
	}
	differ := slices.ContainsFunc(chosen, func(s *setting) bool { return !slices.Equal(s.programs(), chosen[0].programs()) })
	return table(chosen, differ)
}

func table(settings []*setting, withPrograms bool) string {
	text := "| variable | default | meaning |\n|---|---|---|\n"
	if withPrograms {
		text = "| variable | used by | default | meaning |\n|---|---|---|---|\n"
	}
	for _, s := range settings {
		cells := []string{code(s.name)}
		if withPrograms {
			cells = append(cells, strings.Join(s.programs(), ", "))
		}
		var defaults []string
		for _, value := range s.defaults() {
			defaults = append(defaults, code(value))
		}
		cells = append(cells, strings.Join(defaults, ", "), cell(s.meaning))
		text += "| " + strings.Join(cells, " | ") + " |\n"
	}
	return text
}

// sample returns the content of .env.sample.
func (r *reference) sample() string {
	wrapped := comment.Printer{TextPrefix: "# ", TextWidth: 120}
	var text strings.Builder
	text.WriteString("# Copy this file to .env and uncomment what you want to change. Environment variables override the file.\n" +
		"# docs/configuration.md explains more. This file is generated by: just generate-docs\n")
	for _, sec := range r.all {
		fmt.Fprintf(&text, "\n# --- %s ---\n", sec.heading)
		for _, s := range sec.settings {
			meaning := new(comment.Parser).Parse(strings.Join(s.programs(), ", ") + ": " + strings.ReplaceAll(s.meaning, "**", ""))
			fmt.Fprintf(&text, "\n%s#%s=%s\n", wrapped.Text(meaning), s.name, s.defaults()[0])
		}
	}
	return text.String()
}

// source returns the Go file from which the programs take the texts of their help.
func (r *reference) source(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("// Code generated by just generate-docs; DO NOT EDIT.\n\npackage config\n\n" +
		"// Sections returns the documentation of all settings.\nfunc Sections() []Section {\nreturn []Section{\n")
	for _, sec := range r.all {
		fmt.Fprintf(&text, "{\nHeading: %q,\nText: %q,\nSettings: []Setting{\n", sec.heading, sec.intro)
		for _, s := range sec.settings {
			fmt.Fprintf(&text, "{\nName: %q, Secret: %t,\nText: %q,\nUses: []Use{", s.name, strings.Contains(s.meaning, "**Secret"), s.meaning)
			for _, use := range s.uses {
				fmt.Fprintf(&text, "{%q, %q}, ", use.Program, use.Default)
			}
			text.WriteString("},\n},\n")
		}
		text.WriteString("},\n},\n")
	}
	text.WriteString("}\n}\n")
	formatted, err := format.Source([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return string(formatted)
}
