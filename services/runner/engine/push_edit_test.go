package engine

import (
	"maps"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// edit changes the monitor as the API does, and waits until the runner has noticed it.
func (p *pushTest) edit(change func(m *monitor.Monitor)) {
	p.t.Helper()
	m := p.monitor
	m.Properties = maps.Clone(m.Properties)
	change(&m)
	m.Updated = monitor.Date(time.Now())
	p.monitor = m
	p.store.set(m)
	elapse(2 * time.Second)
}

// TestChangingTheTypeAndBack: the push state goes on, and the time with the other type does not count.
func TestChangingTheTypeAndBack(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		for _, at := range []string{"00:10:00", "00:20:00", "00:30:00"} {
			p.until(at)
			p.ping(store.PingSuccess)
		}
		p.until("00:31:00")
		before := p.pushState()
		p.edit(func(m *monitor.Monitor) { m.Type, m.Target, m.Interval = "tcp", "127.0.0.1:1", "24h" })
		if s := p.pushState(); !s.Deadline.IsZero() {
			t.Errorf("the monitor of another type has the deadline %v", s.Deadline)
		}
		p.until("02:00:00")
		p.edit(func(m *monitor.Monitor) { m.Type, m.Target, m.Interval = "push", "every 1h", "1h" })
		p.until("02:30:00")
		p.ping(store.PingSuccess)
		p.until("02:31:00")
		s := p.pushState()
		if s.Sequence <= before.Sequence || len(s.Pings) != 4 || !s.Deadline.Equal(onFirstDay(t, "03:35:00")) {
			t.Errorf("push state %+v", s)
		}
		p.engine.stop()
		p.start("r2")
		p.until("03:34:00")
		p.wantNotChecked("")
	}, "every 1h")
}
