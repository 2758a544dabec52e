package sqlite

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"nanomon/services/common/monitor"
)

// TestOpenTwiceByOtherPaths opens a file that is open already, by other paths that lead to it.
func TestOpenTwiceByOtherPaths(t *testing.T) {
	for name, c := range map[string]struct {
		linuxOnly bool
		// other returns another path of the file, or the same one after a change that hides the lock file.
		other func(t *testing.T, path string) string
	}{
		"symbolic link to the file": {false, func(t *testing.T, path string) string {
			link := filepath.Join(t.TempDir(), "link.db")
			return must(t, link, os.Symlink(path, link))
		}},
		"symbolic link to the folder": {false, func(t *testing.T, path string) string {
			link := filepath.Join(t.TempDir(), "data")
			return must(t, filepath.Join(link, filepath.Base(path)), os.Symlink(filepath.Dir(path), link))
		}},
		"hard link": {true, func(t *testing.T, path string) string {
			link := path + ".link"
			return must(t, link, os.Link(path, link))
		}},
		"removed lock file": {true, func(t *testing.T, path string) string {
			return must(t, path, os.Remove(path+lockSuffix))
		}},
		"bind mount of the file": {true, bindMount},
	} {
		t.Run(name, func(t *testing.T) {
			if c.linuxOnly && runtime.GOOS != "linux" {
				t.Skip("only Linux has locks that belong to an open file")
			}
			path := filepath.Join(t.TempDir(), "nanomon.db")
			first := openAt(t, path)
			other := c.other(t, path)
			if second, err := Open(t.Context(), Config{Path: other}); !errors.Is(err, errInUse) {
				t.Errorf("error %v, want %v", err, errInUse)
				if err == nil {
					must(t, "", second.Close())
				}
			}
			if err := first.CreateMonitor(t.Context(), monitor.Monitor{ID: monitor.NewID(start)}); err != nil {
				t.Fatal("the first store fails after the second Open:", err)
			}
			must(t, "", first.Close())
			openAt(t, other)
		})
	}
}

func bindMount(t *testing.T, path string) string {
	if os.Getuid() != 0 {
		t.Skip("a mount needs root")
	}
	mounted := writeFile(t, filepath.Join(t.TempDir(), "mounted.db"), nil)
	if out, err := exec.Command("mount", "--bind", path, mounted).CombinedOutput(); err != nil {
		t.Skipf("can't mount: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", mounted).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	return mounted
}

// must fails the test if err is an error, else it returns the path.
func must(t *testing.T, path string, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
