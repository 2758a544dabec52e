package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nanomon/tests/servicetest"
)

// systemctl replaces the real one, because systemd doesn't run in tests: a restart succeeds if the program exits with
// 0.
const systemctl = `#!/bin/sh
[ "$1" != restart ] || exec /usr/local/bin/nanomon
`

// runLive runs the script as on a running system, in a mount namespace in which the folders of s replace the real ones.
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
	combined, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	return string(combined), command.ProcessState.ExitCode()
}

func TestFailedUpgradeRestoresPreviousVersion(t *testing.T) {
	const first, second, broken = "#!/bin/sh\n", "#!/bin/sh\nexit 0\n", "#!/bin/sh\nexit 1\n"
	s := target{servicetest.SystemRoot(t)}
	s.mustRun(t, "", "--from", release(t, first))
	for _, step := range []struct {
		binary string
		code   int
		output string
		want   string
	}{
		{broken, 1, "the previous version was restored and is running", first},
		{second, 0, "NanoMon is running", second},
		{broken, 1, "the previous version was restored and is running", second},
	} {
		if output, code := s.runLive(t, "--from", release(t, step.binary)); code != step.code || !strings.Contains(output, step.output) {
			t.Errorf("code %d: %s", code, output)
		}
		if got := s.read(t, program); got != step.want {
			t.Errorf("the program is %q, want %q", got, step.want)
		}
	}
	s.write(t, program, broken) // The current version does not start either.
	if output, code := s.runLive(t, "--from", release(t, broken)); code != 1 || !strings.Contains(output, "fix /etc/nanomon/nanomon.env") {
		t.Errorf("code %d: %s", code, output)
	}
}
