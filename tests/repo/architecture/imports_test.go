// Package architecture tests that imports follow the directions in docs/architecture.md.
package architecture

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
)

// testSupport are packages that only tests import.
var testSupport = []string{
	"nanomon/services/common/store/storetest", "nanomon/services/runner/alerting/alertingtest",
}

// dependencies returns the direct and indirect imports of each NanoMon package that matches the pattern or that a match
// imports.
func dependencies(t *testing.T, pattern string) map[string][]string {
	t.Helper()
	command := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}}:{{join .Deps ","}}`, pattern)
	command.Dir = servicetest.Root()
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]string)
	for line := range strings.Lines(string(output)) {
		path, deps, _ := strings.Cut(strings.TrimSpace(line), ":")
		if strings.HasPrefix(path, "nanomon/") {
			found[path] = strings.Split(deps, ",")
		}
	}
	return found
}

func TestImportsFollowDirections(t *testing.T) {
	all := dependencies(t, "./services/...")
	for _, rule := range []struct {
		from, forbidden string
	}{
		{"nanomon/services/common/", "nanomon/services/api"},
		{"nanomon/services/common/", "nanomon/services/runner"},
		{"nanomon/services/common/", "nanomon/services/frontend"},
		{"nanomon/services/common/probe", "nanomon/services/common/store"},
		{"nanomon/services/common/rule", "nanomon/services/common/store"},
		{"nanomon/services/common/secret", "nanomon/services/common/probe"},
		{"nanomon/services/runner/alerting/incident", "nanomon/services/common/probe"},
		{"nanomon/services/runner/alerting/notify", "nanomon/services/common/probe"},
		{"nanomon/services/api", "nanomon/services/runner"},
		{"nanomon/services/api", "nanomon/services/frontend"},
		{"nanomon/services/runner", "nanomon/services/api"},
		{"nanomon/services/runner", "nanomon/services/frontend"},
		{"nanomon/services/frontend", "nanomon/services/api"},
		{"nanomon/services/frontend", "nanomon/services/runner"},
		{"nanomon/services/api/server", "nanomon/services/common/store/"},
		{"nanomon/services/runner/engine", "nanomon/services/common/store/"},
		{"nanomon/services/runner/engine", "github.com/prometheus/client_golang"},
		{"nanomon/services/runner/alerting/incident", "nanomon/services/runner/alerting/channel"},
		{"nanomon/services/runner/alerting/incident", "nanomon/services/runner/alerting/notify"},
		{"nanomon/services/runner/alerting/notify", "nanomon/services/runner/alerting/channel"},
		{"nanomon/services/runner/alerting/notify", "nanomon/services/runner/alerting/incident"},
		{"nanomon/services/runner/alerting/channel", "nanomon/services/runner/alerting/incident"},
		{"nanomon/services/common/store/sqlite", "go.mongodb.org/"},
		{"nanomon/services/common/store/mongo", "modernc.org/"},
		{"nanomon/services/standalone", "go.mongodb.org/"},
		{"nanomon/services/", "testing"},
	} {
		matched := false
		for path, deps := range all {
			if !strings.HasPrefix(path, rule.from) || slices.Contains(testSupport, path) {
				continue
			}
			matched = true
			if i := slices.IndexFunc(deps, func(dep string) bool { return strings.HasPrefix(dep, rule.forbidden) }); i >= 0 {
				t.Errorf("%s depends on %s", path, deps[i])
			}
		}
		if !matched {
			t.Errorf("no package matches %s", rule.from)
		}
	}
}

// TestRoomsHaveNoForeignImports checks direct imports only: what a package imports may need more.
func TestRoomsHaveNoForeignImports(t *testing.T) {
	for _, rule := range []struct{ from, needed, forbidden string }{
		{"alerting/channel", "nanomon/services/runner/alerting/notify", "nanomon/services/common/store"},
		{"engine", "nanomon/services/runner/results", "nanomon/services/runner/results/spool"},
		{"cluster", "nanomon/services/common/store", "nanomon/services/common/probe"},
		{"cluster", "nanomon/services/common/store", "nanomon/services/common/check"},
		{"results", "nanomon/services/runner/results/spool", "nanomon/services/common/probe"},
		{"housekeeping", "nanomon/services/common/rollup", "nanomon/services/common/probe"},
	} {
		imports := importsOf(t, rule.from)
		if !slices.Contains(imports, rule.needed) {
			t.Errorf("package %s imports only %q", rule.from, imports)
		}
		for _, path := range imports {
			if path == rule.forbidden || strings.HasPrefix(path, rule.forbidden+"/") {
				t.Errorf("package %s imports %s", rule.from, path)
			}
		}
	}
}

// importsOf returns the direct imports of a package of the runner.
func importsOf(t *testing.T, name string) []string {
	t.Helper()
	command := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, "./services/runner/"+name)
	command.Dir = servicetest.Root()
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(output))
}

func TestPackageMonitorImportsOnlyStandardLibrary(t *testing.T) {
	for _, dep := range dependencies(t, "./services/common/monitor")["nanomon/services/common/monitor"] {
		if first, _, _ := strings.Cut(dep, "/"); strings.Contains(first, ".") || first == "nanomon" {
			t.Errorf("package monitor depends on %s", dep)
		}
	}
}

func TestDocumentNamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(servicetest.Root(), "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, below, _ := strings.Cut(string(text), "\n## Code\n")
	tree := strings.Split(below, "```")[1]
	for name := range dependencies(t, "./services/...") {
		if inServices := strings.HasPrefix(name, "nanomon/services/"); inServices && !strings.Contains(tree, path.Base(name)+"/") {
			t.Errorf("docs/architecture.md, Code: %s is missing", name)
		}
	}
}
