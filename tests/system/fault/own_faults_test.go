package fault

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/servicetest"
)

// slowTarget is a healthy web server that takes 50 ms for each answer, so that many checks run at the same time.
type slowTarget struct {
	*httptest.Server

	mu      sync.Mutex
	checked map[string]bool
}

func newSlowTarget(t *testing.T) *slowTarget {
	target := &slowTarget{checked: make(map[string]bool)}
	target.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-time.After(50 * time.Millisecond)
		target.mu.Lock()
		target.checked[r.URL.Path] = true
		target.mu.Unlock()
	}))
	t.Cleanup(target.Close)
	return target
}

func (s *slowTarget) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.checked)
}

// monitors returns n monitors of the target; every second one needs a name lookup.
func (s *slowTarget) monitors(n int, interval string) []monitor.Monitor {
	all := make([]monitor.Monitor, n)
	for i := range all {
		url := s.URL
		if i%2 == 1 {
			url = strings.Replace(url, "127.0.0.1", "localhost", 1)
		}
		all[i] = monitor.Monitor{
			Name: fmt.Sprint(i), Type: "http", Interval: interval, Target: fmt.Sprintf("%s/%d", url, i), Enabled: true,
		}
	}
	return all
}

// startWithFiles starts standalone with a limit of open files.
func startWithFiles(t *testing.T, limit int, settings map[string]string) (s *servicetest.Service, api string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no limit of open files")
	}
	all := map[string]string{"API_PORT": "0", "FRONTEND_PORT": "0", "DATA_DIR": t.TempDir()}
	for name, value := range settings {
		all[name] = value
	}
	command := servicetest.Command(t, "standalone", all)
	shell := exec.Command("/bin/sh", "-c", fmt.Sprintf("ulimit -n %d && exec %s", limit, command.Path))
	shell.Dir, shell.Env = command.Dir, command.Env
	s = servicetest.StartCommand(t, shell)
	return s, s.WaitLog(t, `msg=ready page=(\S+) api=(\S+)`)[2]
}

func TestFewOpenFilesFailNoHealthyTarget(t *testing.T) {
	target := newSlowTarget(t)
	_, api := startWithFiles(t, 64, map[string]string{"ALERT_FAIL_COUNT": "1"})
	if status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/import", target.monitors(1000, "1s")); status != http.StatusNoContent {
		t.Fatalf("import: %d %s", status, body)
	}
	servicetest.EventuallyWithin(t, 3*time.Minute, "every monitor to be checked", func() bool { return target.count() == 1000 })
	failed := 0
	results := allResults(t, api)
	for _, r := range results {
		if r.Status != monitor.StatusOK {
			failed++
			if failed <= 3 {
				t.Errorf("the check of %s failed: %s", r.MonitorTarget, r.Message)
			}
		}
	}
	if notifications := servicetest.Notifications(t, api); failed > 0 || len(notifications) > 0 {
		t.Errorf("%d of %d checks of healthy targets failed, %d notifications", failed, len(results), len(notifications))
	}
}

// TestKilledProcessQuarantinesNoMonitor kills the process several times while many checks are running.
func TestKilledProcessQuarantinesNoMonitor(t *testing.T) {
	const checks = 300
	release := make(chan struct{})
	var running, waiting atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Add(-1)
		waiting.Add(1)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	all := make([]monitor.Monitor, checks)
	for i := range all {
		all[i] = monitor.Monitor{
			Name: fmt.Sprint(i), Type: "http", Interval: "1s", Target: fmt.Sprintf("%s/%d", server.URL, i), Enabled: true,
			Properties: map[string]string{"timeout": "2m"},
		}
	}
	folder := t.TempDir()
	s, api, _ := servicetest.Standalone(t, folder)
	if status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/import", all); status != http.StatusNoContent {
		t.Fatalf("import: %d %s", status, body)
	}
	for range 2 {
		servicetest.Eventually(t, "all checks to run", func() bool { return running.Load() == checks })
		s.Kill(t)
		servicetest.Eventually(t, "all checks to end", func() bool { return running.Load() == 0 })
		s, _, _ = servicetest.Standalone(t, folder)
	}
	s.WaitLog(t, fmt.Sprintf(`msg="earlier processes crashed.*monitors=%d`, checks))
	before := waiting.Load()
	servicetest.Eventually(t, "the next check to run", func() bool { return waiting.Load() > before || running.Load() > 0 })
	s.Kill(t)
	servicetest.Eventually(t, "all checks to end", func() bool { return running.Load() == 0 })
	close(release)
	s, api, _ = servicetest.Standalone(t, folder)
	servicetest.Eventually(t, "a result of every monitor", func() bool {
		checked := make(map[string]bool)
		for _, r := range allResults(t, api) {
			checked[r.MonitorName] = true
		}
		return len(checked) == checks
	})
	if n := servicetest.Notifications(t, api); len(n) > 0 || strings.Contains(s.Log(), "quarantine") {
		t.Errorf("notifications %+v, log %s", n, s.Log())
	}
}
