package alerting

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// harness runs an alerter on a memory store, in a synctest bubble.
type harness struct {
	*memory
	alerter *Alerter
	// ctx ends with the test.
	ctx     context.Context
	stop    func()
	stopped chan struct{}
	current map[string]*store.State
}

func quietLog() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// newHarness starts an alerter. It is stopped at the end of the test, or by stop.
func newHarness(t *testing.T, m *memory, rules Rules, channels ...Channel) *harness {
	return newHarnessWith(t, m, Config{Rules: rules}, time.Now, channels...)
}

// newHarnessWith starts an alerter whose clock is now.
func newHarnessWith(t *testing.T, m *memory, cfg Config, now func() time.Time, channels ...Channel) *harness {
	cfg.Runner, cfg.Now = "here", now
	h := &harness{memory: m, alerter: New(cfg, m, channels, quietLog()), stopped: make(chan struct{})}
	h.current, h.ctx = make(map[string]*store.State), t.Context()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(h.stopped)
		h.alerter.Run(ctx)
	}()
	h.stop = func() {
		cancel()
		<-h.stopped
	}
	t.Cleanup(h.stop)
	return h
}

// testMonitors returns enabled monitors with the given ids.
func testMonitors(ids ...string) []monitor.Monitor {
	list := make([]monitor.Monitor, len(ids))
	for i, id := range ids {
		list[i] = monitor.Monitor{ID: id, Name: "name of " + id, Type: "http", Target: "http://x.test", Group: "g", Enabled: true}
	}
	return list
}

func all(string) bool { return true }

// addResults stores one result per letter, see pointOf, one second apart and the last one now, and passes the last
// state to the alerter.
func (h *harness) addResults(id, letters string) {
	now := monitor.Date(time.Now())
	for i, l := range letters {
		h.current[id] = push(h.current[id], id, pointOf(l, now.Add(time.Duration(i+1-len(letters))*time.Second)))
	}
	h.putState(*h.current[id])
	h.alerter.Stored([]store.State{*h.current[id]})
}

// wait lets the given time pass and waits until all goroutines are blocked.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// ids returns the ids of all notifications, oldest first.
func (m *memory) ids() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for _, n := range m.notifications {
		ids = append(ids, n.ID)
	}
	return strings.Join(ids, " ")
}

func (h *harness) expect(t *testing.T, want string) {
	t.Helper()
	if got := h.ids(); got != want {
		t.Fatalf("notifications %q, want %q", got, want)
	}
}
