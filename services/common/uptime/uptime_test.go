package uptime_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

func status(minute int, from, to string) store.StatusChange {
	return store.StatusChange{Date: at(minute), Kind: store.ChangeStatus, From: from, To: to}
}

func enabled(minute int, from, to string) store.StatusChange {
	return store.StatusChange{Date: at(minute), Kind: store.ChangeEnabled, From: from, To: to}
}

func ignored(minute int, from, to string) store.StatusChange {
	return store.StatusChange{Date: at(minute), Kind: store.ChangeIgnored, From: from, To: to}
}

// stateIgnored returns a state whose latest result is ignored.
func stateIgnored(since, latest int, s monitor.Status, reason monitor.IgnoreReason) *store.State {
	state := newState(since, latest, s)
	state.Latest.Ignored = reason
	return state
}

func newState(since, latest int, s monitor.Status) *store.State {
	return &store.State{Since: at(since), Latest: monitor.Result{Date: at(latest), Status: s}}
}

func TestSum(t *testing.T) {
	m := monitor.Monitor{Interval: "1m", Enabled: true}
	disabled := monitor.Monitor{Interval: "1m"}
	for name, c := range map[string]struct {
		monitor monitor.Monitor
		state   *store.State
		log     []store.StatusChange
		want    uptime.Breakdown
		percent float64
		unknown bool
	}{
		"never checked": {
			monitor: m, want: uptime.Breakdown{Unchecked: 60 * time.Minute}, unknown: true,
		},
		"OK all the time, nothing in the log": {
			monitor: m, state: newState(-500, 60, monitor.StatusOK),
			want: uptime.Breakdown{OK: 60 * time.Minute}, percent: 100,
		},
		"first result in the middle": {
			monitor: m, state: newState(40, 60, monitor.StatusOK), log: []store.StatusChange{status(40, "", "ok")},
			want: uptime.Breakdown{Unchecked: 40 * time.Minute, OK: 20 * time.Minute}, percent: 100,
		},
		"the start of the log has expired": {
			monitor: m, state: newState(40, 60, monitor.StatusError),
			want: uptime.Breakdown{Unchecked: 40 * time.Minute, Error: 20 * time.Minute}, percent: 0,
		},
		"the start of the log has expired, and disabled later": {
			monitor: disabled, state: newState(40, 49, monitor.StatusError), log: []store.StatusChange{enabled(50, "enabled", "disabled")},
			want: uptime.Breakdown{Unchecked: 40 * time.Minute, Error: 10 * time.Minute, Disabled: 10 * time.Minute}, percent: 0,
		},
		"down for a quarter of an hour": {
			monitor: m, state: newState(25, 60, monitor.StatusOK),
			log:  []store.StatusChange{status(25, "failed", "ok"), status(10, "ok", "failed")},
			want: uptime.Breakdown{OK: 45 * time.Minute, Failed: 15 * time.Minute}, percent: 75,
		},
		"disabled time does not count": {
			monitor: m, state: newState(-9, 60, monitor.StatusOK),
			log:  []store.StatusChange{enabled(50, "disabled", "enabled"), enabled(20, "enabled", "disabled")},
			want: uptime.Breakdown{OK: 30 * time.Minute, Disabled: 30 * time.Minute}, percent: 100,
		},
		"disabled throughout": {
			monitor: disabled, state: newState(-9, -5, monitor.StatusOK),
			want: uptime.Breakdown{Disabled: 60 * time.Minute}, unknown: true,
		},
		"no runner for a while": {
			monitor: m, state: newState(30, 60, monitor.StatusOK),
			log:  []store.StatusChange{status(30, "unchecked", "ok"), status(10, "ok", "unchecked")},
			want: uptime.Breakdown{OK: 40 * time.Minute, Unchecked: 20 * time.Minute}, percent: 100,
		},
		"the next change is after the end": {
			monitor: m, state: newState(90, 95, monitor.StatusOK),
			log:  []store.StatusChange{status(90, "failed", "ok"), status(60, "error", "failed")},
			want: uptime.Breakdown{Error: 60 * time.Minute}, percent: 0,
		},
		"disabled after the end": {
			monitor: disabled, state: newState(-9, 70, monitor.StatusOK), log: []store.StatusChange{enabled(70, "enabled", "disabled")},
			want: uptime.Breakdown{OK: 60 * time.Minute}, percent: 100,
		},
		"the first result is after the end": {
			monitor: m, state: newState(70, 80, monitor.StatusOK), log: []store.StatusChange{status(70, "", "ok")},
			want: uptime.Breakdown{Unchecked: 60 * time.Minute}, unknown: true,
		},
		"a status since after the end, and no log": {
			monitor: m, state: newState(70, 80, monitor.StatusOK),
			want: uptime.Breakdown{Unchecked: 60 * time.Minute}, unknown: true,
		},
		"no runner at the end": {
			monitor: m, state: newState(-30, 10, monitor.StatusFailed),
			want: uptime.Breakdown{Failed: 13 * time.Minute, Unchecked: 47 * time.Minute}, percent: 0,
		},
		"a maintenance window in the middle": {
			monitor: m, state: newState(-9, 60, monitor.StatusOK),
			log:  []store.StatusChange{ignored(30, "maintenance", "counted"), ignored(10, "counted", "maintenance")},
			want: uptime.Breakdown{OK: 40 * time.Minute, Maintenance: 20 * time.Minute}, percent: 100,
		},
		"down during and after a maintenance window": {
			monitor: m, state: newState(45, 60, monitor.StatusOK),
			log: []store.StatusChange{
				status(45, "failed", "ok"), ignored(30, "maintenance", "counted"), status(15, "ok", "failed"), ignored(10, "counted", "maintenance"),
			},
			want: uptime.Breakdown{OK: 25 * time.Minute, Failed: 15 * time.Minute, Maintenance: 20 * time.Minute}, percent: 62.5,
		},
		"blocked, then down while the dependency is OK": {
			monitor: m, state: newState(40, 60, monitor.StatusOK),
			log: []store.StatusChange{
				status(40, "error", "ok"), ignored(30, "blocked", "counted"), ignored(10, "counted", "blocked"), status(10, "ok", "error"),
			},
			want: uptime.Breakdown{OK: 30 * time.Minute, Error: 10 * time.Minute, Blocked: 20 * time.Minute}, percent: 75,
		},
		"from maintenance to blocked": {
			monitor: m, state: stateIgnored(-9, 60, monitor.StatusFailed, monitor.IgnoredBlocked),
			log:  []store.StatusChange{ignored(20, "maintenance", "blocked")},
			want: uptime.Breakdown{Maintenance: 20 * time.Minute, Blocked: 40 * time.Minute}, unknown: true,
		},
		"ignored throughout, nothing in the log": {
			monitor: m, state: stateIgnored(-9, 60, monitor.StatusOK, monitor.IgnoredMaintenance),
			want: uptime.Breakdown{Maintenance: 60 * time.Minute}, unknown: true,
		},
		"the first result is ignored": {
			monitor: m, state: stateIgnored(20, 60, monitor.StatusOK, monitor.IgnoredMaintenance),
			log:  []store.StatusChange{ignored(20, "counted", "maintenance"), status(20, "", "ok")},
			want: uptime.Breakdown{Unchecked: 20 * time.Minute, Maintenance: 40 * time.Minute}, unknown: true,
		},
		"a maintenance window after the end": {
			monitor: m, state: stateIgnored(-9, 90, monitor.StatusOK, monitor.IgnoredMaintenance),
			log:  []store.StatusChange{ignored(60, "counted", "maintenance")},
			want: uptime.Breakdown{OK: 60 * time.Minute}, percent: 100,
		},
		"disabled during a maintenance window": {
			monitor: m, state: newState(-9, 60, monitor.StatusOK),
			log: []store.StatusChange{
				ignored(40, "maintenance", "counted"), enabled(30, "disabled", "enabled"), enabled(20, "enabled", "disabled"), ignored(10, "counted", "maintenance"),
			},
			want: uptime.Breakdown{OK: 30 * time.Minute, Disabled: 10 * time.Minute, Maintenance: 20 * time.Minute}, percent: 100,
		},
		"no runner during a maintenance window": {
			monitor: m, state: newState(40, 60, monitor.StatusOK),
			log: []store.StatusChange{
				ignored(40, "maintenance", "counted"), status(40, "unchecked", "ok"), status(20, "ok", "unchecked"), ignored(10, "counted", "maintenance"),
			},
			want: uptime.Breakdown{OK: 30 * time.Minute, Unchecked: 20 * time.Minute, Maintenance: 10 * time.Minute}, percent: 100,
		},
		"no runner since a maintenance window": {
			monitor: m, state: stateIgnored(-30, 10, monitor.StatusFailed, monitor.IgnoredMaintenance),
			want: uptime.Breakdown{Maintenance: 13 * time.Minute, Unchecked: 47 * time.Minute}, unknown: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := uptime.Sum(uptime.Periods(start, at(60), c.monitor, c.state, c.log, time.Time{}))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if sum := got.OK + got.Error + got.Failed + got.Unchecked + got.Disabled + got.Maintenance + got.Blocked; sum != time.Hour {
				t.Errorf("the parts add up to %s", sum)
			}
			percent, ok := got.Percent()
			if ok == c.unknown || percent != c.percent {
				t.Errorf("percent is %v, %v", percent, ok)
			}
		})
	}
}

func TestSumFrom(t *testing.T) {
	m := monitor.Monitor{Interval: "1m", Enabled: true}
	for name, c := range map[string]struct {
		state *store.State
		log   []store.StatusChange
		want  time.Time
	}{
		"never checked": {},
		"always checked": {
			state: newState(-500, 60, monitor.StatusOK), want: start,
		},
		"first result in the middle": {
			state: newState(40, 60, monitor.StatusOK), log: []store.StatusChange{status(40, "", "ok")}, want: at(40),
		},
		"disabled, then enabled": {
			state: newState(-9, 60, monitor.StatusFailed), log: []store.StatusChange{enabled(20, "disabled", "enabled")}, want: at(20),
		},
		"in maintenance at the start": {
			state: newState(-9, 60, monitor.StatusOK), log: []store.StatusChange{ignored(30, "maintenance", "counted")}, want: at(30),
		},
		"not checked in the middle": {
			state: newState(30, 60, monitor.StatusOK),
			log:   []store.StatusChange{status(30, "unchecked", "ok"), status(10, "ok", "unchecked")}, want: start,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, got := uptime.Sum(uptime.Periods(start, at(60), m, c.state, c.log, time.Time{})); !got.Equal(c.want) {
				t.Errorf("checked from %s, want %s", got, c.want)
			}
		})
	}
}
