package frontend

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPackedFilesAreCurrent fails if somebody has changed the page since the last `just build`: then the other tests
// would test the page from before.
func TestPackedFilesAreCurrent(t *testing.T) {
	app, files := os.DirFS("app"), App()
	for _, folder := range []fs.FS{app, files} {
		err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasPrefix(name, ".") || name == "hashes.json" || strings.HasSuffix(name, ".d.ts") {
				return err
			}
			want, err := fs.ReadFile(app, name)
			if err != nil {
				return err
			}
			if got, err := files.ReadFile(name); err != nil || !bytes.Equal(got, want) {
				t.Errorf("packed/%s is not %s (%v): run just build", name, filepath.Join("app", name), err)
			}
			if got, want := files.Hash(name), fmt.Sprintf("%x", sha256.Sum256(want)); got != want {
				t.Errorf("%s has the hash %s, want %s: run just build", name, got, want)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%v: run just build", err)
		}
	}
}
