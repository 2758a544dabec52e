package engine

import (
	"maps"
	"testing"
	"testing/synctest"
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

// TestDisabledWhileNoRunnerRan: nothing was expected while the monitor was disabled.
func TestDisabledWhileNoRunnerRan(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("00:20:00")
		p.ping(store.PingSuccess)
		p.until("00:21:00")
		p.engine.stop()
		p.edit(func(m *monitor.Monitor) { m.Enabled = false })
		p.until("00:25:00")
		p.start("r2")
		p.until("10:00:00")
		p.edit(func(m *monitor.Monitor) { m.Enabled = true })
		p.until("10:01:00")
		p.wantNotChecked("")
		if s := p.pushState(); !s.NotCheckedSince.IsZero() || !s.Deadline.Equal(onFirstDay(t, "11:05:00")) {
			t.Errorf("push state %+v", s)
		}
	}, "every 1h")
}

// TestNotCheckedSurvives: an edit and a restart do not make a result of a deadline that was not checked.
func TestNotCheckedSurvives(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:01:00")
		p.ping(store.PingSuccess)
		p.until("03:04:50")
		p.setDown(true)
		p.until("03:20:00")
		p.setDown(false)
		p.until("03:21:00")
		p.wantNotChecked("while this runner or the store was unavailable")
		p.edit(func(m *monitor.Monitor) { m.Name = "other" })
		p.wantUncheckedSince("03:05:00")
		p.engine.stop()
		p.start("r2")
		elapse(time.Second)
		p.wantUncheckedSince("03:05:00")
		p.until("03:30:00")
		p.ping(store.PingSuccess)
		p.until("03:31:00")
		p.wantNotChecked("")
	}, "0 2,3 * * *")
}

// TestReloadEndsNotChecked: another runner has stored a newer push state.
func TestReloadEndsNotChecked(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:05:00")
		p.setDown(true)
		p.until("02:20:00")
		p.setDown(false)
		p.until("02:21:00")
		p.wantUncheckedSince("02:05:00")
		s := p.pushState()
		s.Sequence, s.NotCheckedSince = s.Sequence+10, time.Time{}
		p.store.with("", func() { p.store.pushStates[s.MonitorID] = s })
		p.engine.reloadStates()
		elapse(2 * time.Second)
		p.wantNotChecked("")
		s.Sequence, s.NotCheckedSince = s.Sequence+10, onFirstDay(t, "02:10:00")
		p.store.with("", func() { p.store.pushStates[s.MonitorID] = s })
		p.engine.reloadStates()
		elapse(2 * time.Second)
		p.wantUncheckedSince("02:10:00")
	}, "0 2,3 * * *")
}

// wantUncheckedSince requires that the heartbeat lists the monitor since the given time of the first day.
func (p *pushTest) wantUncheckedSince(clock string) {
	p.t.Helper()
	want := store.NotCheckedMonitor{ID: p.monitor.ID, Since: onFirstDay(p.t, clock)}
	list := p.engine.scheduler.notChecked.list()
	if len(list) != 1 || len(list[0].Monitors) != 1 || !list[0].Monitors[0].Since.Equal(want.Since) || list[0].Monitors[0].ID != want.ID {
		p.t.Errorf("not checked are %+v, want %+v", list, want)
	}
}

// TestPingsOfDisabledMonitors: the pings that wait when a monitor is disabled or gets another type are deleted.
func TestPingsOfDisabledMonitors(t *testing.T) {
	for name, change := range map[string]func(m *monitor.Monitor){
		"disabled":     func(m *monitor.Monitor) { m.Enabled = false },
		"another type": func(m *monitor.Monitor) { m.Type, m.Target, m.Interval = "tcp", "127.0.0.1:1", "24h" },
	} {
		for _, isRunning := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				p := &pushTest{t: t, monitor: newPushMonitor("0 0 1 1 *")}
				other := monitorNumber(2, "1h")
				other.Type, other.Target, other.Updated = "push", "every 24h", monitor.Date(time.Now())
				p.store = newMemoryStore(p.monitor, other)
				if isRunning {
					p.start("r1")
				}
				p.until("00:10:00")
				p.ping(store.PingStart)
				if isRunning {
					p.until("00:11:00")
					p.edit(change)
					p.ping(store.PingSuccess) // The API has not noticed the edit yet.
				} else {
					p.edit(change)
					p.start("r1")
				}
				p.until("00:50:00")
				if n := p.waiting(); n != 1 {
					t.Errorf("%s, running %v: %d pings wait after 40 minutes, want 1", name, isRunning, n)
				}
				p.until("01:20:00")
				p.ping(store.PingLog) // begins a pass
				p.until("01:21:00")
				if n := p.waiting(); n != 1 {
					t.Errorf("%s, running %v: %d pings wait, want the new one", name, isRunning, n)
				}
				p.engine.stop()
			})
		}
	}
}

// waiting returns the number of stored pings.
func (p *pushTest) waiting() int {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	return len(p.store.pings)
}
