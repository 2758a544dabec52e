package e2e

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
)

func TestFailedStartLogsWhatToDo(t *testing.T) {
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, []byte("not a folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	noDatabase := filepath.Join(folder, "no-database")
	if err := os.Mkdir(noDatabase, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(noDatabase, "nanomon.db"), bytes.Repeat([]byte("not a database "), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	inUse := t.TempDir()
	servicetest.Standalone(t, inUse)

	for name, c := range map[string]struct {
		service  string
		settings map[string]string
		want     []string
	}{
		"API port in use":       {"standalone", map[string]string{"API_PORT": port}, []string{"API_PORT", port, "in use"}},
		"page port in use":      {"standalone", map[string]string{"FRONTEND_PORT": port}, []string{"FRONTEND_PORT", port, "in use"}},
		"metrics port in use":   {"standalone", map[string]string{"PROMETHEUS_ENABLE": "true", "PROMETHEUS_PORT": port}, []string{"PROMETHEUS_PORT", port, "in use"}},
		"runner metrics port":   {"runner", map[string]string{"PROMETHEUS_ENABLED": "1", "PROMETHEUS_PORT": port}, []string{"PROMETHEUS_PORT", port, "in use"}},
		"invalid boolean":       {"runner", map[string]string{"PROMETHEUS_ENABLE": "maybe"}, []string{"PROMETHEUS_ENABLE", `"maybe"`, "true"}},
		"data is a file":        {"standalone", map[string]string{"DATA_DIR": file}, []string{"DATA_DIR", file}},
		"data below a file":     {"standalone", map[string]string{"DATA_DIR": file + "/below"}, []string{"DATA_DIR", file}},
		"data is no database":   {"standalone", map[string]string{"DATA_DIR": noDatabase}, []string{"DATA_DIR", "nanomon.db"}},
		"data in use":           {"standalone", map[string]string{"DATA_DIR": inUse}, []string{"DATA_DIR", inUse, "another"}},
		"spool is a file":       {"standalone", map[string]string{"SPOOL_DIR": file}, []string{"SPOOL_DIR", file, "choose"}},
		"spool below a file":    {"runner", map[string]string{"SPOOL_DIR": file + "/below"}, []string{"SPOOL_DIR", file, "choose"}},
		"invalid interval":      {"standalone", map[string]string{"POLLING_INTERVAL": "abc"}, []string{"POLLING_INTERVAL", `"abc"`, "10s"}},
		"incomplete sign-in":    {"standalone", map[string]string{"AUTH_ISSUER": "https://login.example.org"}, []string{"AUTH_ISSUER", "AUTH_CLIENT_ID"}},
		"sign-in without TLS":   {"api", map[string]string{"AUTH_CLIENT_ID": "some-client", "AUTH_ISSUER": "http://login.example.org"}, []string{"AUTH_ISSUER", "localhost"}},
		"frontend port in use":  {"frontend", map[string]string{"PORT": port}, []string{"PORT", port, "in use"}},
		"no server":             {"runner", map[string]string{"MONGO_URI": "mongodb://user:s3cret@" + servicetest.RefusedAddress(t), "MONGO_TIMEOUT": "1s"}, []string{"MONGO_URI", "127.0.0.1"}},
		"no server for the API": {"api", map[string]string{"PORT": "0", "MONGO_URI": "mongodb://user:s3cret@" + servicetest.RefusedAddress(t), "MONGO_TIMEOUT": "1s"}, []string{"MONGO_URI", "127.0.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := map[string]string{}
			if c.service == "standalone" {
				settings = map[string]string{"API_PORT": "0", "FRONTEND_PORT": "0", "DATA_DIR": t.TempDir()}
			}
			for variable, value := range c.settings {
				settings[variable] = value
			}
			command := servicetest.Command(t, c.service, settings)
			output, err := command.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Fatalf("exit error %v, want code 1; output:\n%s", err, output)
			}
			text := string(output)
			if c.settings["MONGO_TIMEOUT"] != "" {
				waiting, end, _ := strings.Cut(text, "\n")
				if !strings.Contains(waiting, `msg="store unavailable, retrying" hosts=127.0.0.1:`) {
					t.Errorf("it begins with %s", waiting)
				}
				text = end
			}
			if lines := strings.Count(text, "\n"); lines != 1 {
				t.Errorf("%d lines at the end:\n%s", lines, text)
			}
			for _, part := range c.want {
				if !strings.Contains(text, part) {
					t.Errorf("%q does not contain %q", text, part)
				}
			}
			for _, secret := range []string{"s3cret", "some-client"} {
				if strings.Contains(string(output), secret) {
					t.Errorf("%q shows %q", output, secret)
				}
			}
			t.Logf("%s", output)
		})
	}
}
