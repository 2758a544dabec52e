package servicetest

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// SystemRoot returns a folder that scripts/install.sh can use as the root of a system. The test is skipped unless it runs
// as root on Linux: the script creates a user, changes owners of files and installs a systemd service.
func SystemRoot(t testing.TB) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("scripts/install.sh needs root on Linux: it creates a user and installs a systemd service")
	}
	root := t.TempDir()
	// Other users, such as the service's, need access to the folder.
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
