package images

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"nanomon/tests/support/servicetest"
)

// container runs an image like a container engine with a read-only root: as the user of the image, without new
// privileges, and with write access only to the volumes of the image. It shares the network of this machine unless
// unshare changes that.
type container struct {
	image
	t       *testing.T
	volumes map[string]string
	// unshare contains the options of unshare; prepare is a shell command that runs before the program.
	unshare []string
	prepare string
}

// newContainer creates a container with the volumes of the image. Like an engine, it sets the owner of each volume to
// that of the folder.
func newContainer(t *testing.T, i image) *container {
	t.Helper()
	c := &container{image: i, t: t, volumes: map[string]string{}, unshare: []string{"--mount"}}
	for path := range i.Config.Volumes {
		info, err := os.Stat(filepath.Join(i.root, path))
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(t.TempDir(), "volume")
		if err := os.Mkdir(folder, info.Mode()); err != nil {
			t.Fatal(err)
		}
		owner := info.Sys().(*syscall.Stat_t)
		if err := os.Chown(folder, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
		c.volumes[path] = folder
	}
	return c
}

// enter is a shell script: user as $0, root as $1, pairs of volume path and folder, "--", and the command. It mounts
// the root read-only with the volumes and runs the command as the user.
const enter = `
root=$1 user=$0
shift
mount --bind "$root" "$root"
mount --options remount,bind,ro "$root"
while [ "$1" != -- ]; do
  mount --bind "$2" "$root$1"
  shift 2
done
shift
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"`

// command returns the entry point of the image with arguments, and with settings in addition to its environment.
func (c *container) command(settings map[string]string, arguments ...string) *exec.Cmd {
	c.t.Helper()
	command := exec.Command("unshare", append(c.unshare, "sh", "-ec", c.prepare+enter, c.Config.User, c.root)...)
	for path, folder := range c.volumes {
		command.Args = append(command.Args, path, folder)
	}
	command.Args = append(append(append(command.Args, "--"), c.Config.Entrypoint...), arguments...)
	command.Env = c.Config.Env
	for name, value := range settings {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

func (c *container) start(settings map[string]string) *servicetest.Service {
	c.t.Helper()
	return servicetest.StartCommand(c.t, c.command(settings))
}

// checkHealth runs the health check of the image in the container until it succeeds.
func (c *container) checkHealth(settings map[string]string) {
	c.t.Helper()
	check := c.Config.Healthcheck.Test
	if len(check) != 3 || check[0] != "CMD" || check[1] != c.Config.Entrypoint[0] {
		c.t.Fatalf("the health check is %q", check)
	}
	servicetest.Eventually(c.t, "health", func() bool {
		text, err := c.command(settings, check[2:]...).CombinedOutput()
		return err == nil && string(text) == "it works\n"
	})
}

// checkUnprivileged checks that a process has no privileges.
func checkUnprivileged(t *testing.T, s *servicetest.Service) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID))
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for line := range bytes.Lines(status) {
		name, value, _ := strings.Cut(string(line), ":")
		lines[name] = strings.Join(strings.Fields(value), " ")
	}
	for name, want := range map[string]string{
		"Uid": "65532 65532 65532 65532", "Gid": "65532 65532 65532 65532", "Groups": "", "NoNewPrivs": "1",
		"CapEff": "0000000000000000", "CapPrm": "0000000000000000", "CapInh": "0000000000000000",
	} {
		if lines[name] != want {
			t.Errorf("%s is %q", name, lines[name])
		}
	}
}
