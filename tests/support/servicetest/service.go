// Package servicetest starts NanoMon's real binaries for tests, sends requests to them, and provides servers to monitor.
package servicetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// timeout limits how long a test waits for an event. It is generous, because test machines can be busy.
const timeout = 30 * time.Second

// Service is a running process: one of NanoMon's services, or another program that a test needs.
type Service struct {
	// PID is the process id.
	PID     int
	command *exec.Cmd
	log     *logBuffer
	exited  chan struct{}
}

// Binary returns the path of a service's binary. The first call builds all services from the current sources.
func Binary(t testing.TB, name string) string {
	t.Helper()
	folder, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, name)
}

var build = sync.OnceValues(func() (string, error) {
	folder := filepath.Join(Root(), ".tools", "test")
	command := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", folder+"/",
		"./services/api", "./services/runner", "./services/frontend", "./services/standalone")
	command.Dir = Root()
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the services: %w\n%s", err, output)
	}
	return folder, nil
})

// Root returns the root folder of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "../../..")
}

// Command returns a command that runs a binary in an empty folder with only settings in its environment.
func Command(t testing.TB, name string, settings map[string]string) *exec.Cmd {
	t.Helper()
	command := exec.Command(Binary(t, name))
	command.Dir = t.TempDir()
	command.Env = []string{}
	for name, value := range settings {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}

// Start runs a binary until the test ends. If the test fails, it prints the binary's log.
func Start(t testing.TB, name string, settings map[string]string) *Service {
	t.Helper()
	return StartCommand(t, Command(t, name, settings))
}

// StartCommand runs a command like [Start].
func StartCommand(t testing.TB, command *exec.Cmd) *Service {
	t.Helper()
	s := &Service{command: command, log: &logBuffer{}, exited: make(chan struct{})}
	s.command.Stdout, s.command.Stderr = s.log, s.log
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	s.PID = s.command.Process.Pid
	go func() {
		defer close(s.exited)
		_ = s.command.Wait()
	}()
	t.Cleanup(func() {
		s.Kill(t)
		if t.Failed() {
			t.Logf("log of %s:\n%s", filepath.Base(command.Path), s.log)
		}
	})
	return s
}

// Standalone starts standalone on free ports with its data in folder and returns it with the
// URLs of its API and its page, without a slash at the end.
func Standalone(t testing.TB, folder string) (s *Service, api, page string) {
	t.Helper()
	return StandaloneWith(t, folder, nil)
}

// StandaloneWith does the same as [Standalone], with additional settings.
func StandaloneWith(t testing.TB, folder string, settings map[string]string) (s *Service, api, page string) {
	t.Helper()
	all := map[string]string{"API_PORT": "0", "FRONTEND_PORT": "0", "DATA_DIR": folder}
	maps.Copy(all, settings)
	s = Start(t, "standalone", all)
	ready := s.WaitLog(t, `msg=ready page=(\S+) api=(\S+)`)
	return s, ready[2], ready[1]
}

// WaitLog waits until the log contains a match of the expression and returns the match and its groups.
func (s *Service) WaitLog(t testing.TB, expression string) []string {
	t.Helper()
	pattern := regexp.MustCompile(expression)
	var groups []string
	Eventually(t, "log line "+expression, func() bool {
		groups = pattern.FindStringSubmatch(s.log.String())
		if groups == nil && s.Exited() {
			t.Fatalf("the process ended; its log:\n%s", s.log)
		}
		return groups != nil
	})
	return groups
}

// Log returns the output of the process so far.
func (s *Service) Log() string { return s.log.String() }

// Exited reports whether the process has ended.
func (s *Service) Exited() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// Kill sends SIGKILL, which ends the process like a crash, and waits for its end.
func (s *Service) Kill(t testing.TB) {
	t.Helper()
	if err := s.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	<-s.exited
}

// Stop sends SIGTERM, waits for the end of the process and returns its exit code.
func (s *Service) Stop(t testing.TB) int {
	t.Helper()
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.exited:
	case <-time.After(timeout):
		t.Fatalf("the process did not end; its log:\n%s", s.log)
	}
	return s.command.ProcessState.ExitCode()
}

// CPU returns the processor time that the process used. The process must have ended.
func (s *Service) CPU() time.Duration {
	return s.command.ProcessState.UserTime() + s.command.ProcessState.SystemTime()
}

// Eventually waits until the condition holds. It fails the test if that takes longer than 30 s.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	EventuallyWithin(t, timeout, what, condition)
}

// EventuallyWithin does the same as [Eventually] with another limit.
func EventuallyWithin(t testing.TB, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatalf("timed out after %s waiting for %s", limit, what)
		case <-retry.C:
		}
	}
}

// logBuffer is a buffer that is safe for concurrent writes and reads.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Clone(b.text.String())
}
