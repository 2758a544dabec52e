package alerting

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// fleet is monitors a to f on hosts of their own, checked every 10 s.
func sixMonitors() []monitor.Monitor {
	ms := testMonitors("a", "b", "c", "d", "e", "f")
	for i := range ms {
		ms[i].Interval, ms[i].Target = "10s", fmt.Sprintf("http://%s.test/", ms[i].ID)
	}
	return ms
}

// everyone finds the same for each of some monitors, a second after each other.
func (h *harness) addResultsToAll(ids, letters string) {
	for _, id := range strings.Split(ids, "") {
		h.addResults(id, letters)
		wait(time.Second)
	}
}

// kinds are all messages in short, oldest first.
func (m *memory) summary() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var texts []string
	for _, n := range m.notifications {
		if n.MonitorID == "" {
			texts = append(texts, fmt.Sprintf("%s %q", n.Kind, n.Message))
		} else {
			texts = append(texts, n.ID)
		}
	}
	return strings.Join(texts, ", ")
}

const (
	offlineText = `cutoff "5 of 6 monitors on 5 hosts failed at about the same time. NanoMon opens no incidents until the runner is online again."`
	onlineText  = `reconnected "Still failed: 4 of 6 monitors."`
)

func expectSummary(t *testing.T, h *harness, want string) {
	t.Helper()
	if got := h.summary(); got != want {
		t.Fatalf("messages %s\nwant %s", got, want)
	}
}

func TestARunnerThatIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, newMemory(), Rules{FailCount: 2})
		h.alerter.Monitors(sixMonitors(), all)
		h.addResultsToAll("abcdef", "o")
		began := monitor.Date(time.Now())
		h.addResultsToAll("abcde", "f")
		expectSummary(t, h, offlineText)
		cut := h.notifications[0]
		if cut.ID != fmt.Sprintf("cutoff-%d", began.UnixMilli()) || !cut.Opened.Equal(began) || cut.Status != monitor.StatusFailed || cut.Runner != "here" || cut.Attempts != 1 {
			t.Errorf("%+v", cut)
		}
		// What is bad meanwhile isn't told of, what is well is.
		h.addResultsToAll("abcdef", "f")
		h.addResultsToAll("abcdef", "f")
		expectSummary(t, h, offlineText)
		h.addResultsToAll("a", "o")
		expectSummary(t, h, offlineText)
		h.addResultsToAll("b", "o")
		expectSummary(t, h, offlineText+", "+onlineText)
		if over := h.notifications[1]; over.ID != fmt.Sprintf("reconnected-%d", began.UnixMilli()) || !over.Opened.Equal(began) || over.Status != monitor.StatusOK {
			t.Errorf("%+v", over)
		}
		// What is still bad has to be found as often as ever.
		h.addResultsToAll("cdef", "f")
		expectSummary(t, h, offlineText+", "+onlineText)
		h.addResultsToAll("cdf", "o")
		h.addResultsToAll("e", "f")
		expectSummary(t, h, offlineText+", "+onlineText+", e-1-alert")
		// The next time is another one.
		h.addResultsToAll("abcdf", "f")
		if got := h.summary(); strings.Count(got, "cutoff") != 2 {
			t.Errorf("messages %s", got)
		}
	})
}

func TestTheMessageOfACutOffIsOwedBeforeAnythingIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, newMemory(), Rules{FailCount: 2})
		h.alerter.Monitors(sixMonitors(), all)
		h.addResultsToAll("abcdef", "o")
		h.setIntercept(storeUnavailable)
		h.addResultsToAll("abcde", "f")
		h.addResultsToAll("abcde", "f")
		expectSummary(t, h, "")
		h.setIntercept(nil)
		wait(10 * time.Second)
		expectSummary(t, h, offlineText)
	})
}

// A store may store a message and say that it didn't.
func TestTheEndOfACutOffThatMayNotHaveBeenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, newMemory(), Rules{FailCount: 2})
		h.alerter.Monitors(sixMonitors(), all)
		h.addResultsToAll("abcdef", "o")
		h.setIntercept(func(_ context.Context, operation, _ string) error {
			if operation == "added" {
				return errUnavailable
			}
			return nil
		})
		h.addResultsToAll("abcde", "f")
		expectSummary(t, h, offlineText)
		h.addResultsToAll("abcd", "o")
		h.setIntercept(nil)
		wait(10 * time.Second)
		expectSummary(t, h, offlineText+`, reconnected "Still failed: 1 of 6 monitors."`)
	})
}

// What has been bad since the last time belongs to no new one, and is told of in the end.
func TestWhatIsStillBadAfterACutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, newMemory(), Rules{FailCount: 2})
		ms := sixMonitors()
		for i := range ms {
			ms[i].Interval = "60s"
		}
		h.alerter.Monitors(ms, all)
		h.addResultsToAll("abcdef", "o")
		h.addResultsToAll("abcde", "f")
		h.addResultsToAll("ab", "o")
		h.addResultsToAll("ab", "f")
		h.addResultsToAll("cde", "ff")
		expectSummary(t, h, offlineText+", "+onlineText+", c-1-alert, d-1-alert, e-1-alert")
	})
}

// Monitors that were bad before they failed count as such as long as they fail, and old news change nothing.
func TestWhatWasBadBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, newMemory(), Rules{FailCount: 99})
		ms := sixMonitors()
		h.alerter.Monitors(ms, all)
		h.addResultsToAll("abcdef", "e")
		for range store.HistoryLength {
			h.addResultsToAll("abcdef", "ff")
		}
		ms[5].Enabled = false
		h.alerter.Monitors(ms, all)
		wait(time.Second)
		expectSummary(t, h, "")
	})
}

func TestOldNewsOfAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, newMemory(), Rules{FailCount: 2})
		h.alerter.Monitors(sixMonitors(), all)
		h.addResultsToAll("abcdef", "o")
		var old []store.State
		for _, s := range h.current {
			old = append(old, *s)
		}
		h.addResultsToAll("abcde", "f")
		h.alerter.Stored(old)
		wait(5 * time.Second)
		expectSummary(t, h, offlineText)
	})
}

// Which monitors there are, and where, counts as it is now.
func TestEditsWhileAllFails(t *testing.T) {
	for name, edit := range map[string]func(ms []monitor.Monitor){
		"another that was well is disabled": func(ms []monitor.Monitor) { ms[5].Enabled = false },
		"they are on several hosts": func(ms []monitor.Monitor) {
			for i := range ms {
				ms[i].Target = fmt.Sprintf("http://%s.test/", ms[i].ID)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, newMemory(), Rules{FailCount: 9})
				ms := append(sixMonitors(), testMonitors("g")...)
				failing := "abcdefg"
				if strings.Contains(name, "disabled") {
					failing = "abcde"
				} else {
					for i := range ms {
						ms[i].Target = "http://one.test/"
					}
				}
				h.alerter.Monitors(ms, all)
				h.addResultsToAll("abcdefg", "o")
				h.addResultsToAll(failing, "f")
				expectSummary(t, h, "")
				edit(ms)
				h.alerter.Monitors(ms, all)
				wait(time.Second)
				if got := h.summary(); !strings.HasPrefix(got, "cutoff") {
					t.Errorf("messages %q", got)
				}
			})
		})
	}
}

func TestNoCutOff(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(ms []monitor.Monitor)
		finds  string
	}{
		{"errors", nil, "e"},
		{"maintenance", nil, "M"},
		{"one host", func(ms []monitor.Monitor) {
			for i := range ms {
				ms[i].Target = "http://one.test"
			}
		}, "f"},
		{"another runner's", func(ms []monitor.Monitor) { ms[0].Name = "theirs"; ms[1].Name = "theirs" }, "f"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, newMemory(), Rules{FailCount: 9})
				ms := sixMonitors()
				if tt.change != nil {
					tt.change(ms)
				}
				h.alerter.Monitors(ms, func(id string) bool { return ms[strings.Index("abcdef", id)].Name != "theirs" })
				h.addResultsToAll("abcdef", "o")
				h.addResultsToAll("abcdef", tt.finds)
				h.addResultsToAll("abcdef", tt.finds)
				expectSummary(t, h, "")
			})
		})
	}
}

// Nobody hears that a runner is connected again before they hear that it was cut off.
func TestReconnectedWaitsForCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		opened := monitor.Date(time.Now())
		for i, kind := range []store.NotificationKind{store.KindRunnerOffline, store.KindRunnerOnline} {
			at := opened.Add(time.Duration(i) * time.Second)
			m.add(store.Notification{ID: store.RunnerNotificationID(kind, opened), Kind: kind, Opened: opened, Date: at, Next: at})
		}
		mail := newScripted("email", "ann")
		newHarness(t, m, Rules{}, mail)
		cut, over := store.RunnerNotificationID(store.KindRunnerOffline, opened), store.RunnerNotificationID(store.KindRunnerOnline, opened)
		mail.set(failTemporarily)
		wait(5 * time.Second)
		mail.set(nil)
		wait(5 * time.Minute)
		tries := strings.Split(mail.tried(), ", ")
		if len(tries) != 3 || !strings.Contains(tries[0], cut) || !strings.Contains(tries[1], cut) || !strings.Contains(tries[2], over) {
			t.Errorf("tried %v", tries)
		}
		// The end of one whose beginning has expired waits for nothing.
		m.add(store.Notification{ID: "reconnected-5", Kind: store.KindRunnerOnline, Opened: time.UnixMilli(5), Date: time.Now(), Next: time.Now()})
		wait(5 * time.Second)
		if got := mail.tried(); !strings.HasSuffix(got, "reconnected-5 ann") {
			t.Errorf("tried %s", got)
		}
	})
}
