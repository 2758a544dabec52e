package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"nanomon/tests/support/servicetest"
)

// ValidDocuments returns the valid documents of the tests: one of each kind that is checked.
func ValidDocuments() ([]string, error) {
	text, err := os.ReadFile(filepath.Join(servicetest.Root(), "tests", "deploy", "kubernetes", "testdata", "valid.yaml"))
	return strings.SplitAfter(string(text), "---\n"), err
}

// Break replaces the first old with new in the valid document of that kind and name, and returns the index of the document.
// It returns an error if there is nothing to replace.
func Break(documents []string, kind, name, old, new string) (int, error) {
	for i, document := range documents {
		if !strings.Contains(document, "kind: "+kind+"\nmetadata:\n  name: "+name+"\n") {
			continue
		}
		changed := strings.Replace(document, old, new, 1)
		if changed == document {
			return 0, fmt.Errorf("%s/%s has no %q", kind, name, old)
		}
		documents[i] = changed
		return i, nil
	}
	return 0, fmt.Errorf("no document %s/%s", kind, name)
}
