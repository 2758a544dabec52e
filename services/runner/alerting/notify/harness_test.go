package notify_test

import (
	"testing"
	"time"

	"nanomon/services/common/probe"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/notify"
)

var wait = alertingtest.Wait

// harness runs an outbox and a store watch on a memory store, in a synctest bubble.
type harness struct {
	*alertingtest.Memory
	outbox *notify.Outbox
	watch  *notify.StoreWatch
	stop   func()
}

func newOutbox(m *alertingtest.Memory, channels ...notify.Channel) *notify.Outbox {
	return newOutboxAt(time.Now, m, channels...)
}

// newOutboxAt returns an outbox whose clock is now.
func newOutboxAt(now func() time.Time, m *alertingtest.Memory, channels ...notify.Channel) *notify.Outbox {
	return notify.New("here", now, m, channels, testFormat, probe.All(probe.Guard{}).Secrets(), alertingtest.QuietLog())
}

// newHarness starts an outbox and a store watch. They are stopped at the end of the test, or by stop.
func newHarness(t *testing.T, m *alertingtest.Memory, channels ...notify.Channel) *harness {
	return newHarnessAt(t, time.Now, m, channels...)
}

// newHarnessAt starts an outbox and a store watch whose clock is now.
func newHarnessAt(t *testing.T, now func() time.Time, m *alertingtest.Memory, channels ...notify.Channel) *harness {
	o := newOutboxAt(now, m, channels...)
	h := &harness{Memory: m, outbox: o, watch: notify.NewStoreWatch(o)}
	stopWatch, stopOutbox := alertingtest.Start(t, h.watch.Run), alertingtest.Start(t, h.outbox.Run)
	h.stop = func() {
		stopWatch()
		stopOutbox()
	}
	return h
}

func expectDeliveries(t *testing.T, m *alertingtest.Memory, id, want string) {
	t.Helper()
	if got := m.Deliveries(id); got != want {
		t.Errorf("deliveries %s, want %s", got, want)
	}
}
