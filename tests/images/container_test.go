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

	"nanomon/tests/servicetest"
)

// container is where an image runs as a container engine would run it with a read-only root: as the user of the image, who can gain no
// rights, with nothing to write to but the volumes that the image declares. Only the network is the machine's.
type container struct {
	image
	t       *testing.T
	volumes map[string]string
	// unshare says what the container doesn't share with this machine; prepare is a line of shell that is run in it first.
	unshare []string
	prepare string
}

// newContainer gives an image its volumes: like those that an engine makes, each has the owner of the image's folder.
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

// enter mounts a root at $1 and the volumes after it, which end with --, and runs the rest there as the user $0.
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

// command is the image's entry point with arguments, and settings on top of its own environment.
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

// checkHealth runs the image's health check as an engine does: in the container, with its settings.
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

// checkUnprivileged looks at a process in the container.
func checkUnprivileged(t *testing.T, s *servicetest.Service) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process))
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
