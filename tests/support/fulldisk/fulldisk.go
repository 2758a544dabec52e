// Package fulldisk provides a real file system that a test can fill.
package fulldisk

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Disk is a small file system in memory.
type Disk struct {
	// Dir is its root folder.
	Dir string
}

// Mount returns a file system of 12 MiB, which is unmounted when the test ends. It skips the test if this process may
// not mount file systems.
func Mount(t testing.TB) Disk {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a file system of a limited size")
	}
	dir := t.TempDir()
	if output, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=12m", "nanomon-test", dir).CombinedOutput(); err != nil {
		t.Skipf("can't mount a file system of a limited size: %v: %s", err, output)
	}
	t.Cleanup(func() {
		if output, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, output)
		}
	})
	return Disk{dir}
}

func (d Disk) ballast() string { return filepath.Join(d.Dir, "ballast") }

// Fill uses up the remaining space.
func (d Disk) Fill(t testing.TB) {
	t.Helper()
	f, err := os.Create(d.ballast())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("error %v, want %v", err, syscall.ENOSPC)
	}
}

// Empty gives back the space that Fill used up.
func (d Disk) Empty(t testing.TB) {
	t.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		t.Fatal(err)
	}
}

// zeros is an endless stream of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
