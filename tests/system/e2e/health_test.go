package e2e

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// runProgram runs a binary with arguments, for example beside a service with the same settings.
func runProgram(t *testing.T, name string, settings map[string]string, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	command := servicetest.Command(t, name, settings)
	command.Args = append(command.Args, arguments...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), out.String(), errs.String()
}

func checkWorks(t *testing.T, name string, settings map[string]string) {
	t.Helper()
	if code, stdout, stderr := runProgram(t, name, settings, "health"); code != 0 || stdout != "it works\n" || stderr != "" {
		t.Errorf("%s health: code %d, output %q %q", name, code, stdout, stderr)
	}
}

// checkFails expects health to fail and to print one line, which begins with the program's name and the given fault.
func checkFails(t *testing.T, name, fault string, settings map[string]string) {
	t.Helper()
	code, stdout, stderr := runProgram(t, name, settings, "health")
	if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, name+": "+fault+" ") {
		t.Errorf("%s health: code %d, output %q %q", name, code, stdout, stderr)
	}
}

func TestHealthFailsWithoutService(t *testing.T) {
	t.Parallel()
	refused := port(servicetest.RefusedAddress(t))
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	other := port(web.Listener.Addr().String())
	checkFails(t, "api", "PORT:", map[string]string{"PORT": refused})
	checkFails(t, "api", "PORT:", map[string]string{"PORT": "0"})
	checkFails(t, "api", "PORT:", map[string]string{"PORT": other})
	checkFails(t, "frontend", "PORT:", map[string]string{"PORT": refused})
	checkFails(t, "standalone", "API_PORT:", map[string]string{"API_PORT": refused})
	checkFails(t, "runner", "HEALTH_FILE is not set:", nil)
	checkFails(t, "runner", "HEALTH_FILE:", map[string]string{"HEALTH_FILE": filepath.Join(t.TempDir(), "health")})
	checkFails(t, "runner", `POLLING_INTERVAL "often"`, map[string]string{"POLLING_INTERVAL": "often"})
}

// TestHealthSucceedsWhileServiceRuns runs health for all four programs, also while the store is unavailable: an
// orchestrator must not restart a healthy program because of its database.
func TestHealthSucceedsWhileServiceRuns(t *testing.T) {
	t.Parallel()
	_, api, page := servicetest.Standalone(t, t.TempDir())
	both := map[string]string{"API_PORT": port(strings.TrimSuffix(api, "/api")), "FRONTEND_PORT": port(page)}
	checkWorks(t, "standalone", both)
	checkFails(t, "standalone", "FRONTEND_PORT:", servicetest.With(both, "FRONTEND_PORT", port(servicetest.RefusedAddress(t))))

	frontend := servicetest.Start(t, "frontend", map[string]string{"PORT": "0"})
	checkWorks(t, "frontend", map[string]string{"PORT": frontend.Port(t)})

	db := mongotest.FerretDB(t)
	file := filepath.Join(t.TempDir(), "health")
	settings := map[string]string{"MONGO_URI": db.URI, "HEALTH_FILE": file}
	server, _ := servicetest.API(t, settings)
	servicetest.Runner(t, settings)
	waitForHealthFile(t, file)
	db.Kill()
	waitForHealthFile(t, file)
	checkWorks(t, "runner", settings)
	checkWorks(t, "api", servicetest.With(settings, "PORT", server.Port(t)))

	old := time.Now().Add(-time.Minute)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	checkFails(t, "runner", "HEALTH_FILE:", settings)
}

// waitForHealthFile deletes the file and waits until the runner has written it.
func waitForHealthFile(t *testing.T, file string) {
	t.Helper()
	_ = os.Remove(file) // it may not exist yet
	servicetest.Eventually(t, "the health file", func() bool {
		_, err := os.Stat(file)
		return err == nil
	})
}

// port returns the port of an address or URL.
func port(address string) string { return address[strings.LastIndex(address, ":")+1:] }
