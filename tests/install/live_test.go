package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nanomon/tests/servicetest"
)

// systemctl stands for systemd, which doesn't run in tests: a service can be restarted if its program ends well.
const systemctl = `#!/bin/sh
[ "$1" != restart ] || exec /usr/local/bin/nanomon
`

// runLive runs the script on a running system, whose folders are s's as long as it runs.
func (s target) runLive(t *testing.T, args ...string) (output string, code int) {
	t.Helper()
	s.write(t, "tools/systemctl", systemctl)
	if err := os.Chmod(filepath.Join(s.root, "tools/systemctl"), 0o755); err != nil {
		t.Fatal(err)
	}
	script := `
cd "$1" && shift
for path in etc usr/local/bin; do mount --bind "$path" "/$path"; done
mount -t tmpfs none /run && mkdir -p /run/systemd/system
exec "$@"`
	command := exec.Command("unshare", append([]string{"--mount", "/bin/sh", "-ec", script, "sh", s.root,
		filepath.Join(servicetest.Root(), "scripts", "install.sh")}, args...)...)
	command.Env = append(os.Environ(), "PATH="+filepath.Join(s.root, "tools")+":"+os.Getenv("PATH"))
	said, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	return string(said), command.ProcessState.ExitCode()
}

func TestAnUpgradeThatDoesNotStartIsTakenBack(t *testing.T) {
	const good, better, bad = "#!/bin/sh\n", "#!/bin/sh\nexit 0\n", "#!/bin/sh\nexit 1\n"
	s := target{servicetest.SystemRoot(t)}
	s.mustRun(t, "", "--from", release(t, good))
	for _, step := range []struct {
		binary string
		code   int
		says   string
		stays  string
	}{
		{bad, 1, "the one before is in place again, and runs", good},
		{better, 0, "NanoMon runs", better},
		{bad, 1, "the one before is in place again, and runs", better},
	} {
		if output, code := s.runLive(t, "--from", release(t, step.binary)); code != step.code || !strings.Contains(output, step.says) {
			t.Errorf("code %d: %s", code, output)
		}
		if got := s.read(t, program); got != step.stays {
			t.Errorf("the program is %q, not %q", got, step.stays)
		}
	}
	s.write(t, program, bad) // It ceased to start for another reason.
	if output, code := s.runLive(t, "--from", release(t, bad)); code != 1 || !strings.Contains(output, "mend /etc/nanomon/nanomon.env") {
		t.Errorf("code %d: %s", code, output)
	}
}
