package engine

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// notChecked returns the reason why the monitor is listed as not checked, empty if it is not.
func (p *pushTest) notChecked() string {
	for _, list := range p.engine.scheduler.notChecked.list() {
		for _, m := range list.Monitors {
			if m.ID == p.monitor.ID {
				return list.Reason
			}
		}
	}
	return ""
}

func (p *pushTest) wantNotChecked(reason string) {
	p.t.Helper()
	if got := p.notChecked(); reason == "" && got != "" || !strings.Contains(got, reason) {
		p.t.Errorf("not checked because %q, want %q", got, reason)
	}
}

func (p *pushTest) setDown(down bool) {
	p.store.with("", func() { p.store.down = down })
}

func TestStoreUnavailableAcrossDeadline(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:01:00")
		p.ping(store.PingSuccess)
		p.until("03:04:50")
		p.setDown(true)
		p.until("03:20:00")
		p.setDown(false)
		p.until("03:21:00")
		p.want("02:01:00 ok")
		p.wantNotChecked("while this runner or the store was unavailable")
		if s := p.pushState(); !s.NotCheckedSince.Equal(onFirstDay(t, "03:05:00")) || !s.Deadline.Equal(onFirstDay(t, "04:05:00")) {
			t.Errorf("push state %+v", s)
		}
		p.until("04:01:00")
		p.ping(store.PingSuccess)
		p.until("04:02:00")
		p.want("02:01:00 ok", "04:01:00 ok")
		p.wantChanges("02:01:00 ok", "03:05:00 unchecked", "04:01:00 ok")
		p.wantNotChecked("")
	}, "0 2-23 * * *")
}

func TestStoreUnavailableForAMoment(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:05:05")
		p.setDown(true)
		p.until("02:05:40")
		p.setDown(false)
		p.until("02:05:50")
		p.want("02:05:00 failed")
	}, "0 2-23 * * *")
}

func TestAPIUnavailableAcrossDeadline(t *testing.T) {
	for _, c := range []struct{ name, from, to, result, notChecked string }{
		{"before the time of the job", "02:00:00", "02:59:50", "03:05:00 failed", ""},
		{"just before the time of the job", "02:59:50", "02:59:58", "", "pings may have been lost"},
		{"in the grace time", "03:02:00", "03:03:00", "", "pings may have been lost"},
		{"from the grace time on", "03:04:00", "", "", "pings may have been lost"},
		{"after the deadline", "03:05:06", "03:06:00", "03:05:00 failed", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				elapse(2 * time.Hour)
				p := &pushTest{t: t, monitor: newPushMonitor("0 2-23 * * *")}
				p.monitor.Updated = onFirstDay(t, "02:00:00")
				p.store = newMemoryStore(p.monitor)
				stop := p.receive("before")
				p.start("r1")
				elapse(time.Until(onFirstDay(t, c.from)))
				stop()
				if c.to != "" {
					p.until(c.to)
					p.receive("after")
				}
				p.until("03:06:30")
				p.wantNotChecked(c.notChecked)
				var want []string
				if c.result != "" {
					want = append(want, c.result)
				}
				p.want(want...)
			})
		})
	}
}

// TestOneOfTwoAPIsLosesPings: one process loses its store, or is killed, while another one receives pings all the time.
func TestOneOfTwoAPIsLosesPings(t *testing.T) {
	for _, c := range []struct{ name, from, to, result, notChecked string }{
		{"before the time of the job", "02:57:00", "02:59:00", "03:05:00 failed", ""},
		{"at the deadline", "03:04:55", "03:05:08", "", "pings may have been lost"},
		{"it reports the loss after the deadline has settled", "03:04:30", "03:05:25", "", "pings may have been lost"},
		{"it never reports the loss", "03:04:30", "", "", "pings may have been lost"},
		{"it has lost its store before the time of the job", "02:59:00", "03:30:00", "", "pings may have been lost"},
		{"it was killed long before", "02:57:00", "", "03:05:00 failed", ""},
		{"after the deadline", "03:05:06", "03:05:20", "03:05:00 failed", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			testPush(t, func(t *testing.T, p *pushTest) {
				p.until("02:00:01")
				p.ping(store.PingSuccess)
				stop := p.receive("other")
				p.until(c.from)
				stop()
				if c.to != "" && c.to < "03:06:30" {
					p.until(c.to)
					p.receive("other")
				}
				p.until("03:06:30")
				p.wantNotChecked(c.notChecked)
				want := []string{"02:00:01 ok"}
				if c.result != "" {
					want = append(want, c.result)
				}
				p.want(want...)
			}, "0 2-23 * * *")
		})
	}
}

// TestLossIsReportedAfterAnotherDeadline: the periods that were read for one deadline are too old for the next one.
func TestLossIsReportedAfterAnotherDeadline(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:00:01")
		p.ping(store.PingSuccess)
		other := p.monitor
		other.ID, other.Properties = monitorNumber(2, "1h").ID, map[string]string{"grace": "295s"}
		p.store.set(other)
		p.until("03:05:08")
		for _, date := range []string{"03:04:57", "03:05:08"} {
			at := onFirstDay(t, date)
			must(t, p.store.PutReceivingPeriod(t.Context(), store.ReceivingPeriod{ID: date, Process: "new", From: at, To: at}))
		}
		p.until("03:06:30")
		p.wantNotChecked("pings may have been lost")
		if list := p.results(); len(list) != 3 || !strings.HasPrefix(list[2], "03:04:55 failed") {
			t.Errorf("results %v, want the other deadline alone", list)
		}
	}, "0 2-23 * * *")
}

func TestRestartAcrossDeadline(t *testing.T) {
	for _, c := range []struct {
		name, stop, start string
		ping              bool
		want, changes     []string
		notChecked        string
	}{
		{"it is back in time", "03:04:50", "03:05:40", false, []string{"02:01:00 ok", "03:05:00 failed"}, []string{"02:01:00 ok", "03:05:00 failed"}, ""},
		{"it is back too late", "03:04:50", "03:07:00", false, []string{"02:01:00 ok"}, []string{"02:01:00 ok"}, "while this runner or the store was unavailable"},
		{"a ping arrived in time", "03:00:00", "03:30:00", true, []string{"02:01:00 ok", "03:04:00 ok"}, []string{"02:01:00 ok"}, ""},
		{"it was stopped while the deadline settled", "03:05:05", "03:05:20", false, []string{"02:01:00 ok", "03:05:00 failed"}, []string{"02:01:00 ok", "03:05:00 failed"}, ""},
		{"it was stopped after the result", "03:05:30", "03:05:40", false, []string{"02:01:00 ok", "03:05:00 failed"}, []string{"02:01:00 ok", "03:05:00 failed"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			testPush(t, func(t *testing.T, p *pushTest) {
				p.until("02:01:00")
				p.ping(store.PingSuccess)
				p.until(c.stop)
				p.engine.stop()
				if c.ping {
					p.until("03:04:00")
					p.ping(store.PingSuccess)
				}
				p.until(c.start)
				p.start("r1")
				elapse(time.Minute)
				p.want(c.want...)
				p.wantChanges(c.changes...)
				p.wantNotChecked(c.notChecked)
			}, "0 2-23 * * *")
		})
	}
}

// TestLateAfterNotChecked: the next deadline is noticed as after any other.
func TestLateAfterNotChecked(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:01:00")
		p.ping(store.PingSuccess)
		p.until("03:04:50")
		p.engine.stop()
		p.until("05:30:00")
		p.start("r1")
		p.until("06:06:00")
		p.want("02:01:00 ok", "06:05:00 failed")
		p.wantChanges("02:01:00 ok", "03:05:00 unchecked", "06:05:00 failed")
	}, "0 2-23 * * *")
}

func TestTakeOverAcrossDeadline(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:00:30")
		p.ping(store.PingStart)
		p.until("02:01:00")
		first := p.engine
		p.start("r2")
		p.until("02:02:00")
		owner, other := first, p.engine
		if len(*first.scheduler.running.Load()) == 0 {
			owner, other = p.engine, first
		}
		p.until("02:04:50")
		owner.stop()
		p.until("02:20:00")
		p.engine = other
		p.want("02:05:00 failed The run that began at 2000-01-01 02:00:30 (UTC) has not ended")
		p.ping(store.PingSuccess)
		p.until("02:21:00")
		p.want("02:05:00 failed", "02:20:00 ok")
		if s := p.pushState(); len(s.Pings) != 2 || *s.Pings[0].Duration != 1_170_000 {
			t.Errorf("push state %+v", s)
		}
		owner.stop()
		other.stop()
	}, "0 2-23 * * *")
}

// TestKilledBetweenTheWrites: a store without transactions has the state of a result, and not yet the push state.
func TestKilledBetweenTheWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pushTest{t: t, monitor: newPushMonitor("0 2-23 * * *")}
		p.store = newMemoryStore(p.monitor)
		p.receive("api")
		p.start("r1")
		p.until("02:01:00")
		var before store.PushState
		var waiting []store.Ping
		p.store.with("", func() { before = p.store.pushStates[p.monitor.ID] })
		p.ping(store.PingSuccess)
		p.until("02:01:01")
		p.ping(store.PingFail)
		p.store.with("", func() { waiting = append(waiting, p.store.pings...) })
		p.until("02:02:00")
		p.engine.stop()
		p.store.with("", func() {
			p.store.pushStates[p.monitor.ID] = before
			first := store.Ping{ID: "000000000000000000000001", MonitorID: p.monitor.ID, Received: onFirstDay(t, "02:01:00"), Kind: store.PingSuccess}
			p.store.pings = append([]store.Ping{first}, waiting[len(waiting)-1])
		})
		p.start("r1")
		elapse(time.Minute)
		p.want("02:01:00 ok", "02:01:01 error")
		if s := p.pushState(); len(s.Pings) != 2 || !s.Deadline.Equal(onFirstDay(t, "03:05:00")) {
			t.Errorf("push state %+v", s)
		}
	})
}

func TestEditingThePushMonitor(t *testing.T) {
	edit := func(p *pushTest, change func(m *monitor.Monitor)) {
		change(&p.monitor)
		p.monitor.Updated = monitor.Date(time.Now())
		p.store.set(p.monitor)
	}
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("00:30:00")
		p.ping(store.PingSuccess)
		p.until("01:30:00")
		edit(p, func(m *monitor.Monitor) { m.Name = "another name" })
		p.until("01:34:00")
		edit(p, func(m *monitor.Monitor) { m.Target = "every 2h" })
		p.until("03:38:00")
		p.want("00:30:00 ok")
		p.until("03:40:00")
		p.want("00:30:00 ok", "03:39:00 failed")
		edit(p, func(m *monitor.Monitor) { m.Enabled = false })
		p.until("09:00:00")
		edit(p, func(m *monitor.Monitor) { m.Enabled = true })
		p.until("11:04:00")
		p.want("00:30:00 ok", "03:39:00 failed")
		p.until("11:06:00")
		p.want("00:30:00 ok", "03:39:00 failed", "11:05:00 failed")
		p.wantNotChecked("")
	}, "every 1h")
}

// TestEditWhilePingsWait: an edit cancels what the old definition does. The pings are handled with the new one.
func TestEditWhilePingsWait(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		p.until("02:05:05")
		p.ping(store.PingSuccess) // waits until the deadline has been judged
		p.until("02:05:07")
		p.monitor.Name = "another name"
		p.store.set(p.monitor)
		p.until("02:06:00")
		p.want("02:05:00 failed", "02:05:05 ok")
	}, "0 2,3 * * *")
}
