package docker

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"nanomon/tests/support/dockertest"
	"nanomon/tests/support/markdown"
	"nanomon/tests/support/servicetest"
)

// The addresses of the page and of the API if their ports are published as the documents say.
const (
	localPage = "http://localhost:8001"
	localAPI  = "http://localhost:8000/api"
)

// document returns the text of a document.
func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(servicetest.Root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// dockerCommands returns the commands in the shell blocks of a document that start with docker. There must be one.
func dockerCommands(t *testing.T, name string) (commands []string) {
	t.Helper()
	for _, code := range markdown.ReadCode([]byte(document(t, name))) {
		for line := range strings.Lines(strings.ReplaceAll(code.Text, "\\\n", "")) {
			if code.Shell && strings.HasPrefix(line, "docker ") {
				commands = append(commands, strings.TrimSpace(line))
			}
		}
	}
	if len(commands) == 0 {
		t.Fatalf("%s contains no docker command", name)
	}
	return commands
}

// documented returns the only command of a document that starts with prefix.
func documented(t *testing.T, name, prefix string) string {
	t.Helper()
	var found []string
	for _, command := range dockerCommands(t, name) {
		if strings.HasPrefix(command, prefix) {
			found = append(found, command)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s contains %q", name, found)
	}
	return found[0]
}

// TestDocumentedCommands runs each command of the documents word for word, except that of TestCompose.
func TestDocumentedCommands(t *testing.T) {
	for _, name := range []string{"README.md", "build/README.md", "docs/workshop.md"} {
		for _, command := range dockerCommands(t, name) {
			t.Run(name+"/"+command, func(t *testing.T) {
				switch {
				case strings.HasPrefix(command, "docker build "):
					runShell(t, command)
				case strings.HasPrefix(command, "docker run "):
					dockertest.Docker(t, "tag", built(t, "standalone"), "nanomon/standalone")
					runUntilReady(t, command)
				case strings.HasPrefix(command, "docker exec nanomon-control-plane "):
					// This is the node of a kind cluster, whose image can't be built. tests/deploy/pods kills a process instead.
				case name != "build/README.md" || command != documented(t, name, "docker compose "):
					t.Error("the test doesn't know how to run this command")
				}
			})
		}
	}
}

// runShell runs a line in the root of the repository.
func runShell(t *testing.T, line string) {
	t.Helper()
	command := exec.Command("sh", "-ec", line)
	command.Dir = servicetest.Root()
	if text, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", line, err, text)
	}
}

// runUntilReady runs a line in the root of the repository until the page and the API answer on their ports, and
// interrupts it and its plugin as Ctrl-C does.
func runUntilReady(t *testing.T, line string) {
	t.Helper()
	command := exec.Command("sh", "-c", "exec "+line)
	command.Dir = servicetest.Root()
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s := servicetest.StartCommand(t, command)
	for _, url := range []string{localPage, localAPI + "/status"} {
		servicetest.EventuallyWithin(t, 3*time.Minute, url, func() bool {
			if s.Exited() {
				t.Fatalf("%s ended:\n%s", line, s.Log())
			}
			return answers(t.Context(), url)
		})
	}
	if err := syscall.Kill(-s.PID, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	servicetest.EventuallyWithin(t, time.Minute, "the end of "+line, s.Exited)
	if running := dockertest.Docker(t, "ps", "--quiet"); running != "" {
		t.Errorf("containers run after %s: %s", line, running)
	}
}

func answers(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// standIn returns the name of the image mongo:8.0, which contains FerretDB as a stand-in.
func standIn(t *testing.T) string {
	t.Helper()
	const name = "mongo:8.0"
	dockertest.Docker(t, "build", "--file", "tests/deploy/docker/Dockerfile.mongo", "--tag", name, ".tools")
	return name
}
