package secret

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Reading a pipe would wait for its writer.
func TestPipeIsNoSecret(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mustSource(t, "file:"+pipe, nil).get("file:" + pipe); err == nil || err.Error() != "secret file:"+pipe+" is not a file" {
		t.Errorf("error %v", err)
	}
}
