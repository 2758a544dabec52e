// Package prometheus runs Prometheus itself on NanoMon's metrics, with what deploy/prometheus has for it.
package prometheus

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nanomon/tests/servicetest"
)

// tool is the path of prometheus or promtool.
func tool(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(servicetest.Root(), ".tools", "bin", name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("no %s to test with: run scripts/setup-tests.sh, or put it on the PATH", name)
	}
	return path
}

// promtool runs promtool and returns what it says and its exit code.
func promtool(t *testing.T, input string, args ...string) (output string, code int) {
	t.Helper()
	command := exec.Command(tool(t, "promtool"), args...)
	command.Stdin = strings.NewReader(input)
	said, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(said), command.ProcessState.ExitCode()
}

// approved has promtool look at files, of which it must approve.
func approved(t *testing.T, args ...string) {
	t.Helper()
	if output, code := promtool(t, "", args...); code != 0 {
		t.Errorf("promtool %s: %s", strings.Join(args, " "), output)
	}
}

// deployed is the path of a file in deploy/prometheus.
func deployed(name string) string {
	return filepath.Join(servicetest.Root(), "deploy", "prometheus", name)
}

// read is such a file's content.
func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(deployed(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// replace fails the test unless text has old just once.
func replace(t *testing.T, text, old, by string) string {
	t.Helper()
	if n := strings.Count(text, old); n != 1 {
		t.Fatalf("%q is there %d times", old, n)
	}
	return strings.Replace(text, old, by, 1)
}
