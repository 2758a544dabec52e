package report

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/services/common/uptime"
)

func openStore(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "nanomon.db")})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

func newMonitor(n int, properties map[string]string) monitor.Monitor {
	return monitor.Monitor{ID: fmt.Sprintf("65a5000000000000%08x", n), Name: fmt.Sprint("monitor ", n), Interval: "1m", Enabled: true, Properties: properties}
}

// log writes the status changes of one monitor and its state.
type log struct {
	m     monitor.Monitor
	batch store.Batch
}

func (l *log) status(at time.Time, from, to string) {
	l.batch.StatusChanges = append(l.batch.StatusChanges, store.StatusChange{MonitorID: l.m.ID, Date: at, Kind: store.ChangeStatus, From: from, To: to})
}

func (l *log) change(at time.Time, kind store.ChangeKind, from, to string) {
	l.batch.StatusChanges = append(l.batch.StatusChanges, store.StatusChange{MonitorID: l.m.ID, Date: at, Kind: kind, From: from, To: to})
}

// state sets the state at the end of the log.
func (l *log) state(latest, since time.Time, status monitor.Status, ignored monitor.IgnoreReason) {
	r := monitor.Result{ID: l.m.ID, MonitorID: l.m.ID, Date: latest, Status: status, Ignored: ignored, Outputs: map[string]any{}}
	l.batch.States = []store.State{{MonitorID: l.m.ID, Latest: r, Streak: 1, Since: since}}
}

func read(t *testing.T, s Store, span Span, listed bool, monitors ...monitor.Monitor) Report {
	t.Helper()
	report, err := Read(t.Context(), s, monitors, span, listed, now)
	must(t, err)
	return report
}

// seconds returns the sum of the times.
func (times Times) sum() float64 {
	return times.OK + times.Error + times.Failed + times.Maintenance + times.Blocked + times.Disabled + times.NotChecked
}

// simulated is a monitor with a random history, second by second.
type simulated struct {
	log
	// kinds contains what the monitor was in each second since the start.
	kinds []uptime.Kind
}

var statuses = []string{"", "ok", "error", "failed"}

// simulate returns a monitor with a history from start to now. It has no results after its last one.
func simulate(random *rand.Rand, n int, start time.Time) *simulated {
	s := &simulated{log: log{m: newMonitor(n, nil)}}
	length := int(now.Sub(start) / time.Second)
	status, enabled, ignored := 0, store.Enabled, store.Counted
	latest, since, rate := time.Time{}, time.Time{}, 200+random.IntN(10_000)
	for second := range length {
		at := start.Add(time.Duration(second) * time.Second)
		if random.IntN(rate) == 0 {
			if next := 1 + random.IntN(3); next != status && enabled == store.Enabled {
				s.status(at, statuses[status], statuses[next])
				status, since = next, at
			}
		}
		if random.IntN(rate) == 0 {
			was := enabled
			enabled = []string{store.Enabled, store.Disabled}[random.IntN(2)]
			if was != enabled {
				s.change(at, store.ChangeEnabled, was, enabled)
			}
		}
		if next := []string{store.Counted, "maintenance", "blocked"}[random.IntN(3)]; status > 0 && random.IntN(rate) == 0 && next != ignored {
			s.change(at, store.ChangeIgnored, ignored, next)
			ignored = next
		}
		if status > 0 {
			latest = at
		}
		s.kinds = append(s.kinds, kindOf(enabled, statuses[status], ignored))
	}
	s.m.Enabled = enabled == store.Enabled
	if status > 0 {
		reason := monitor.IgnoreReason(ignored)
		if ignored == store.Counted {
			reason = ""
		}
		s.state(latest, since, monitor.Status(status-1), reason)
	}
	return s
}

func kindOf(enabled, status, ignored string) uptime.Kind {
	switch {
	case enabled == store.Disabled:
		return uptime.Disabled
	case status == "":
		return uptime.Unchecked
	case ignored != store.Counted:
		return uptime.Kind(ignored)
	}
	return uptime.Kind(status)
}

// times adds up the seconds from first to end.
func (s *simulated) times(first, end int) Times {
	counts := make(map[uptime.Kind]float64)
	for _, kind := range s.kinds[first:end] {
		counts[kind]++
	}
	return Times{
		OK: counts[uptime.OK], Error: counts[uptime.Error], Failed: counts[uptime.Failed], Maintenance: counts[uptime.Maintenance],
		Blocked: counts[uptime.Blocked], Disabled: counts[uptime.Disabled], NotChecked: counts[uptime.Unchecked],
	}
}

// TestTimesEqualPlainComputation compares reports on random histories with a count of their seconds.
func TestTimesEqualPlainComputation(t *testing.T) {
	random, s, start := rand.New(rand.NewPCG(7, 11)), openStore(t), now.Truncate(time.Second).Add(-12*time.Hour)
	var all []*simulated
	var monitors []monitor.Monitor
	for n := range 10 {
		simulated := simulate(random, n, start)
		must(t, s.AppendBatch(t.Context(), simulated.batch))
		all, monitors = append(all, simulated), append(monitors, simulated.m)
	}
	for range 30 {
		first := random.IntN(len(all[0].kinds) - 1)
		end := first + 1 + random.IntN(len(all[0].kinds)-first)
		at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
		report := read(t, s, Span{From: at(first), To: at(end), End: at(end), Zone: "UTC"}, false, monitors...)
		var total float64
		for i, m := range report.Monitors {
			same(t, fmt.Sprintf("%s from %s to %s", m.Name, at(first), at(end)), m.Times, all[i].times(first, end))
			same(t, "sum of "+m.Name, m.Times.sum(), float64(end-first))
			total += m.Times.sum()
		}
		same(t, "sum of the total", report.Total.Times.sum(), total)
	}
}

// TestMonthWithClockChange reads the report on months whose length is not a number of days.
func TestMonthWithClockChange(t *testing.T) {
	for month, hours := range map[string]int{"2026-03": 743, "2026-10": 745, "2026-04": 720} {
		s, l := openStore(t), log{m: newMonitor(1, map[string]string{"slo": "99"})}
		span := parse(t, "month="+month+"&zone=Europe/Amsterdam")
		l.status(span.From.Add(-time.Hour), "", "ok")
		l.status(span.From.Add(time.Hour), "ok", "failed")
		l.status(span.From.Add(3*time.Hour), "failed", "ok")
		l.status(span.To.Add(-time.Second), "ok", "error")
		l.state(now, span.To.Add(-time.Second), monitor.StatusError, "")
		must(t, s.AppendBatch(t.Context(), l.batch))
		m := read(t, s, span, true, l.m).Monitors[0]
		same(t, "times", m.Times, Times{OK: float64(hours*3600 - 7201), Failed: 7200, Error: 1})
		same(t, "budget", m.Budget.Allowed, float64(hours*36))
		same(t, "incidents", m.Incidents, Incidents{Count: 2, Total: 7201, Longest: 7200, List: []Incident{
			{From: span.To.Add(-time.Second), To: span.To, Seconds: 1, Status: "error", Open: true},
			{From: span.From.Add(time.Hour), To: span.From.Add(3 * time.Hour), Seconds: 7200, Status: "failed"},
		}})
	}
}

func parse(t *testing.T, query string) Span {
	t.Helper()
	values, err := parseQuery(query)
	must(t, err)
	span, err := ParseSpan(values, now)
	must(t, err)
	return span
}

// TestClockSetBack checks that status changes of a clock that was ahead do not count twice.
func TestClockSetBack(t *testing.T) {
	s, l := openStore(t), log{m: newMonitor(1, nil)}
	day := time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC)
	l.status(day, "", "ok")
	l.status(day.Add(10*time.Hour), "ok", "failed")
	l.status(day.Add(11*time.Hour), "failed", "ok")
	must(t, s.AppendBatch(t.Context(), l.batch))
	// The clock is set back from 11:00 to 9:00; the result is an error.
	must(t, s.AppendBatch(t.Context(), store.Batch{StatusChanges: []store.StatusChange{{
		MonitorID: l.m.ID, Date: day.Add(9 * time.Hour), Kind: store.ChangeStatus, From: "ok", To: "error", Sequence: day.Add(11*time.Hour).UnixMilli() + 10,
	}}}))
	l.batch = store.Batch{}
	l.status(day.Add(12*time.Hour), "error", "ok")
	l.state(now, day.Add(12*time.Hour), monitor.StatusOK, "")
	must(t, s.AppendBatch(t.Context(), l.batch))
	got := read(t, s, parse(t, "from=2026-10-05&to=2026-10-06"), true, l.m).Monitors[0]
	same(t, "times", got.Times, Times{OK: 21 * 3600, Error: 3 * 3600})
	same(t, "number of incidents", got.Incidents.Count, 1)
}
