package kubernetes

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"nanomon/tests/support/servicetest"
)

// TestFoldersContainOnlyManifests decodes every file that `kubectl apply --recursive --filename deploy/kubernetes` reads.
// kubectl stops at a file that is not a manifest.
func TestFoldersContainOnlyManifests(t *testing.T) {
	err := filepath.WalkDir(filepath.Join(servicetest.Root(), "deploy", "kubernetes"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !slices.Contains([]string{".json", ".yaml", ".yml"}, filepath.Ext(path)) {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if _, err := Decode(path, text); err != nil {
			t.Errorf("kubectl can't apply it: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
