package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// stopTimeout is the maximum time for the standalone to stop before it is killed.
const stopTimeout = 20 * time.Second

var readyLine = regexp.MustCompile(`msg=ready page=\S+ api=(\S+)`)

// standalone is a running standalone with the target of its monitors.
type standalone struct {
	api     string
	folder  string
	target  *httptest.Server
	command *exec.Cmd
	// cancel stops the process.
	cancel context.CancelFunc
	// logClosed is closed when the process has closed its log.
	logClosed chan struct{}
}

// start starts a standalone with monitors and a day of their results. Its log is discarded.
func start(ctx context.Context, o options) (_ *standalone, err error) {
	s := &standalone{logClosed: make(chan struct{})}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if s.folder, err = os.MkdirTemp("", "nanomon-perf-"); err != nil {
		return nil, err
	}
	s.target = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK") }))
	if err := s.seed(ctx, o.monitors); err != nil {
		return nil, err
	}
	if err := s.launch(ctx, o.standalone); err != nil {
		return nil, err
	}
	window := route{"POST", "/maintenance", `{"name":"perf","groups":["perf"],"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"}`}
	o.api = s.api
	return s, newClient(o).send(ctx, window, io.Discard)
}

// seed fills the data folder. The first monitor has a result every 10 s, the others every 30 minutes.
func (s *standalone) seed(ctx context.Context, monitors int) error {
	type object = map[string]any
	entries := make([]object, monitors)
	for i := range entries {
		interval := "30m"
		if i == 0 {
			interval = "10s"
		}
		entries[i] = object{
			"monitor": object{
				"name": fmt.Sprintf("monitor %06d", i), "type": "http", "interval": interval, "target": fmt.Sprintf("%s/%d", s.target.URL, i),
				"rule": "status == 200", "group": fmt.Sprintf("group %d", i%20), "enabled": true,
			},
			"shape": object{"base": 20, "wave": 0.5, "jitter": 0.1, "outputs": object{"status": 200, "bodyLen": 2}},
		}
	}
	input, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "run", "nanomon/tests/support/seed", "-days", "1", "-results", "1", s.data())
	command.Stdin = bytes.NewReader(input)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("seed the standalone: %w\n%s", err, output)
	}
	return nil
}

func (s *standalone) data() string { return filepath.Join(s.folder, "data") }

// launch starts the standalone and waits until it is ready.
func (s *standalone) launch(ctx context.Context, binary string) error {
	path, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	ctx, s.cancel = context.WithCancel(ctx)
	command := exec.CommandContext(ctx, path)
	command.Dir = s.folder
	command.Env = []string{"API_PORT=0", "FRONTEND_PORT=0", "DATA_DIR=" + s.data()}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopTimeout
	log, err := command.StderrPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		s.cancel()
		return fmt.Errorf("start %s: %w", path, err)
	}
	s.command = command
	lines, output := bufio.NewReader(log), ""
	for s.api == "" {
		line, err := lines.ReadString('\n')
		output += line
		if err != nil {
			close(s.logClosed)
			return fmt.Errorf("%s did not start:\n%s", path, output)
		}
		if ready := readyLine.FindStringSubmatch(line); ready != nil {
			s.api = ready[1]
		}
	}
	go func() {
		defer close(s.logClosed)
		_, _ = io.Copy(io.Discard, lines)
	}()
	return nil
}

// stop stops the process and the target and deletes the data, as far as start has created them.
func (s *standalone) stop() {
	if s.command != nil {
		s.cancel()
		<-s.logClosed
		_ = s.command.Wait()
	}
	if s.target != nil {
		s.target.Close()
	}
	if err := os.RemoveAll(s.folder); err != nil {
		fmt.Fprintln(os.Stderr, "perf:", err)
	}
}
