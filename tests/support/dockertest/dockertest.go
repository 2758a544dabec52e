// Package dockertest runs the tests of a package with a Docker engine of their own. The engine and the tests have their
// own network, mounts and processes, which the kernel removes when the tests end, even if they are killed. So nothing
// of this machine changes, several engines can run at the same time, and each has all ports.
package dockertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// cgroupVariable contains the name of the cgroup of all containers. It is set only inside the namespaces.
const cgroupVariable = "NANOMON_DOCKER_CGROUP"

// Cgroup returns the name of the cgroup of all containers, which is removed after the tests.
func Cgroup() string { return os.Getenv(cgroupVariable) }

// Run runs the tests of a package and returns the exit code. TestMain calls it: once on this machine, and once more in
// the namespaces.
func Run(m *testing.M) int {
	run := outside
	if os.Getenv(cgroupVariable) != "" {
		run = func() (int, error) { return inside(m) }
	}
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dockertest:", err)
		return 1
	}
	return code
}

// outside prepares what needs the network and runs this program again in its namespaces.
func outside() (code int, err error) {
	if os.Getuid() != 0 {
		return 1, errors.New(`the tests with Docker require root: sudo env "PATH=$PATH" "HOME=$HOME" ./scripts/just RECIPE`)
	}
	if err := fillBuildCache(); err != nil {
		return 1, err
	}
	compose, err := output("scripts/build-test-program.sh", "compose")
	if err != nil {
		return 1, err
	}
	return isolate(cgroupVariable+"="+cgroupPrefix+strconv.Itoa(os.Getpid()), composeVariable+"="+compose)
}

// isolate runs this program in its own namespaces, with additional variables, and returns its exit code.
func isolate(variables ...string) (code int, err error) {
	program, err := os.Executable()
	if err != nil {
		return 1, err
	}
	command := exec.Command(program, os.Args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), variables...)
	// The kernel kills the first process of the namespaces together with this thread, and the others with the first.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL,
	}
	removeCgroups()
	err = command.Run()
	removeCgroups()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

// cgroupPrefix is followed by the id of the process that created the cgroup.
const cgroupPrefix = "nanomon-docker-"

// removeCgroups removes the empty cgroups of this process, and of processes that were killed.
func removeCgroups() {
	var all []string
	for _, pattern := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} {
		found, _ := filepath.Glob(pattern + cgroupPrefix + "*")
		all = append(all, found...)
	}
	for _, folder := range all {
		owner := strings.TrimPrefix(filepath.Base(folder), cgroupPrefix)
		if _, err := os.Stat("/proc/" + owner); err == nil && owner != strconv.Itoa(os.Getpid()) {
			continue
		}
		removeTree(folder)
	}
}

// removeTree removes a folder of which the files can't be removed, and the folders in it.
func removeTree(folder string) {
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		if entry.IsDir() {
			removeTree(filepath.Join(folder, entry.Name()))
		}
	}
	_ = os.Remove(folder)
}

// inside starts the engine and runs the tests. The engine is killed when this process ends.
func inside(m *testing.M) (code int, err error) {
	if err := mountFolders(); err != nil {
		return 1, err
	}
	if _, err := output("ip", "link", "set", "lo", "up"); err != nil {
		return 1, err
	}
	if err := startEngine(); err != nil {
		return 1, err
	}
	if err := importBaseImages(); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// mountFolders mounts what shows the processes of these namespaces, and a folder for all files of the engine. It hides
// what programs write elsewhere.
func mountFolders() error {
	for _, mount := range []struct {
		source, target, kind string
		flags                uintptr
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE},
		{"proc", "/proc", "proc", 0},
		{"tmpfs", "/run", "tmpfs", 0},
	} {
		if err := unix.Mount(mount.source, mount.target, mount.kind, mount.flags, ""); err != nil {
			return fmt.Errorf("mount %s: %w", mount.target, err)
		}
	}
	return errors.Join(hide("etc"), hide("opt"), hide("var"))
}

// hide keeps what is written to a folder in memory.
func hide(folder string) error {
	upper, work := "/run/"+folder, "/run/work-"+folder
	if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
		return err
	}
	layers := "lowerdir=/" + folder + ",upperdir=" + upper + ",workdir=" + work
	if err := unix.Mount("overlay", "/"+folder, "overlay", 0, layers); err != nil {
		return fmt.Errorf("hide /%s: %w", folder, err)
	}
	return nil
}
