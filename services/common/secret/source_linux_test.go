package secret

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Reading a named pipe would block until a process writes to it.
func TestNamedPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newSource(t, "file:"+pipe, nil).get("file:" + pipe); err == nil || err.Error() != "secret file:"+pipe+" is not a regular file" {
		t.Errorf("error %v", err)
	}
}
