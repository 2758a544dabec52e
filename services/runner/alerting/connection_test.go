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
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/incident"
)

// sixMonitors returns the monitors a to f on different hosts, with an interval of 10 s.
func sixMonitors() []monitor.Monitor {
	ms := alertingtest.Monitors("a", "b", "c", "d", "e", "f")
	for i := range ms {
		ms[i].Interval, ms[i].Target = "10s", fmt.Sprintf("http://%s.test/", ms[i].ID)
	}
	return ms
}

// addResultsToAll adds the same results to each of the monitors, one second after the other.
func (h *harness) addResultsToAll(ids, letters string) {
	for _, id := range strings.Split(ids, "") {
		h.addResults(id, letters)
		wait(time.Second)
	}
}

// summary returns all notifications in short form, oldest first.
func (h *harness) summary() string {
	var texts []string
	for _, n := range h.List {
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
		t.Fatalf("notifications %s\nwant %s", got, want)
	}
}

func TestRunnerOfflineAndOnlineAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 2})
		h.alerter.Monitors(sixMonitors(), all)
		h.addResultsToAll("abcdef", "o")
		since := monitor.Date(time.Now())
		h.addResultsToAll("abcde", "f")
		expectSummary(t, h, offlineText)
		offline := h.List[0]
		if offline.ID != fmt.Sprintf("cutoff-%d", since.UnixMilli()) || !offline.Opened.Equal(since) || offline.Status != monitor.StatusFailed || offline.Runner != "here" || offline.Attempts != 1 {
			t.Errorf("%+v", offline)
		}
		// Failures are ignored while the runner is offline, OK results are not.
		h.addResultsToAll("abcdef", "f")
		h.addResultsToAll("abcdef", "f")
		expectSummary(t, h, offlineText)
		h.addResultsToAll("a", "o")
		expectSummary(t, h, offlineText)
		h.addResultsToAll("b", "o")
		expectSummary(t, h, offlineText+", "+onlineText)
		if online := h.List[1]; online.ID != fmt.Sprintf("reconnected-%d", since.UnixMilli()) || !online.Opened.Equal(since) || online.Status != monitor.StatusOK {
			t.Errorf("%+v", online)
		}
		// A monitor that still fails must reach the full failure count again.
		h.addResultsToAll("cdef", "f")
		expectSummary(t, h, offlineText+", "+onlineText)
		h.addResultsToAll("cdf", "o")
		h.addResultsToAll("e", "f")
		expectSummary(t, h, offlineText+", "+onlineText+", e-1-alert")
		// The runner is offline a second time.
		h.addResultsToAll("abcdf", "f")
		if got := h.summary(); strings.Count(got, "cutoff") != 2 {
			t.Errorf("notifications %s", got)
		}
	})
}

func TestRunnerOfflineWhileStoreUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 2})
		h.alerter.Monitors(sixMonitors(), all)
		h.addResultsToAll("abcdef", "o")
		h.SetIntercept(alertingtest.StoreUnavailable)
		h.addResultsToAll("abcde", "f")
		h.addResultsToAll("abcde", "f")
		expectSummary(t, h, "")
		h.SetIntercept(nil)
		wait(10 * time.Second)
		expectSummary(t, h, offlineText)
	})
}

// The store may store a notification and still return an error.
func TestRunnerOnlineAfterUncertainInsert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 2})
		h.alerter.Monitors(sixMonitors(), all)
		h.addResultsToAll("abcdef", "o")
		h.SetIntercept(func(_ context.Context, operation, _ string) error {
			if operation == "added" {
				return alertingtest.ErrUnavailable
			}
			return nil
		})
		h.addResultsToAll("abcde", "f")
		expectSummary(t, h, offlineText)
		h.addResultsToAll("abcd", "o")
		h.SetIntercept(nil)
		wait(10 * time.Second)
		expectSummary(t, h, offlineText+`, reconnected "Still failed: 1 of 6 monitors."`)
	})
}

// Failures since the last offline period don't count for a new one, and open incidents in the end.
func TestFailuresAfterOfflinePeriodOpenIncidents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 2})
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

// Monitors that were not OK before they failed never count as evidence, however long they fail.
func TestMonitorsNotOKBeforeAreNoEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 99})
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

func TestOldStatesAreNoEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 2})
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

// A change to the monitors is taken into account at once.
func TestEditsWhileAllMonitorsFail(t *testing.T) {
	for name, edit := range map[string]func(ms []monitor.Monitor){
		"a monitor that was OK is disabled": func(ms []monitor.Monitor) { ms[5].Enabled = false },
		"the targets move to several hosts": func(ms []monitor.Monitor) {
			for i := range ms {
				ms[i].Target = fmt.Sprintf("http://%s.test/", ms[i].ID)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 9})
				ms := append(sixMonitors(), alertingtest.Monitors("g")...)
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
					t.Errorf("notifications %q", got)
				}
			})
		})
	}
}

func TestRunnerNotOffline(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(ms []monitor.Monitor)
		results string
	}{
		{"errors", nil, "e"},
		{"maintenance", nil, "M"},
		{"one host", func(ms []monitor.Monitor) {
			for i := range ms {
				ms[i].Target = "http://one.test"
			}
		}, "f"},
		{"jobs that are late", func(ms []monitor.Monitor) {
			for i := range ms {
				ms[i].Type, ms[i].Properties = "push", map[string]string{"alertFailCount": "9"}
			}
		}, "f"},
		{"some belong to another runner", func(ms []monitor.Monitor) { ms[0].Name = "other"; ms[1].Name = "other" }, "f"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t, alertingtest.NewMemory(), incident.Rules{FailCount: 9})
				ms := sixMonitors()
				if tt.change != nil {
					tt.change(ms)
				}
				h.alerter.Monitors(ms, func(id string) bool { return ms[strings.Index("abcdef", id)].Name != "other" })
				h.addResultsToAll("abcdef", "o")
				h.addResultsToAll("abcdef", tt.results)
				h.addResultsToAll("abcdef", tt.results)
				expectSummary(t, h, "")
			})
		})
	}
}

// The notification that a runner is online again must not arrive before the one that it is offline.
func TestRunnerOnlineWaitsForRunnerOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.NewMemory()
		opened := monitor.Date(time.Now())
		for i, kind := range []store.NotificationKind{store.KindRunnerOffline, store.KindRunnerOnline} {
			at := opened.Add(time.Duration(i) * time.Second)
			m.Add(store.Notification{ID: store.RunnerNotificationID(kind, opened), Kind: kind, Opened: opened, Date: at, Next: at})
		}
		mail := alertingtest.NewScripted("email", "ann")
		newHarness(t, m, incident.Rules{}, mail)
		offline, online := store.RunnerNotificationID(store.KindRunnerOffline, opened), store.RunnerNotificationID(store.KindRunnerOnline, opened)
		mail.Set(alertingtest.FailTemporarily)
		wait(5 * time.Second)
		mail.Set(nil)
		wait(5 * time.Minute)
		attempts := strings.Split(mail.Attempts(), ", ")
		if len(attempts) != 3 || !strings.Contains(attempts[0], offline) || !strings.Contains(attempts[1], offline) || !strings.Contains(attempts[2], online) {
			t.Errorf("tried %v", attempts)
		}
		// If the first notification has expired, the second one doesn't wait.
		m.Add(store.Notification{ID: "reconnected-5", Kind: store.KindRunnerOnline, Opened: time.UnixMilli(5), Date: time.Now(), Next: time.Now()})
		wait(5 * time.Second)
		if got := mail.Attempts(); !strings.HasSuffix(got, "reconnected-5 ann") {
			t.Errorf("tried %s", got)
		}
	})
}

func TestRunnerProblemIsNotifiedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := alertingtest.NewMemory()
		h := newHarness(t, m, incident.Rules{}, alertingtest.NewScripted("email", "ann"))
		m.SetIntercept(func(context.Context, string, string) error { return monitor.ErrUnavailable })
		h.alerter.RunnerProblem("No files.", time.Now())
		h.alerter.RunnerProblem("No memory.", time.Now())
		wait(10 * time.Second)
		m.SetIntercept(nil)
		wait(10 * time.Second)
		expectSummary(t, h, `problem "No files.", problem "No memory."`)
		for _, n := range h.List {
			if n.Runner != "here" || n.Status != monitor.StatusFailed || n.Attempts != 1 || n.Deliveries[0].Status != store.DeliverySent {
				t.Errorf("%+v", n)
			}
		}
	})
}
