package servicetest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// SystemRoot is a folder that scripts/install.sh may take for the root of a system. The script makes a user, changes the owners of
// files and installs a service of systemd, which only root on Linux may: a test is skipped where it isn't that.
func SystemRoot(t testing.TB) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("only root on Linux may do what scripts/install.sh does: make a user and install a service of systemd")
	}
	root := t.TempDir()
	// Other users, such as the service's, must get in.
	if err := os.Chmod(filepath.Dir(root), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"passwd": "root:x:0:0:root:/root:/bin/sh\n", "group": "root:x:0:\n"} {
		if err := os.WriteFile(filepath.Join(root, "etc", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
