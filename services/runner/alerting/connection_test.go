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
func fleet() []monitor.Monitor {
	ms := monitorsNamed("a", "b", "c", "d", "e", "f")
	for i := range ms {
		ms[i].Interval, ms[i].Target = "10s", fmt.Sprintf("http://%s.test/", ms[i].ID)
	}
	return ms
}

// everyone finds the same for each of some monitors, a second after each other.
func (b *harness) everyone(ids, letters string) {
	for _, id := range strings.Split(ids, "") {
		b.found(id, letters)
		settle(time.Second)
	}
}

// kinds are all messages in short, oldest first.
func (m *memory) kinds() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var texts []string
	for _, a := range m.alerts {
		if a.MonitorID == "" {
			texts = append(texts, fmt.Sprintf("%s %q", a.Kind, a.Message))
		} else {
			texts = append(texts, a.ID)
		}
	}
	return strings.Join(texts, ", ")
}

const (
	cutText = `cutoff "5 of 6 monitors on 5 hosts failed at about the same time. Other alerts are held until that is over."`
	endText = `reconnected "Still failed: 4 of 6 monitors."`
)

func expectKinds(t *testing.T, b *harness, want string) {
	t.Helper()
	if got := b.kinds(); got != want {
		t.Fatalf("messages %s\nwant %s", got, want)
	}
}

func TestARunnerThatIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 2})
		b.alerter.Monitors(fleet(), all)
		b.everyone("abcdef", "o")
		began := monitor.Date(time.Now())
		b.everyone("abcde", "f")
		expectKinds(t, b, cutText)
		cut := b.alerts[0]
		if cut.ID != fmt.Sprintf("cutoff-%d", began.UnixMilli()) || !cut.Opened.Equal(began) || cut.Status != monitor.StatusFailed || cut.Runner != "here" || cut.Attempts != 1 {
			t.Errorf("%+v", cut)
		}
		// What is bad meanwhile isn't told of, what is well is.
		b.everyone("abcdef", "f")
		b.everyone("abcdef", "f")
		expectKinds(t, b, cutText)
		b.everyone("a", "o")
		expectKinds(t, b, cutText)
		b.everyone("b", "o")
		expectKinds(t, b, cutText+", "+endText)
		if over := b.alerts[1]; over.ID != fmt.Sprintf("reconnected-%d", began.UnixMilli()) || !over.Opened.Equal(began) || over.Status != monitor.StatusOK {
			t.Errorf("%+v", over)
		}
		// What is still bad has to be found as often as ever.
		b.everyone("cdef", "f")
		expectKinds(t, b, cutText+", "+endText)
		b.everyone("cdf", "o")
		b.everyone("e", "f")
		expectKinds(t, b, cutText+", "+endText+", e-1-alert")
		// The next time is another one.
		b.everyone("abcdf", "f")
		if got := b.kinds(); strings.Count(got, "cutoff") != 2 {
			t.Errorf("messages %s", got)
		}
	})
}

func TestTheMessageOfACutOffIsOwedBeforeAnythingIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 2})
		b.alerter.Monitors(fleet(), all)
		b.everyone("abcdef", "o")
		b.meeting(away)
		b.everyone("abcde", "f")
		b.everyone("abcde", "f")
		expectKinds(t, b, "")
		b.meeting(nil)
		settle(10 * time.Second)
		expectKinds(t, b, cutText)
	})
}

// A store may store a message and say that it didn't.
func TestTheEndOfACutOffThatMayNotHaveBeenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 2})
		b.alerter.Monitors(fleet(), all)
		b.everyone("abcdef", "o")
		b.meeting(func(_ context.Context, operation, _ string) error {
			if operation == "added" {
				return errAway
			}
			return nil
		})
		b.everyone("abcde", "f")
		expectKinds(t, b, cutText)
		b.everyone("abcd", "o")
		b.meeting(nil)
		settle(10 * time.Second)
		expectKinds(t, b, cutText+`, reconnected "Still failed: 1 of 6 monitors."`)
	})
}

// What has been bad since the last time belongs to no new one, and is told of in the end.
func TestWhatIsStillBadAfterACutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 2})
		ms := fleet()
		for i := range ms {
			ms[i].Interval = "60s"
		}
		b.alerter.Monitors(ms, all)
		b.everyone("abcdef", "o")
		b.everyone("abcde", "f")
		b.everyone("ab", "o")
		b.everyone("ab", "f")
		b.everyone("cde", "ff")
		expectKinds(t, b, cutText+", "+endText+", c-1-alert, d-1-alert, e-1-alert")
	})
}

// Monitors that were bad before they failed count as such as long as they fail, and old news change nothing.
func TestWhatWasBadBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 99})
		ms := fleet()
		b.alerter.Monitors(ms, all)
		b.everyone("abcdef", "e")
		for range store.HistoryLength {
			b.everyone("abcdef", "ff")
		}
		ms[5].Enabled = false
		b.alerter.Monitors(ms, all)
		settle(time.Second)
		expectKinds(t, b, "")
	})
}

func TestOldNewsOfAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHarness(t, newMemory(), Rules{FailCount: 2})
		b.alerter.Monitors(fleet(), all)
		b.everyone("abcdef", "o")
		var old []store.State
		for _, s := range b.chains {
			old = append(old, *s)
		}
		b.everyone("abcde", "f")
		b.alerter.Stored(old)
		settle(5 * time.Second)
		expectKinds(t, b, cutText)
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
				b := newHarness(t, newMemory(), Rules{FailCount: 9})
				ms := append(fleet(), monitorsNamed("g")...)
				failing := "abcdefg"
				if strings.Contains(name, "disabled") {
					failing = "abcde"
				} else {
					for i := range ms {
						ms[i].Target = "http://one.test/"
					}
				}
				b.alerter.Monitors(ms, all)
				b.everyone("abcdefg", "o")
				b.everyone(failing, "f")
				expectKinds(t, b, "")
				edit(ms)
				b.alerter.Monitors(ms, all)
				settle(time.Second)
				if got := b.kinds(); !strings.HasPrefix(got, "cutoff") {
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
				b := newHarness(t, newMemory(), Rules{FailCount: 9})
				ms := fleet()
				if tt.change != nil {
					tt.change(ms)
				}
				b.alerter.Monitors(ms, func(id string) bool { return ms[strings.Index("abcdef", id)].Name != "theirs" })
				b.everyone("abcdef", "o")
				b.everyone("abcdef", tt.finds)
				b.everyone("abcdef", tt.finds)
				expectKinds(t, b, "")
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
		mail.set(busy)
		settle(5 * time.Second)
		mail.set(nil)
		settle(5 * time.Minute)
		tries := strings.Split(mail.tried(), ", ")
		if len(tries) != 3 || !strings.Contains(tries[0], cut) || !strings.Contains(tries[1], cut) || !strings.Contains(tries[2], over) {
			t.Errorf("tried %v", tries)
		}
		// The end of one whose beginning has expired waits for nothing.
		m.add(store.Notification{ID: "reconnected-5", Kind: store.KindRunnerOnline, Opened: time.UnixMilli(5), Date: time.Now(), Next: time.Now()})
		settle(5 * time.Second)
		if got := mail.tried(); !strings.HasSuffix(got, "reconnected-5 ann") {
			t.Errorf("tried %s", got)
		}
	})
}
