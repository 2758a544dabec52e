package server

import (
	"cmp"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"nanomon/services/api/summary"
	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// simulated is a monitor with a random history. It is stored as a runner stores it, except that old results are missing.
type simulated struct {
	m        monitor.Monitor
	interval time.Duration
	// restless is the number of results after which the status changes, on average.
	restless int
	status   monitor.Status
	ignored  monitor.IgnoreReason
	state    *store.State
	changes  []store.StatusChange
	results  []monitor.Result
	hours    map[time.Time]*rollup.Aggregate
	minutes  map[time.Time]rollup.Series
	next     time.Time
	count    int
}

func newSimulated(n int, interval time.Duration, restless int, start time.Time) *simulated {
	m := monitorB
	m.ID, m.Name, m.Interval, m.Enabled, m.Updated = monitorID(n), fmt.Sprint("monitor ", n), interval.String(), true, start
	return &simulated{
		m: m, interval: interval, restless: restless, next: start.Add(time.Duration(n) * 7 * time.Second),
		hours: make(map[time.Time]*rollup.Aggregate), minutes: make(map[time.Time]rollup.Series),
	}
}

// until simulates the checks until a date. Only results since kept are stored.
func (s *simulated) until(end, kept time.Time, random *rand.Rand) {
	for ; s.next.Before(end); s.next = s.next.Add(s.interval) {
		if random.IntN(300) == 0 {
			s.next = s.next.Add(time.Duration(random.IntN(20)) * s.interval) // no runner
			continue
		}
		if random.IntN(s.restless) == 0 {
			s.status = monitor.Status(random.IntN(3))
		}
		if random.IntN(100) == 0 {
			s.ignored = []monitor.IgnoreReason{"", monitor.IgnoredMaintenance, monitor.IgnoredBlocked}[random.IntN(3)]
		}
		if s.m.Enabled {
			s.check(s.next, math.Round(random.ExpFloat64()*1e5)/1e3, kept)
		}
	}
}

func (s *simulated) check(at time.Time, value float64, kept time.Time) {
	s.count++
	r := monitor.Result{
		ID: fmt.Sprintf("%s%08x", s.m.ID[8:], s.count), Date: at, Status: s.status, Value: value, MonitorID: s.m.ID, MonitorName: s.m.Name,
		MonitorTarget: s.m.Target, Ignored: s.ignored, Outputs: map[string]any{},
	}
	change := func(at time.Time, kind store.ChangeKind, from, to string) {
		if from != to {
			s.changes = append(s.changes, store.StatusChange{MonitorID: s.m.ID, Date: at, Kind: kind, From: from, To: to})
		}
	}
	next := &store.State{MonitorID: s.m.ID, Latest: r, Streak: 1, Since: at}
	from, ignored := "", ""
	if s.state != nil {
		from, ignored = s.state.Latest.Status.String(), cmp.Or(string(s.state.Latest.Ignored), store.Counted)
		next.History = s.state.History
		if s.state.Latest.Status == s.status {
			next.Streak, next.Since = s.state.Streak+1, s.state.Since
		}
		if at.Sub(s.state.Latest.Date) > monitor.StaleAfter(s.interval) {
			change(s.state.Latest.Date.Add(s.interval), store.ChangeStatus, from, store.Unchecked)
			from = store.Unchecked
		}
	}
	change(at, store.ChangeStatus, from, s.status.String())
	change(at, store.ChangeIgnored, ignored, cmp.Or(string(s.ignored), store.Counted))
	next.History = append(next.History, store.Point{Date: at, Status: s.status, Value: value, Ignored: s.ignored})
	next.History = next.History[max(0, len(next.History)-store.HistoryLength):]
	s.state = next
	if at.Before(kept) {
		return
	}
	s.results = append(s.results, r)
	hour := at.Truncate(time.Hour)
	if s.hours[hour] == nil {
		s.hours[hour], s.minutes[hour] = rollup.New(), make(rollup.Series, store.PartsPerHour)
	}
	s.hours[hour].Add(s.status, value)
	s.minutes[hour].Add(store.PartOf(at), s.status, value)
}

// write stores what is new, and the rollups of the hours before a date. It stores only the results of the last of these
// hours, and later ones.
func (s *simulated) write(t *testing.T, to store.Store, rolled time.Time) {
	t.Helper()
	batch := store.Batch{StatusChanges: s.changes}
	for _, r := range s.results {
		if !r.Date.Before(rolled.Add(-time.Hour)) {
			batch.Results = append(batch.Results, r)
		}
	}
	if s.state != nil {
		batch.States = []store.State{*s.state}
	}
	must(t, to.AppendBatch(t.Context(), batch))
	s.changes, s.results = nil, nil
	var rollups []store.Rollup
	for hour, sum := range s.hours {
		if hour.Before(rolled) {
			rollups = append(rollups, store.Rollup{MonitorID: s.m.ID, Period: store.Hour, Start: hour, Summary: sum.Encode()},
				store.Rollup{MonitorID: s.m.ID, Period: store.Minutes, Start: hour, Summary: s.minutes[hour].Encode()})
		}
	}
	must(t, to.PutRollups(t.Context(), rollups))
}

// toggle enables or disables the monitor.
func (s *simulated) toggle(t *testing.T, to store.Store, at time.Time) {
	t.Helper()
	s.m.Enabled, s.m.Updated = !s.m.Enabled, monitor.Date(at)
	must(t, to.ReplaceMonitor(t.Context(), s.m))
}

// newKeeper returns a keeper that counts the changes.
func newKeeper(s summary.Store, changes *int) *summary.Keeper {
	return summary.NewKeeper(s, slog.New(slog.DiscardHandler), func(time.Time) { *changes++ }, func() bool { return false })
}

// TestSummariesAgreeWithStatistics compares the summaries after each of several computations with the statistics that the
// monitor view shows.
func TestSummariesAgreeWithStatistics(t *testing.T) {
	onBothStores(t, func(r *replicas) {
		for seed := range uint64(3) {
			testAgreement(t, r, rand.New(rand.NewPCG(seed, 22)))
			must(r.t, r.store.DeleteMonitors(r.t.Context()))
		}
	})
}

func testAgreement(_ *testing.T, r *replicas, random *rand.Rand) {
	t := r.t
	now := base.Add(time.Duration(random.IntN(24*60)) * time.Minute).Add(12_345 * time.Millisecond)
	start, kept := now.Add(-31*day), now.Add(-26*time.Hour)
	var all []*simulated
	for n, interval := range []time.Duration{4 * time.Minute, 4 * time.Minute, 20 * time.Minute, time.Hour} {
		begin := []time.Time{start, start, now.Add(-9 * day), now.Add(-3 * time.Hour)}[n]
		s := newSimulated(n, interval, []int{400, 10, 50, 3}[n], begin)
		must(t, r.store.CreateMonitor(t.Context(), s.m))
		all = append(all, s)
	}
	changes := 0
	k := newKeeper(r.store, &changes)
	for step := range 12 {
		for _, s := range all {
			if random.IntN(6) == 0 {
				s.toggle(t, r.store, now.Add(-time.Second))
			}
			s.until(now, kept, random)
			s.write(t, r.store, now.Add(-time.Duration(random.IntN(50))*time.Minute).Truncate(time.Hour))
		}
		must(t, k.Refresh(t.Context(), now))
		for _, s := range all {
			compareSummary(r, k.Current(), s, now, fmt.Sprintf("step %d, %s", step, s.m.Name))
		}
		now = now.Add(time.Duration(5+random.IntN(40)) * time.Minute)
	}
	if changes < 8 {
		t.Errorf("%d of 12 computations changed a summary", changes)
	}
}

// compareSummary compares the summary of a monitor with its statistics.
func compareSummary(r *replicas, from *summary.Snapshot, s *simulated, now time.Time, what string) {
	t := r.t
	t.Helper()
	got := from.Of(s.m.ID, s.state)
	now = now.Add(time.Millisecond)
	uptimeOf := func(window time.Duration) *float64 {
		tr := newTimeRange(now.Add(-window), now, now)
		periods, err := readPeriods(t.Context(), r.store, s.m, tr.from, tr.to, now)
		must(t, err)
		var response statsResponse
		response.addUptime(periods)
		return response.Uptime
	}
	wantRounded(t, what+": uptime24h", got.Uptime24h, uptimeOf(day), 0.011)
	wantRounded(t, what+": uptime30d", got.Uptime30d, uptimeOf(30*day), 0.011)
	if now.Minute() < 10 {
		return // The rollups of the last hour are read later.
	}
	tr, summaries, err := readSummaries(t.Context(), r.store, s.m.ID, newTimeRange(now.Add(-day), now, now), now)
	must(t, err)
	stats, err := summarize(summaries, tr)
	must(t, err)
	want := stats.P95
	if want != nil {
		rounded := summary.Round(*want)
		want = &rounded
	}
	wantRounded(t, what+": p95", got.P95, want, 0)
}

// wantRounded fails unless got is at most want and differs by at most the tolerance.
func wantRounded(t *testing.T, what string, got, want *float64, tolerance float64) {
	t.Helper()
	switch {
	case got == nil && want == nil:
	case got == nil || want == nil || *got > *want+1e-9 || *want-*got > tolerance:
		t.Errorf("%s is %s, want %s", what, toText(got), toText(want))
	}
}

func toText(value *float64) string {
	if value == nil {
		return "nil"
	}
	return fmt.Sprint(*value)
}

// TestSummariesOfRestlessMonitors reads more status changes than are read at once, and more than count for a monitor.
func TestSummariesOfRestlessMonitors(t *testing.T) {
	s := openStore(t)
	r := &replicas{t: t, store: s}
	now := base.Add(30 * time.Minute)
	var all []*simulated
	for n, count := range []int{10_500, 9_000, 9_000, 3} {
		m := newSimulated(n, 30*time.Second, 1, now.Add(-time.Duration(count)*2*time.Minute))
		must(t, s.CreateMonitor(t.Context(), m.m))
		for i := range count {
			m.status = monitor.Status(i % 2)
			if m.state != nil {
				m.state.Latest.Date = m.next.Add(-m.interval) // no gap
			}
			m.check(m.next, 1, now.Add(-2*time.Hour))
			m.next = m.next.Add(2*time.Minute - time.Duration(i%3)*time.Second)
		}
		m.write(t, s, now.Truncate(time.Hour))
		all = append(all, m)
	}
	changes := 0
	k := newKeeper(s, &changes)
	must(t, k.Refresh(t.Context(), now))
	for _, m := range all {
		compareSummary(r, k.Current(), m, now, m.m.Name)
	}
}
