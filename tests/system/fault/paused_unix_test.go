//go:build unix

package fault

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/servicetest"
)

func TestPausedProcessFailsNoHealthyTarget(t *testing.T) {
	var checks, hanging atomic.Int64
	release, waiting := make(chan struct{}), make(chan struct{})
	hangs := sync.OnceFunc(func() { close(waiting) })
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		checks.Add(1)
		if hanging.Load() == 0 {
			return
		}
		hangs()
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(target.Close)
	s, api, _ := servicetest.Standalone(t, t.TempDir())
	m := servicetest.Create(t, api, monitor.Monitor{
		Name: "healthy", Type: "http", Interval: "1s", Target: target.URL, Enabled: true,
		Properties: map[string]string{"timeout": "2s"},
	})
	servicetest.WaitForResults(t, api, 2, m.ID)
	hanging.Store(1)
	<-waiting
	if err := syscall.Kill(s.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	observe(7 * time.Second)
	hanging.Store(0)
	if err := syscall.Kill(s.PID, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	before := checks.Load()
	servicetest.Eventually(t, "checks after the pause", func() bool { return checks.Load() >= before+3 })
	close(release)
	servicetest.WaitForResults(t, api, 4, m.ID)
	for _, r := range allResults(t, api) {
		if r.Status != monitor.StatusOK {
			t.Errorf("the check at %s failed: %s", r.Date, r.Message)
		}
	}
	s.WaitLog(t, `msg="the process was paused, dropping the results of the checks that were running"`)
}
