//go:build unix

package sqlite

import (
	"fmt"
	"os"
	"syscall"
)

// inheritOwner gives files the owner of another file if this process runs as root. Otherwise a service that runs as
// another user could not use them.
func inheritOwner(from string, files ...string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known || os.Geteuid() != 0 {
		return nil
	}
	for _, file := range files {
		if err := os.Lchown(file, int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("can't change the owner: %w", err)
		}
	}
	return nil
}
