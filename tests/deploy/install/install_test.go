// Package install tests scripts/install.sh on a system in a temporary folder, and runs the service as its unit
// describes.
package install

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
)

const (
	program  = "usr/local/bin/nanomon"
	settings = "etc/nanomon/nanomon.env"
	unitFile = "etc/systemd/system/nanomon.service"
	data     = "var/lib/nanomon"
)

// target is the system on which scripts/install.sh runs.
type target struct{ root string }

// run runs the script with input on stdin, and returns its output and exit code.
func (s target) run(t *testing.T, input string, args ...string) (output string, code int) {
	t.Helper()
	command := exec.Command(filepath.Join(servicetest.Root(), "scripts", "install.sh"), append(args, "--root", s.root)...)
	command.Stdin = strings.NewReader(input)
	combined, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	return string(combined), command.ProcessState.ExitCode()
}

func (s target) mustRun(t *testing.T, input string, args ...string) string {
	t.Helper()
	output, code := s.run(t, input, args...)
	if code != 0 {
		t.Fatalf("install.sh %s: code %d: %s", strings.Join(args, " "), code, output)
	}
	return output
}

func (s target) read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(s.root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (s target) write(t *testing.T, path, content string) {
	t.Helper()
	path = filepath.Join(s.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
}

// missing returns the paths that don't exist.
func (s target) missing(paths ...string) []string {
	var missing []string
	for _, path := range paths {
		if _, err := os.Lstat(filepath.Join(s.root, path)); err != nil {
			missing = append(missing, path)
		}
	}
	return missing
}

// files returns the paths of all files, without the backup files of the user management tools.
func (s target) files(t *testing.T) string {
	t.Helper()
	var paths []string
	err := fs.WalkDir(os.DirFS(s.root), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.HasSuffix(path, "-") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(paths, " ")
}

// release creates a folder with a release for this machine, whose binary has the content.
func release(t *testing.T, content string) string {
	t.Helper()
	folder := t.TempDir()
	name := "nanomon_1.2.3_linux_" + runtime.GOARCH
	inside := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(inside, "standalone"), []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	archive := name + ".tar.gz"
	if out, err := exec.Command("tar", "-C", filepath.Dir(inside), "-czf", filepath.Join(folder, archive), name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	packed, err := os.ReadFile(filepath.Join(folder, archive))
	if err != nil {
		t.Fatal(err)
	}
	writeSums(t, folder, packed, archive, "nanomon_1.2.3_linux_other.tar.gz")
	return folder
}

// writeSums writes a SHA256SUMS file in which each name has the checksum of the content.
func writeSums(t *testing.T, folder string, content []byte, names ...string) {
	t.Helper()
	var sums bytes.Buffer
	for _, name := range names {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), name)
	}
	if err := os.WriteFile(filepath.Join(folder, "SHA256SUMS"), sums.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestInstallFromURL(t *testing.T) {
	s := target{servicetest.SystemRoot(t)}
	server := httptest.NewServer(http.FileServer(http.Dir(release(t, "one"))))
	defer server.Close()
	s.mustRun(t, "", "--from", server.URL+"/")
	if got := s.read(t, program); got != "one" {
		t.Errorf("the program is %q", got)
	}
	for path, want := range map[string]fs.FileMode{program: 0o755, unitFile: 0o644, settings: 0o640} {
		if info, err := os.Stat(filepath.Join(s.root, path)); err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
		}
	}
	enabled := "etc/systemd/system/multi-user.target.wants/nanomon.service"
	if missing := s.missing(enabled); missing != nil {
		t.Errorf("missing files: %s", missing)
	}
	if users := s.read(t, "etc/passwd"); strings.Count(users, "\nnanomon:") != 1 || !strings.Contains(users, ":/var/lib/nanomon:/usr/sbin/nologin") {
		t.Errorf("the users are %s", users)
	}
}

func TestUpgradeKeepsSettingsAndPreviousBinary(t *testing.T) {
	s := target{servicetest.SystemRoot(t)}
	s.mustRun(t, "", "--from", release(t, "one"))
	s.write(t, settings, "API_PORT=9000\n")
	first, second := s.read(t, "etc/passwd"), release(t, "two")
	for range 2 { // The second run changes nothing.
		s.mustRun(t, "", "--from", second)
		if current, previous := s.read(t, program), s.read(t, program+".old"); current != "two" || previous != "one" {
			t.Errorf("the program is %q, the previous one %q", current, previous)
		}
		if content := s.read(t, settings); content != "API_PORT=9000\n" {
			t.Errorf("the settings are %q", content)
		}
		if users := s.read(t, "etc/passwd"); users != first {
			t.Errorf("the users are %s", users)
		}
	}
}

func TestFailedUnitWriteKeepsProgram(t *testing.T) {
	s := target{servicetest.SystemRoot(t)}
	s.mustRun(t, "", "--from", release(t, "one"))
	if err := os.Remove(filepath.Join(s.root, unitFile)); err != nil {
		t.Fatal(err)
	}
	s.write(t, unitFile+"/a folder in its place", "")
	if output, code := s.run(t, "", "--from", release(t, "two")); code == 0 || !strings.Contains(output, "can't write "+filepath.Join(s.root, unitFile)) || !strings.Contains(output, "nothing was replaced") {
		t.Errorf("code %d: %s", code, output)
	}
	if got := s.read(t, program); got != "one" {
		t.Errorf("the program is %q", got)
	}
}

func TestInstallRejects(t *testing.T) {
	changed, incomplete, foreign, withoutSums := release(t, "one"), release(t, "one"), release(t, "one"), release(t, "one")
	archive := "nanomon_1.2.3_linux_" + runtime.GOARCH + ".tar.gz"
	writeSums(t, changed, []byte("another"), archive)
	writeSums(t, foreign, nil, "nanomon_1.2.3_linux_other.tar.gz")
	for _, path := range []string{filepath.Join(incomplete, archive), filepath.Join(withoutSums, "SHA256SUMS")} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		output string
	}{
		{"a changed archive", []string{"--from", changed}, 1, "the checksum of " + archive + " doesn't match SHA256SUMS"},
		{"no archive", []string{"--from", incomplete}, 1, "can't get " + archive},
		{"no archive for this machine", []string{"--from", foreign}, 1, "must list exactly one archive for linux_" + runtime.GOARCH},
		{"no sums", []string{"--from", withoutSums}, 1, "can't get SHA256SUMS"},
		{"http", []string{"--from", "http://example.org/v1"}, 1, "a release is downloaded by https only"},
		{"missing file", []string{"--from", "/nowhere"}, 1, "file /nowhere not found"},
		{"an unknown option", []string{"--force"}, 2, "usage:"},
		{"an option without its value", []string{"--from"}, 2, "usage:"},
		{"a purge without uninstall", []string{"--purge"}, 2, "usage:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := target{servicetest.SystemRoot(t)}
			if output, code := s.run(t, "", c.args...); code != c.code || !strings.Contains(output, c.output) {
				t.Errorf("code %d: %s", code, output)
			}
			if files := s.files(t); files != "etc/group etc/passwd" {
				t.Errorf("files left behind: %s", files)
			}
		})
	}
}

func TestUninstall(t *testing.T) {
	s, from := target{servicetest.SystemRoot(t)}, release(t, "one")
	s.mustRun(t, "", "--from", from)
	s.mustRun(t, "", "--from", release(t, "two"))
	s.write(t, data+"/nanomon.db", "data")

	for _, answer := range []string{"", "n\n"} {
		if output, code := s.run(t, answer, "--uninstall", "--purge"); code != 1 || !strings.Contains(output, "nothing was removed") {
			t.Errorf("answered %q, code %d: %s", answer, code, output)
		}
	}
	if missing := s.missing(program, program+".old", unitFile, settings, data+"/nanomon.db"); missing != nil {
		t.Errorf("missing files after answering no: %s", missing)
	}
	s.mustRun(t, "y\n", "--uninstall")
	if files, want := s.files(t), "etc/group "+settings+" etc/passwd "+data+"/nanomon.db"; files != want {
		t.Errorf("files after --uninstall: %s, want %s", files, want)
	}
	s.mustRun(t, "", "--from", from)
	for range 2 { // The second run has nothing to remove.
		s.mustRun(t, "", "--uninstall", "--purge", "--yes")
		if files := s.files(t); files != "etc/group etc/passwd" {
			t.Errorf("files after --purge: %s", files)
		}
	}
	if users := s.read(t, "etc/passwd") + s.read(t, "etc/group"); strings.Contains(users, "nanomon") {
		t.Errorf("after --purge the users are %s", users)
	}
}
