package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/fulldisk"
	"nanomon/tests/support/servicetest"
)

func dataIn(folder string) map[string]string { return map[string]string{"DATA_DIR": folder} }

// mustRunProgram runs standalone on the data in folder and returns its output.
func mustRunProgram(t *testing.T, folder string, arguments ...string) string {
	t.Helper()
	code, stdout, stderr := runProgram(t, "standalone", dataIn(folder), arguments...)
	if code != 0 || stderr != "" {
		t.Fatalf("standalone %v: code %d, output %q %q", arguments, code, stdout, stderr)
	}
	return stdout
}

// fails expects a command to fail and to print one line that contains want.
func fails(t *testing.T, settings map[string]string, code int, want string, arguments ...string) {
	t.Helper()
	got, _, stderr := runProgram(t, "standalone", settings, arguments...)
	if got != code || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
		t.Errorf("standalone %v: code %d, output %q; want code %d and %q", arguments, got, stderr, code, want)
	}
}

// rowsIn returns the number after a word in the description of a database.
func rowsIn(t *testing.T, output, word string) int {
	t.Helper()
	found := regexp.MustCompile(word + `: (\d+)`).FindStringSubmatch(output)
	if found == nil {
		t.Fatalf("no number of %s in %q", word, output)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestBackupOfBusyInstallation backs up an installation that stores a thousand results per second, adds a monitor, and
// restores the backup.
func TestBackupOfBusyInstallation(t *testing.T) {
	folder, file := t.TempDir(), filepath.Join(t.TempDir(), "backup.db")
	service, api, _ := servicetest.Standalone(t, folder)
	target := servicetest.NewTarget(t)
	const monitors = 1000
	target.ImportMonitors(t, api, monitors, "1s")
	first := servicetest.Get[[]monitor.Monitor](t, api+"/monitors")[0]
	servicetest.Eventually(t, "two results", func() bool { return len(servicetest.Results(t, api, first.ID)) >= 2 })
	before := servicetest.Results(t, api, first.ID)
	page := map[string]any{"slug": "shop", "title": "Shop", "sections": []any{}}
	if status, text := servicetest.Call(t, http.MethodPost, api+"/status-pages", page); status != http.StatusOK {
		t.Fatalf("creating a status page: %d %s", status, text)
	}

	output := mustRunProgram(t, folder, "backup", file)
	t.Log(output)
	if rowsIn(t, output, "monitors") != monitors || rowsIn(t, output, "status pages") != 1 || rowsIn(t, output, "results") < len(before) {
		t.Errorf("output %q, want %d monitors, a status page and at least %d results", output, monitors, len(before))
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the backup is %v, error %v", info, err)
	}
	fails(t, dataIn(folder), 1, "exists and was not changed", "backup", file)
	fails(t, dataIn(folder), 1, "another NanoMon process uses this file", "restore", "--yes", file)
	servicetest.Create(t, api, newMonitor("after the backup", "tcp", "127.0.0.1:1", nil, ""))
	if code := service.Stop(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}

	fails(t, dataIn(folder), 1, "use the option --yes (nothing was changed)", "restore", file)
	output = mustRunProgram(t, folder, "restore", file, "--yes")
	if !strings.Contains(output, "kept the previous database as "+filepath.Join(folder, "nanomon.db.20")) {
		t.Errorf("output %q", output)
	}
	_, api, _ = servicetest.Standalone(t, folder)
	if got := servicetest.Get[[]monitor.Monitor](t, api+"/monitors"); len(got) != monitors {
		t.Errorf("%d monitors after the restore, want %d", len(got), monitors)
	}
	if got := servicetest.Get[[]map[string]any](t, api+"/status-pages"); len(got) != 1 || got[0]["slug"] != "shop" {
		t.Errorf("the status pages are %v after the restore, want one", got)
	}
	restored := servicetest.Results(t, api, first.ID)
	for _, result := range before {
		if !slices.ContainsFunc(restored, func(r monitor.Result) bool { return r.ID == result.ID }) {
			t.Errorf("result %s is missing after the restore", result.ID)
		}
	}
}

// installation returns a stopped installation with a number of monitors.
func installation(t *testing.T, monitors int) (folder string) {
	t.Helper()
	folder = t.TempDir()
	service, api, _ := servicetest.Standalone(t, folder)
	for i := range monitors {
		m := newMonitor(fmt.Sprint(i), "tcp", "127.0.0.1:1", nil, "")
		m.Enabled = false
		servicetest.Create(t, api, m)
	}
	if code := service.Stop(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	return folder
}

// runAndKill runs standalone and kills it after a delay. It reports whether the program had ended before.
func runAndKill(t *testing.T, folder string, delay time.Duration, arguments ...string) (ended bool) {
	t.Helper()
	command := servicetest.Command(t, "standalone", dataIn(folder))
	command.Args = append(command.Args, arguments...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(delay, func() { _ = command.Process.Kill() })
	defer kill.Stop()
	return command.Wait() == nil
}

// killStep returns a small part of the time that a run of standalone takes. A run that is killed one step later each
// time is killed at about as many moments on a slow machine as on a fast one.
func killStep(t *testing.T, folder string, arguments ...string) time.Duration {
	t.Helper()
	began := time.Now()
	mustRunProgram(t, folder, arguments...)
	return time.Since(began) / 25
}

// TestKilledRestore kills restores at many moments. Each time the database must be the previous or the restored one.
func TestKilledRestore(t *testing.T) {
	t.Parallel()
	folder, file := installation(t, 1), filepath.Join(t.TempDir(), "backup.db")
	mustRunProgram(t, installation(t, 2), "backup", file)
	step := killStep(t, t.TempDir(), "restore", "--yes", file)
	for delay, restored, ended := step, false, false; !ended; delay += step {
		ended = runAndKill(t, folder, delay, "restore", "--yes", file)
		got := rowsIn(t, mustRunProgram(t, folder, "backup", filepath.Join(t.TempDir(), "check.db")), "monitors")
		if got != 2 && (got != 1 || ended || restored) {
			t.Fatalf("killed after %s (ended: %v): %d monitors", delay, ended, got)
		}
		restored = got == 2
	}
}

// TestKilledBackup kills backups at many moments. No incomplete file may have the final name.
func TestKilledBackup(t *testing.T) {
	t.Parallel()
	folder := installation(t, 3)
	step := killStep(t, folder, "backup", filepath.Join(t.TempDir(), "first.db"))
	for delay, ended := step, false; !ended; delay += step {
		file := filepath.Join(t.TempDir(), "backup.db")
		ended = runAndKill(t, folder, delay, "backup", file)
		if _, err := os.Stat(file); err != nil {
			continue
		}
		target := t.TempDir()
		if got := rowsIn(t, mustRunProgram(t, target, "restore", "--yes", file), "monitors"); got != 3 {
			t.Fatalf("killed after %s: %d monitors in the backup", delay, got)
		}
	}
}

func TestBackupAndRestoreErrors(t *testing.T) {
	t.Parallel()
	folder, file := installation(t, 1), filepath.Join(t.TempDir(), "backup.db")
	// Other settings may be wrong.
	settings := servicetest.With(dataIn(folder), "API_PORT", "x")
	if code, _, stderr := runProgram(t, "standalone", settings, "backup", file); code != 0 {
		t.Fatalf("code %d, output %q", code, stderr)
	}
	fails(t, dataIn(t.TempDir()), 1, "set DATA_DIR to the folder of nanomon.db", "backup", file)
	fails(t, settings, 2, `needs the path of one file: run "standalone backup --help"`, "backup")
	fails(t, settings, 2, `needs the path of one file`, "restore", file, file)
	fails(t, settings, 2, `unknown option "--force"`, "restore", "--force", file)
	fails(t, settings, 2, `unknown option "--yes"`, "backup", "--yes", file)
	for _, name := range []string{"backup", "restore"} {
		output := mustRunProgram(t, folder, name, "--help")
		checkPlainText(t, output)
		if !strings.HasPrefix(output, "Usage: standalone "+name) {
			t.Errorf("the help is %q", output)
		}
	}
}

func TestBackupToFullDisk(t *testing.T) {
	t.Parallel()
	disk := fulldisk.Mount(t)
	disk.Fill(t)
	fails(t, dataIn(installation(t, 1)), 1, "free disk space", "backup", filepath.Join(disk.Dir, "backup.db"))
	disk.Empty(t)
	if entries, err := os.ReadDir(disk.Dir); err != nil || len(entries) > 0 {
		t.Errorf("files left behind: %v, error %v", entries, err)
	}
}
