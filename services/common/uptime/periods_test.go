package uptime_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

func period(from, to int, kind uptime.Kind) uptime.Period {
	return uptime.Period{From: at(from), To: at(to), Kind: kind}
}

func TestPeriods(t *testing.T) {
	m := monitor.Monitor{Interval: "1m", Enabled: true}
	for name, c := range map[string]struct {
		state *store.State
		log   []store.StatusChange
		// expired is the minute before which status changes have expired.
		expired int
		want    []uptime.Period
	}{
		"never checked": {want: []uptime.Period{period(0, 60, uptime.Unchecked)}},
		"one of each kind": {
			state: newState(52, 60, monitor.StatusOK),
			log: []store.StatusChange{
				status(55, "unchecked", "ok"), status(50, "failed", "unchecked"), enabled(45, "disabled", "enabled"),
				enabled(40, "enabled", "disabled"), status(35, "error", "failed"), status(30, "ok", "error"),
				ignored(25, "blocked", "counted"), ignored(20, "maintenance", "blocked"), ignored(10, "counted", "maintenance"),
			},
			want: []uptime.Period{
				period(0, 10, uptime.OK), period(10, 20, uptime.Maintenance), period(20, 25, uptime.Blocked), period(25, 30, uptime.OK),
				period(30, 35, uptime.Error), period(35, 40, uptime.Failed), period(40, 45, uptime.Disabled), period(45, 50, uptime.Failed),
				period(50, 55, uptime.Unchecked), period(55, 60, uptime.OK),
			},
		},
		"changes that do not show are one period": {
			state: stateIgnored(20, 60, monitor.StatusFailed, monitor.IgnoredMaintenance),
			log:   []store.StatusChange{status(20, "ok", "failed"), ignored(10, "counted", "maintenance")},
			want:  []uptime.Period{period(0, 10, uptime.OK), period(10, 60, uptime.Maintenance)},
		},
		"changes outside the window": {
			state: newState(-5, 100, monitor.StatusOK),
			log:   []store.StatusChange{status(60, "failed", "ok"), status(0, "ok", "failed")},
			want:  []uptime.Period{period(0, 60, uptime.Failed)},
		},
		"stale in the middle": {
			state: newState(-5, 10, monitor.StatusOK),
			want:  []uptime.Period{period(0, 13, uptime.OK), period(13, 60, uptime.Unchecked)},
		},
		"status changes have expired": {
			state: newState(40, 60, monitor.StatusOK), log: []store.StatusChange{status(40, "failed", "ok")}, expired: 25,
			want: []uptime.Period{period(0, 25, uptime.Unchecked), period(25, 40, uptime.Failed), period(40, 60, uptime.OK)},
		},
		"status changes that have expired are not all deleted": {
			state: newState(20, 60, monitor.StatusOK), expired: 25,
			log:  []store.StatusChange{status(20, "failed", "ok"), status(10, "ok", "failed")},
			want: []uptime.Period{period(0, 25, uptime.Unchecked), period(25, 60, uptime.OK)},
		},
		"no status change since a date before which they have expired": {
			state: newState(-500, 60, monitor.StatusFailed), expired: 25,
			want: []uptime.Period{period(0, 25, uptime.Unchecked), period(25, 60, uptime.Failed)},
		},
		"stale when status changes have expired": {
			state: newState(-500, 20, monitor.StatusFailed), expired: 25, want: []uptime.Period{period(0, 60, uptime.Unchecked)},
		},
		"all status changes have expired": {
			state: newState(-500, 60, monitor.StatusOK), expired: 70, want: []uptime.Period{period(0, 60, uptime.Unchecked)},
		},
		"stale before the start": {
			state: newState(-90, -80, monitor.StatusOK), want: []uptime.Period{period(0, 60, uptime.Unchecked)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := uptime.Periods(start, at(60), m, c.state, c.log, at(c.expired))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := uptime.Periods(start, start, m, nil, nil, at(30)); got != nil {
		t.Errorf("an empty window has the periods %v", got)
	}
	if got := period(0, 60, uptime.OK).Duration(); got != time.Hour {
		t.Errorf("an hour takes %s", got)
	}
}

func TestDivide(t *testing.T) {
	periods := []uptime.Period{
		period(5, 10, uptime.OK), period(10, 12, uptime.Failed), period(12, 35, uptime.OK), period(35, 40, uptime.Maintenance),
		period(40, 41, uptime.Error), period(41, 58, uptime.OK),
	}
	limits := []time.Time{at(0), at(10), at(20), at(20), at(30), at(38), at(50), at(70), at(80)}
	minutes := func(n int) time.Duration { return at(n).Sub(at(0)) }
	want := []uptime.Breakdown{
		{OK: minutes(5)}, {OK: minutes(8), Failed: minutes(2)}, {}, {OK: minutes(10)}, {OK: minutes(5), Maintenance: minutes(3)},
		{OK: minutes(9), Error: minutes(1), Maintenance: minutes(2)}, {OK: minutes(8)}, {},
	}
	if diff := cmp.Diff(want, uptime.Divide(periods, limits)); diff != "" {
		t.Errorf("breakdowns differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uptime.Breakdown{{}}, uptime.Divide(nil, limits[:2])); diff != "" {
		t.Errorf("breakdown without periods differs (-want +got):\n%s", diff)
	}
}
