//go:build linux || darwin

package sqlite

import "golang.org/x/sys/unix"

// diskSpace returns the free space for this user and the size of the disk with a folder, in bytes.
func diskSpace(folder string) (free, size uint64, err error) {
	var disk unix.Statfs_t
	if err := unix.Statfs(folder, &disk); err != nil {
		return 0, 0, err
	}
	return disk.Bavail * uint64(disk.Bsize), disk.Blocks * uint64(disk.Bsize), nil
}
