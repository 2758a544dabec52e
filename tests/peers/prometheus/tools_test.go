// Package prometheus tests NanoMon's metrics and the files in deploy/prometheus with a real Prometheus.
package prometheus

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nanomon/tests/support/servicetest"
)

// tool returns the path of prometheus or promtool.
func tool(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(servicetest.Root(), ".tools", "bin", name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s not found: run scripts/setup-tests.sh, or put it on the PATH", name)
	}
	return path
}

// promtool runs promtool and returns its output and exit code.
func promtool(t *testing.T, input string, args ...string) (output string, code int) {
	t.Helper()
	command := exec.Command(tool(t, "promtool"), args...)
	command.Stdin = strings.NewReader(input)
	combined, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(combined), command.ProcessState.ExitCode()
}

// mustPass fails the test if promtool reports a problem.
func mustPass(t *testing.T, args ...string) {
	t.Helper()
	if output, code := promtool(t, "", args...); code != 0 {
		t.Errorf("promtool %s: %s", strings.Join(args, " "), output)
	}
}

// deployed returns the path of a file in deploy/prometheus.
func deployed(name string) string {
	return filepath.Join(servicetest.Root(), "deploy", "prometheus", name)
}

// read returns the content of a file in deploy/prometheus.
func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(deployed(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// replace replaces old in text. It fails the test unless text contains old exactly once.
func replace(t *testing.T, text, old, by string) string {
	t.Helper()
	if n := strings.Count(text, old); n != 1 {
		t.Fatalf("%q occurs %d times, want once", old, n)
	}
	return strings.Replace(text, old, by, 1)
}
