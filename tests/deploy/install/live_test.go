package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
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
mkdir -p var/lib
for path in etc usr/local/bin var/lib; do mount --bind "$path" "/$path"; done
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

// versions returns the content of two programs: an old version, and a new one that can back up and restore, changes the
// database to a format of its own and does not start. Both need a database of their own format.
func versions(t *testing.T, s target) (previous, next string) {
	t.Helper()
	binary, err := os.ReadFile(servicetest.Binary(t, "standalone"))
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "usr/local/bin/standalone", string(binary))
	if err := os.Chmod(filepath.Join(s.root, "usr/local/bin/standalone"), 0o755); err != nil {
		t.Fatal(err)
	}
	previous = `#!/bin/sh
[ "$(head -c 6 /var/lib/nanomon/nanomon.db)" = SQLite ]
`
	next = `#!/bin/sh
case $1 in backup | restore) exec /usr/local/bin/standalone "$@" ;; esac
echo "a new format" >/var/lib/nanomon/nanomon.db
exit 1
`
	return previous, next
}

// addDatabase puts a database into the system, as the service would have created it.
func (s target) addDatabase(t *testing.T) {
	t.Helper()
	folder := t.TempDir()
	service, _, _ := servicetest.Standalone(t, folder)
	if code := service.Stop(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	database, err := os.ReadFile(filepath.Join(folder, "nanomon.db"))
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, data+"/nanomon.db", string(database))
	s.giveData(t)
}

// giveData makes the user of the service the owner of its data.
func (s target) giveData(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(s.read(t, "etc/passwd")) {
		user := strings.Split(line, ":")
		if user[0] != "nanomon" {
			continue
		}
		if out, err := exec.Command("chown", "-R", user[2]+":"+user[3], filepath.Join(s.root, data)).CombinedOutput(); err != nil {
			t.Fatalf("chown: %s", out)
		}
	}
}

func TestFailedUpgradeRestoresDatabase(t *testing.T) {
	s := target{servicetest.SystemRoot(t)}
	previous, next := versions(t, s)
	s.mustRun(t, "", "--from", release(t, previous))
	s.addDatabase(t)
	output, code := s.runLive(t, "--from", release(t, next))
	if code != 1 || !strings.Contains(output, "the previous version was restored with the backup /"+data+"/backups/before-upgrade-") {
		t.Errorf("code %d: %s", code, output)
	}
	if got := s.read(t, program); got != previous {
		t.Errorf("the program is %q", got)
	}
	if got := s.read(t, data+"/nanomon.db"); !strings.HasPrefix(got, "SQLite") {
		t.Errorf("the database begins with %.20q", got)
	}
	kept, err := filepath.Glob(filepath.Join(s.root, data, "nanomon.db.2???-??-??T??-??-??"))
	if err != nil || len(kept) != 1 {
		t.Errorf("previous databases: %v, error %v", kept, err)
	}
	if missing := s.missing(program + ".new"); missing == nil {
		t.Error("the new program was left behind")
	}
}

func TestUpgradeKeepsThreeBackups(t *testing.T) {
	s := target{servicetest.SystemRoot(t)}
	previous, next := versions(t, s)
	s.mustRun(t, "", "--from", release(t, previous))
	s.addDatabase(t)
	next = strings.ReplaceAll(next, "echo \"a new format\" >/var/lib/nanomon/nanomon.db\nexit 1\n", "")
	old := []string{"2025-01-01T00-00-00", "2025-01-02T00-00-00", "2025-01-03T00-00-00"}
	for _, date := range old {
		s.write(t, data+"/backups/before-upgrade-"+date+".db", "")
	}
	s.giveData(t)
	if output, code := s.runLive(t, "--from", release(t, next)); code != 0 || !strings.Contains(output, "  backup:    /"+data+"/backups/before-upgrade-") {
		t.Errorf("code %d: %s", code, output)
	}
	backups, err := filepath.Glob(filepath.Join(s.root, data, "backups", "*"))
	if err != nil || len(backups) != 3 || !strings.Contains(backups[0], old[1]) {
		t.Errorf("backups: %v, error %v", backups, err)
	}
	if info, err := os.Stat(backups[len(backups)-1]); err != nil || info.Mode() != 0o600 || info.Size() == 0 {
		t.Errorf("the backup is %v, error %v", info, err)
	}
}

func TestUpgradeWithoutBackupChangesNothing(t *testing.T) {
	s := target{servicetest.SystemRoot(t)}
	previous, next := versions(t, s)
	s.mustRun(t, "", "--from", release(t, previous))
	s.write(t, data+"/nanomon.db", "SQLite? No.")
	s.giveData(t)
	output, code := s.runLive(t, "--from", release(t, next))
	if code != 1 || !strings.Contains(output, "can't back up the database") || !strings.Contains(output, "nothing was replaced") {
		t.Errorf("code %d: %s", code, output)
	}
	if got := s.read(t, program); got != previous {
		t.Errorf("the program is %q", got)
	}
}
