package architecture

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
)

// maxMethods is the maximum number of methods of a type.
const maxMethods = 25

// methodCounts returns the number of methods of each type in the services, by folder and name. Tests are not included.
func methodCounts(t *testing.T) map[string]int {
	t.Helper()
	counts := make(map[string]int)
	root := servicetest.Root()
	err := filepath.WalkDir(filepath.Join(root, "services"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		for _, receiver := range receivers(file) {
			counts[filepath.ToSlash(folder)+"."+receiver]++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// receivers returns the name of the receiver's type for each method in a file.
func receivers(file *ast.File) []string {
	var names []string
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Recv == nil {
			continue
		}
		kind := function.Recv.List[0].Type
		if pointer, ok := kind.(*ast.StarExpr); ok {
			kind = pointer.X
		}
		switch generic := kind.(type) {
		case *ast.IndexExpr:
			kind = generic.X
		case *ast.IndexListExpr:
			kind = generic.X
		}
		names = append(names, kind.(*ast.Ident).Name)
	}
	return names
}

// TestTypesAreSmall limits the number of methods of all types. The adapters implement the whole contract of the store.
func TestTypesAreSmall(t *testing.T) {
	large := []string{
		"services/common/store/sqlite.Store", "services/common/store/mongo.Store",
	}
	counts := methodCounts(t)
	for _, name := range large {
		if counts[name] <= maxMethods {
			t.Errorf("%s has %d methods: remove it from the list of large types", name, counts[name])
		}
	}
	for name, n := range counts {
		if n > maxMethods && !slices.Contains(large, name) {
			t.Errorf("%s has %d methods, at most %d are allowed", name, n, maxMethods)
		}
	}
}

// TestClusterKnowsNoDefinitionOfMonitors checks that the package cluster uses only the ids of monitors.
func TestClusterKnowsNoDefinitionOfMonitors(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(servicetest.Root(), "services/runner/cluster/*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if ok && selector.Sel.Name == "Monitor" {
				t.Errorf("%s uses the type Monitor", filepath.Base(name))
			}
			return true
		})
	}
}

// maxLines is the maximum length of a file that is not a test.
const maxLines = 300

func TestFilesAreShort(t *testing.T) {
	command := exec.Command("git", "ls-files", "*.go", "*.js", "*.mjs")
	command.Dir = servicetest.Root()
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(output))
	if len(names) < 100 {
		t.Errorf("git lists only %d files", len(names))
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || strings.Contains(name, ".test.") || strings.Contains(name, "/testdata/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(servicetest.Root(), name))
		if err != nil {
			t.Fatal(err)
		}
		generated := bytes.HasPrefix(text, []byte("// Code generated"))
		if lines := bytes.Count(text, []byte("\n")); lines > maxLines && !generated {
			t.Errorf("%s has %d lines, at most %d are allowed", name, lines, maxLines)
		}
	}
}
