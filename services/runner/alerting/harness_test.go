package alerting

import (
	"cmp"
	"context"
	"log/slog"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/incident"
	"nanomon/services/runner/alerting/notify"
)

var (
	_ Store = (*alertingtest.Memory)(nil)
	_ Store = store.Store(nil)
)

var wait = alertingtest.Wait

var testTypes = probe.All(probe.Guard{})

// harness runs an alerter on a memory store, in a synctest bubble.
type harness struct {
	*alertingtest.Memory
	alerter *Alerter
	// ctx ends with the test.
	ctx     context.Context
	stop    func()
	current map[string]*store.State
}

// newHarness starts an alerter. It is stopped at the end of the test, or by stop.
func newHarness(t *testing.T, m *alertingtest.Memory, rules incident.Rules, channels ...notify.Channel) *harness {
	return newHarnessWith(t, m, Config{Rules: rules}, alertingtest.QuietLog(), channels...)
}

// newHarnessWith starts an alerter with the given configuration, by default of the runner "here".
func newHarnessWith(t *testing.T, m *alertingtest.Memory, cfg Config, log *slog.Logger, channels ...notify.Channel) *harness {
	cfg.Runner, cfg.Types = cmp.Or(cfg.Runner, "here"), testTypes
	h := &harness{Memory: m, alerter: New(cfg, m, channels, log), ctx: t.Context(), current: make(map[string]*store.State)}
	h.stop = alertingtest.Start(t, h.alerter.Run)
	return h
}

func all(string) bool { return true }

// addResults stores one result per letter, see [alertingtest.Point], one second apart and the last one now, and passes
// the last state to the alerter.
func (h *harness) addResults(id, letters string) {
	now := monitor.Date(time.Now())
	for i, l := range letters {
		at := now.Add(time.Duration(i+1-len(letters)) * time.Second)
		h.current[id] = alertingtest.Push(h.current[id], id, alertingtest.Point(l, at))
	}
	h.PutState(*h.current[id])
	h.alerter.Stored([]store.State{*h.current[id]})
}

func (h *harness) expect(t *testing.T, want string) {
	t.Helper()
	if got := h.IDs(); got != want {
		t.Fatalf("notifications %q, want %q", got, want)
	}
}
