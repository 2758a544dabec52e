package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
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
		if generic, ok := kind.(*ast.IndexExpr); ok {
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
