package install

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/servicetest"
)

// assignments returns the NAME=value lines of a systemd file.
func assignments(text string) map[string]string {
	set := make(map[string]string)
	for _, line := range regexp.MustCompile(`(?m)^([A-Za-z_]+)=(.*)$`).FindAllStringSubmatch(text, -1) {
		set[line[1]] = line[2]
	}
	return set
}

func TestSystemdAcceptsUnit(t *testing.T) {
	s := target{servicetest.SystemRoot(t)}
	s.mustRun(t, "", "--from", servicetest.Binary(t, "standalone"))
	unit := filepath.Join(t.TempDir(), "nanomon.service")
	// systemd-analyze runs on this machine, where the program has another path.
	text := strings.ReplaceAll(s.read(t, unitFile), "/"+program, filepath.Join(s.root, program))
	if err := os.WriteFile(unit, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("systemd-analyze", "verify", unit).CombinedOutput(); err != nil || strings.Contains(string(output), unit) {
		t.Errorf("verify: %v: %s", err, output)
	}
	if output, err := exec.Command("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", unit).CombinedOutput(); err != nil {
		t.Errorf("the unit has too many privileges: %v: %s", err, output)
	}
}

func TestUnitAllowsNamesOfMachine(t *testing.T) {
	for hostname, want := range map[string]string{
		"": "*", "nas\n": "nas.local", "nas.example.org\n": "nas.example.org", "$(id)\n": "*",
	} {
		s := target{servicetest.SystemRoot(t)}
		s.write(t, "etc/hostname", hostname)
		s.mustRun(t, "", "--from", release(t, "one"))
		if got := assignments(s.read(t, unitFile))["Environment"]; got != "DATA_DIR=/"+data+" ALLOWED_HOSTS="+want {
			t.Errorf("%q: the environment is %s", hostname, got)
		}
	}
}

func TestSettingsFileListsKnownSettings(t *testing.T) {
	s := target{servicetest.SystemRoot(t)}
	s.mustRun(t, "", "--from", release(t, "one"))
	sample, err := os.ReadFile(filepath.Join(servicetest.Root(), ".env.sample"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^#([A-Z_]+=)`).FindAllStringSubmatch(s.read(t, settings), -1)
	if len(names) < 5 {
		t.Errorf("found only the settings %v", names)
	}
	for _, name := range names {
		if !strings.Contains(string(sample), "\n#"+name[1]) {
			t.Errorf("unknown setting %s", name[1])
		}
	}
}

// TestServiceRunsAsUnitDescribes starts the program with the user, the capabilities and the environment of the unit, in
// a file system that contains only the installed files.
func TestServiceRunsAsUnitDescribes(t *testing.T) {
	s := target{servicetest.SystemRoot(t)}
	s.mustRun(t, "", "--from", servicetest.Binary(t, "standalone"))
	unit := assignments(s.read(t, unitFile))
	if unit["User"] != "nanomon" || unit["AmbientCapabilities"] != "CAP_NET_RAW" || unit["EnvironmentFile"] != "/"+settings {
		t.Fatalf("the unit is %v", unit)
	}
	api, page := servicetest.RefusedAddress(t), servicetest.RefusedAddress(t)
	s.write(t, settings, "API_PORT="+port(t, api)+"\nFRONTEND_PORT="+port(t, page)+"\n")
	environment := strings.Fields(unit["Environment"])
	for name, value := range assignments(s.read(t, settings)) {
		environment = append(environment, name+"="+value)
	}
	user := s.user(t)
	s.makeState(t, user, unit["StateDirectory"], unit["StateDirectoryMode"])

	command := exec.Command(unit["ExecStart"])
	command.Err = nil // The path is valid in the new root only.
	command.Dir, command.Env = "/", environment
	const netRaw = 13
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: s.root, Credential: user, AmbientCaps: []uintptr{netRaw}}
	service := servicetest.StartCommand(t, command)
	s.waitReady(t, unit["ExecStartPost"], service, environment)

	created := servicetest.Create(t, "http://"+api+"/api", monitor.Monitor{Name: "self", Type: "ping", Target: "127.0.0.1", Interval: "1s", Enabled: true})
	var results []monitor.Result
	servicetest.Eventually(t, "a result", func() bool {
		results = servicetest.Results(t, "http://"+api+"/api", created.ID)
		return len(results) > 0
	})
	if results[0].Status != monitor.StatusOK {
		t.Errorf("ping: %s", results[0].Message)
	}
	if status, _ := servicetest.Call(t, http.MethodGet, "http://"+page+"/", nil); status != http.StatusOK {
		t.Errorf("the page responds with %d", status)
	}
	if code := service.Stop(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if missing := s.missing(data + "/nanomon.db"); missing != nil {
		t.Errorf("missing files: %s", missing)
	}
}

func port(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// user returns the uid and gid of the user nanomon.
func (s target) user(t *testing.T) *syscall.Credential {
	t.Helper()
	found := regexp.MustCompile(`(?m)^nanomon:[^:]*:(\d+):(\d+):`).FindStringSubmatch(s.read(t, "etc/passwd"))
	if found == nil {
		t.Fatal("the user nanomon doesn't exist")
	}
	uid, err := strconv.ParseUint(found[1], 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(found[2], 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// makeState creates the data folder like systemd.
func (s target) makeState(t *testing.T, user *syscall.Credential, name, mode string) {
	t.Helper()
	bits, err := strconv.ParseUint(mode, 8, 12)
	if err != nil {
		t.Fatal(err)
	}
	parent := filepath.Join(s.root, "var", "lib")
	if err := os.MkdirAll(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(parent, name)
	if err := os.Mkdir(folder, os.FileMode(bits)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(folder, int(user.Uid), int(user.Gid)); err != nil {
		t.Fatal(err)
	}
}

// waitReady runs the ExecStartPost command, which waits until the service is healthy.
func (s target) waitReady(t *testing.T, post string, service *servicetest.Service, environment []string) {
	t.Helper()
	script, ok := strings.CutPrefix(post, "/bin/sh -c '")
	if !ok {
		t.Fatalf("ExecStartPost is %s", post)
	}
	script = strings.NewReplacer("$$", "$", "/"+program, filepath.Join(s.root, program)).Replace(strings.TrimSuffix(script, "'"))
	wait := exec.CommandContext(t.Context(), "/bin/sh", "-c", script)
	wait.Env = append(environment, "MAINPID="+strconv.Itoa(service.PID))
	if output, err := wait.CombinedOutput(); err != nil {
		t.Fatalf("the service is not ready: %v: %s\n%s", err, output, service.Log())
	}
}
