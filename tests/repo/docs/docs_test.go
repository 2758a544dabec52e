// Package docs checks the documents: the parts between <!-- generated: … --> and <!-- end --> are generated from the code
// and up to date, and everything that a document refers to exists.
package docs

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/probe"
	"nanomon/tests/support/servicetest"
)

var update = flag.Bool("update", false, "write the generated parts instead of comparing them")

// generated matches a generated part of a document: the generator's name, its arguments, and the generated text.
var generated = regexp.MustCompile(`(?s)(<!-- generated: (\S+)([^>]*?) -->\n).*?(<!-- end -->)`)

func TestGeneratedPartsAreCurrent(t *testing.T) {
	settings := readSettings(t)
	generators := map[string]func(t *testing.T, names []string) string{
		"all-settings":  settings.sections,
		"settings":      settings.table,
		"monitor-types": monitorTypes,
		"recipes":       recipeTable,
		"chart-values":  chartTables,
	}
	used := make(map[string]bool)
	for _, path := range documents(t) {
		text := read(t, path)
		if strings.Count(text, "<!-- generated:") != len(generated.FindAllString(text, -1)) {
			t.Errorf("%s: a generated part has no end marker", path)
		}
		checkCurrent(t, path, generated.ReplaceAllStringFunc(text, func(part string) string {
			found := generated.FindStringSubmatch(part)
			generate, ok := generators[found[2]]
			if !ok {
				t.Errorf("%s: unknown generator %q", path, found[2])
				return part
			}
			used[found[2]] = true
			return found[1] + generate(t, strings.Fields(found[3])) + found[4]
		}))
	}
	for name := range generators {
		if !used[name] {
			t.Errorf("no document uses the generator %s", name)
		}
	}
	checkCurrent(t, "api/typespec/registry.tsp", typeSpec(t, probe.All(probe.Guard{})))
	checkCurrent(t, ".env.sample", settings.sample())
	checkCurrent(t, "services/common/config/sections.go", settings.source(t))
}

// checkCurrent compares a file with its generated content or, with -update, writes it.
func checkCurrent(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.Join(servicetest.Root(), path), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(read(t, path), want); diff != "" {
		t.Errorf("%s is out of date, run: just generate-docs\n%s", path, diff)
	}
}

// documents returns the paths of all Markdown files, relative to the root of the repository.
func documents(t *testing.T) []string {
	t.Helper()
	var paths []string
	root := os.DirFS(servicetest.Root())
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && slices.Contains([]string{".git", ".tools", "data", "node_modules"}, entry.Name()) {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(servicetest.Root(), path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// cell escapes text for a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// code formats text as code; an empty text stays empty.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}
