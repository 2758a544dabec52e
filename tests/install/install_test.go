// Package install runs scripts/install.sh on a system in a folder, and the service as its unit says.
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

	"nanomon/tests/servicetest"
)

const (
	program  = "usr/local/bin/nanomon"
	settings = "etc/nanomon/nanomon.env"
	unitFile = "etc/systemd/system/nanomon.service"
	data     = "var/lib/nanomon"
)

// target is a system that scripts/install.sh works on.
type target struct{ root string }

// run returns what the script says and its exit code. It is answered with input.
func (s target) run(t *testing.T, input string, args ...string) (output string, code int) {
	t.Helper()
	command := exec.Command(filepath.Join(servicetest.Root(), "scripts", "install.sh"), append(args, "--root", s.root)...)
	command.Stdin = strings.NewReader(input)
	said, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	return string(said), command.ProcessState.ExitCode()
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

// missing are those of paths that aren't there.
func (s target) missing(paths ...string) []string {
	var missing []string
	for _, path := range paths {
		if _, err := os.Lstat(filepath.Join(s.root, path)); err != nil {
			missing = append(missing, path)
		}
	}
	return missing
}

// files are the paths of all files, without the copies that the tools for users keep.
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

// release is a folder with a release for this machine, whose binary is a file of this content.
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
	sum(t, folder, packed, archive, "nanomon_1.2.3_linux_other.tar.gz")
	return folder
}

// sum writes SHA256SUMS as if each of the names were of this content.
func sum(t *testing.T, folder string, content []byte, names ...string) {
	t.Helper()
	var sums bytes.Buffer
	for _, name := range names {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), name)
	}
	if err := os.WriteFile(filepath.Join(folder, "SHA256SUMS"), sums.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestInstallFromAReleaseByURL(t *testing.T) {
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
		t.Errorf("there is no %s", missing)
	}
	if users := s.read(t, "etc/passwd"); strings.Count(users, "\nnanomon:") != 1 || !strings.Contains(users, ":/var/lib/nanomon:/usr/sbin/nologin") {
		t.Errorf("the users are %s", users)
	}
}

func TestUpgradeKeepsSettingsAndTheBinaryBefore(t *testing.T) {
	s := target{servicetest.SystemRoot(t)}
	s.mustRun(t, "", "--from", release(t, "one"))
	s.write(t, settings, "API_PORT=9000\n")
	first, second := s.read(t, "etc/passwd"), release(t, "two")
	for range 2 { // The second time nothing changes.
		s.mustRun(t, "", "--from", second)
		if now, before := s.read(t, program), s.read(t, program+".old"); now != "two" || before != "one" {
			t.Errorf("the program is %q, the one before %q", now, before)
		}
		if kept := s.read(t, settings); kept != "API_PORT=9000\n" {
			t.Errorf("the settings are %q", kept)
		}
		if users := s.read(t, "etc/passwd"); users != first {
			t.Errorf("the users are %s", users)
		}
	}
}

func TestAnUpgradeThatCanNotWriteItsUnitKeepsTheProgram(t *testing.T) {
	s := target{servicetest.SystemRoot(t)}
	s.mustRun(t, "", "--from", release(t, "one"))
	if err := os.Remove(filepath.Join(s.root, unitFile)); err != nil {
		t.Fatal(err)
	}
	s.write(t, unitFile+"/a folder in its place", "")
	if output, code := s.run(t, "", "--from", release(t, "two")); code == 0 || !strings.Contains(output, unitFile+" can't be written") || !strings.Contains(output, "nothing was replaced") {
		t.Errorf("code %d: %s", code, output)
	}
	if got := s.read(t, program); got != "one" {
		t.Errorf("the program is %q", got)
	}
}

func TestInstallRefuses(t *testing.T) {
	changed, incomplete, foreign, unsummed := release(t, "one"), release(t, "one"), release(t, "one"), release(t, "one")
	archive := "nanomon_1.2.3_linux_" + runtime.GOARCH + ".tar.gz"
	sum(t, changed, []byte("another"), archive)
	sum(t, foreign, nil, "nanomon_1.2.3_linux_other.tar.gz")
	for _, path := range []string{filepath.Join(incomplete, archive), filepath.Join(unsummed, "SHA256SUMS")} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"a changed archive", []string{"--from", changed}, 1, archive + " is not what SHA256SUMS says"},
		{"no archive", []string{"--from", incomplete}, 1, "there is no " + archive},
		{"no archive for this machine", []string{"--from", foreign}, 1, "names no single archive for linux_" + runtime.GOARCH},
		{"no sums", []string{"--from", unsummed}, 1, "there is no SHA256SUMS"},
		{"http", []string{"--from", "http://example.org/v1"}, 1, "a release is fetched by https"},
		{"nothing there", []string{"--from", "/nowhere"}, 1, "there is no file /nowhere"},
		{"an unknown option", []string{"--force"}, 2, "usage:"},
		{"an option without its value", []string{"--from"}, 2, "usage:"},
		{"a purge without uninstall", []string{"--purge"}, 2, "usage:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := target{servicetest.SystemRoot(t)}
			if output, code := s.run(t, "", c.args...); code != c.code || !strings.Contains(output, c.says) {
				t.Errorf("code %d: %s", code, output)
			}
			if files := s.files(t); files != "etc/group etc/passwd" {
				t.Errorf("left %s", files)
			}
		})
	}
}

func TestUninstall(t *testing.T) {
	s, from := target{servicetest.SystemRoot(t)}, release(t, "one")
	s.mustRun(t, "", "--from", from)
	s.mustRun(t, "", "--from", release(t, "two"))
	s.write(t, data+"/nanomon.db", "much")

	for _, answer := range []string{"", "n\n"} {
		if output, code := s.run(t, answer, "--uninstall", "--purge"); code != 1 || !strings.Contains(output, "nothing is removed") {
			t.Errorf("answered %q, code %d: %s", answer, code, output)
		}
	}
	if missing := s.missing(program, program+".old", unitFile, settings, data+"/nanomon.db"); missing != nil {
		t.Errorf("after a no there is no %s", missing)
	}
	s.mustRun(t, "y\n", "--uninstall")
	if files, want := s.files(t), "etc/group "+settings+" etc/passwd "+data+"/nanomon.db"; files != want {
		t.Errorf("after --uninstall there is %s, want %s", files, want)
	}
	s.mustRun(t, "", "--from", from)
	for range 2 { // Nothing is left to remove the second time.
		s.mustRun(t, "", "--uninstall", "--purge", "--yes")
		if files := s.files(t); files != "etc/group etc/passwd" {
			t.Errorf("after --purge there is %s", files)
		}
	}
	if users := s.read(t, "etc/passwd") + s.read(t, "etc/group"); strings.Contains(users, "nanomon") {
		t.Errorf("after --purge the users are %s", users)
	}
}
