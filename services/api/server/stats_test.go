package server

import (
	"context"
	"fmt"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

const day = 24 * time.Hour

func TestTimeRange(t *testing.T) {
	now := time.Date(2026, 3, 10, 15, 44, 31, 7e6, time.UTC)
	for _, c := range []struct {
		window, step time.Duration
		from         string
		buckets      int
	}{
		{time.Minute, time.Second, "2026-03-10T15:43:31Z", 61},
		{time.Hour, time.Minute, "2026-03-10T14:44:00Z", 61},
		{6 * time.Hour, 6 * time.Minute, "2026-03-10T09:42:00Z", 61},
		{6*time.Hour + 1, 5 * time.Minute, "2026-03-10T09:40:00Z", 73},
		{day, 5 * time.Minute, "2026-03-09T15:40:00Z", 289},
		{2 * day, 10 * time.Minute, "2026-03-08T15:40:00Z", 289},
		{3 * day, 15 * time.Minute, "2026-03-07T15:30:00Z", 289},
		{7 * day, 30 * time.Minute, "2026-03-03T15:30:00Z", 337},
		{7*day + 1, time.Hour, "2026-03-03T15:00:00Z", 169},
		{14 * day, time.Hour, "2026-02-24T15:00:00Z", 337},
		{30 * day, 2 * time.Hour, "2026-02-08T14:00:00Z", 361},
		{60 * day, 4 * time.Hour, "2026-01-09T12:00:00Z", 361},
		{90 * day, 6 * time.Hour, "2025-12-10T12:00:00Z", 361},
		{180 * day, 12 * time.Hour, "2025-09-11T12:00:00Z", 361},
		{365 * day, day, "2025-03-10T00:00:00Z", 366},
		{400 * day, day, "2025-02-03T00:00:00Z", 401},
	} {
		got := newTimeRange(now.Add(-c.window), now, now)
		if got.step != c.step || got.from.Format(time.RFC3339) != c.from || got.buckets() != c.buckets {
			t.Errorf("%s: %+v with %d buckets, want %+v", c.window, got, got.buckets(), c)
		}
	}
	for window := minWindow; window <= maxResultsRange; window += 7 * time.Second {
		if s := newTimeRange(now.Add(-window), now, now); s.buckets() > maxBuckets || s.buckets() < 30 {
			t.Errorf("%s has %d buckets of %s", window, s.buckets(), s.step)
		}
	}
}

// statsFixture fills a store with results and rollups.
type statsFixture struct {
	t     *testing.T
	store *sqlite.Store
	count int
}

// result stores a result of status OK.
func (p *statsFixture) result(date time.Time, value float64) {
	p.t.Helper()
	p.count++
	must(p.t, p.store.AppendBatch(p.t.Context(), store.Batch{Results: []monitor.Result{{
		ID: fmt.Sprintf("65a500000000%012x", p.count), Date: date, Value: value, MonitorID: idA, Outputs: map[string]any{},
	}}}))
}

// rollup stores a rollup of n failed results and one result of the status error with the value.
func (p *statsFixture) rollup(period store.Period, start time.Time, n int, value float64) {
	p.t.Helper()
	summary := rollup.New()
	summary.Add(monitor.StatusError, value)
	for range n {
		summary.Add(monitor.StatusFailed, 0)
	}
	must(p.t, p.store.PutRollups(p.t.Context(), []store.Rollup{{MonitorID: idA, Period: period, Start: start, Summary: summary.Encode()}}))
}

// statsAt returns the statistics of a window that ends now.
func (p *statsFixture) statsAt(now time.Time, window time.Duration) statsResponse {
	p.t.Helper()
	now = now.Add(time.Millisecond)
	return p.stats(newTimeRange(now.Add(-window), now, now), now)
}

// stats returns the statistics of a time range.
func (p *statsFixture) stats(at timeRange, now time.Time) statsResponse {
	p.t.Helper()
	at, summaries, err := readSummaries(p.t.Context(), p.store, idA, at, now)
	must(p.t, err)
	got, err := summarize(summaries, at)
	must(p.t, err)
	return got
}

// filled returns the buckets with results, by the hours since the start of the range.
func filled(got statsResponse) map[float64]counts {
	buckets := make(map[float64]counts)
	for _, b := range got.Buckets {
		if b.counts != (counts{}) {
			buckets[b.Start.Sub(got.From).Hours()] = b.counts
		}
	}
	return buckets
}

func TestStatsFromSingleResults(t *testing.T) {
	p := &statsFixture{t: t, store: openStore(t)}
	now := time.Date(2026, 3, 10, 15, 30, 0, 0, time.UTC)
	p.result(now, 40)
	p.result(now.Add(-time.Hour), 10)
	p.result(now.Add(-time.Hour-time.Minute), 99) // before the range
	failed := resultN(2)
	failed.Date = now.Add(-30 * time.Minute)
	must(t, p.store.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{failed}}))
	p.rollup(store.Hour, now.Truncate(time.Hour), 0, 1) // not used

	got := p.statsAt(now, time.Hour)
	same(t, "counts", got.Counts, counts{OK: 2, Failed: 1})
	same(t, "average", *got.Avg, 25.0)
	same(t, "least and most", []float64{*got.Min, *got.Max}, []float64{10, 40})
	same(t, "buckets", filled(got), map[float64]counts{0: {OK: 1}, 0.5: {Failed: 1}, 1: {OK: 1}})
	if last := got.Buckets[60]; *last.Avg != 40 || *last.P50 != 40 || *last.P95 != 40 || *last.Min != 40 || *last.Max != 40 {
		t.Errorf("last bucket is %+v", last)
	}
	if b := got.Buckets[30]; b.Avg != nil || b.P50 != nil || b.Min != nil {
		t.Errorf("a bucket without values has latencies: %+v", b)
	}
}

func TestStatsReadsEveryPage(t *testing.T) {
	p := &statsFixture{t: t, store: openStore(t)}
	now := time.Date(2026, 3, 10, 15, 30, 0, 0, time.UTC)
	var batch store.Batch
	for n := range 2500 {
		r := resultN(3 * n)
		r.Date = now.Add(-time.Duration(n/2) * time.Second) // two at a time
		batch.Results = append(batch.Results, r)
	}
	must(t, p.store.AppendBatch(t.Context(), batch))
	same(t, "counts", p.statsAt(now, time.Hour).Counts, counts{OK: 2500})
}

func TestStatsFromHours(t *testing.T) {
	p := &statsFixture{t: t, store: openStore(t)}
	now := time.Date(2026, 3, 10, 15, 30, 0, 0, time.UTC)
	hour := now.Truncate(time.Hour)
	p.rollup(store.Hour, hour.Add(-25*time.Hour), 9, 99) // before the range
	p.rollup(store.Hour, hour.Add(-24*time.Hour), 2, 10)
	p.result(hour.Add(-5*time.Hour), 77) // ignored in favor of its rollup
	p.rollup(store.Hour, hour.Add(-5*time.Hour), 1, 20)
	p.result(hour.Add(-time.Minute), 30) // not rolled up yet
	p.result(hour, 40)

	want := map[float64]counts{0: {Error: 1, Failed: 2}, 19: {Error: 1, Failed: 1}, 23: {OK: 1}, 24: {OK: 1}}
	got := p.statsAt(now, day)
	same(t, "buckets", filled(got), want)
	same(t, "counts", got.Counts, counts{OK: 2, Error: 2, Failed: 3})
	same(t, "average", *got.Avg, 25.0)

	p.rollup(store.Hour, hour.Add(-time.Hour), 0, 30)
	want[23] = counts{Error: 1}
	same(t, "buckets, with the last hour rolled up", filled(p.statsAt(now, day)), want)
}

// minutes stores the rollup of an hour with n results of the status error in each of the given parts.
func (p *statsFixture) minutes(hour time.Time, n int, parts ...int) {
	p.t.Helper()
	summary, series := rollup.New(), make([][]byte, 12)
	for range n {
		summary.Add(monitor.StatusError, 10)
	}
	for _, i := range parts {
		series[i] = summary.Encode()
	}
	must(p.t, p.store.PutRollups(p.t.Context(), []store.Rollup{
		{MonitorID: idA, Period: store.Minutes, Start: hour, Summary: rollup.EncodeSeries(series)},
	}))
}

func TestStatsFromMinutes(t *testing.T) {
	p := &statsFixture{t: t, store: openStore(t)}
	now := time.Date(2026, 3, 10, 15, 32, 0, 0, time.UTC)
	hour := now.Truncate(time.Hour)
	p.minutes(hour.Add(-24*time.Hour), 2, 5, 6, 7) // 15:25 is before the range
	p.rollup(store.Hour, hour.Add(-24*time.Hour), 5, 10)
	p.minutes(hour.Add(-2*time.Hour), 1, 0, 11) // its hour has no rollup yet
	p.result(hour.Add(-30*time.Minute), 30)
	p.result(hour, 40)
	p.rollup(store.Hour, hour, 9, 99) // from before the clock was set back

	got := p.statsAt(now, day)
	same(t, "from", got.From, time.Date(2026, 3, 9, 15, 30, 0, 0, time.UTC))
	same(t, "buckets", filled(got), map[float64]counts{
		0: {Error: 2}, 1.0 / 12: {Error: 2}, 21.5: {Error: 1}, 22.5 - 1.0/12: {Error: 1}, 23: {OK: 1}, 23.5: {OK: 1},
	})
	same(t, "number of buckets", len(got.Buckets), 289)

	p.rollup(store.Hour, hour.Add(-6*time.Hour), 0, 10) // of an earlier version
	got = p.statsAt(now, day)
	same(t, "buckets by hours", filled(got), map[float64]counts{0: {Error: 1, Failed: 5}, 18: {Error: 1}, 23: {OK: 1}, 24: {OK: 1}})
}

// TestStatsWhenHoursHaveExpired reads short windows of a time of which only days are left.
func TestStatsWhenHoursHaveExpired(t *testing.T) {
	p := &statsFixture{t: t, store: openStore(t)}
	now := time.Date(2026, 3, 10, 15, 30, 0, 0, time.UTC)
	old := now.Truncate(day).Add(-20 * day)
	p.rollup(store.Day, old, 7, 10)
	p.rollup(store.Hour, old.Add(23*time.Hour), 2, 10) // the earlier ones have expired
	for _, length := range []time.Duration{time.Hour, 12 * time.Hour, 10 * day} {
		from := old.Add(10 * time.Hour)
		got := p.stats(newTimeRange(from, from.Add(length), now), now)
		same(t, "buckets of "+length.String(), filled(got), map[float64]counts{0: {Error: 1, Failed: 7}})
		same(t, "from", got.From, old)
	}
}

func TestStatsFromDays(t *testing.T) {
	p := &statsFixture{t: t, store: openStore(t)}
	now := time.Date(2026, 3, 10, 0, 30, 0, 0, time.UTC)
	today := now.Truncate(day)
	p.rollup(store.Day, today.Add(-31*day), 9, 99) // before the range
	p.rollup(store.Day, today.Add(-30*day), 1, 10)
	p.rollup(store.Day, today.Add(-2*day), 2, 20)
	p.rollup(store.Hour, today.Add(-2*day), 9, 99) // ignored in favor of the day
	p.rollup(store.Day, today.Add(-day), 9, 99)    // read by hours
	p.rollup(store.Hour, today.Add(-day), 3, 30)
	p.rollup(store.Hour, today.Add(-5*time.Hour), 4, 40)
	p.result(today.Add(-time.Minute), 50)
	p.result(now, 60)

	got := p.statsAt(now, 30*day)
	same(t, "buckets", filled(got), map[float64]counts{
		0: {Error: 1, Failed: 1}, 28 * 24: {Error: 1, Failed: 2}, 29 * 24: {OK: 1, Error: 2, Failed: 7}, 30 * 24: {OK: 1},
	})
	same(t, "average", *got.Avg, 35.0)
}

func TestStatsResponse(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	empty := decodeAs[map[string]any](t, a.do("GET", "/api/monitors/"+idA+"/stats", ""))
	for _, name := range []string{"uptime", "avg", "min", "max", "p50", "p95", "p99"} {
		if value, exists := empty[name]; value != nil || !exists {
			t.Errorf("%s without a result is %v, %v", name, value, exists)
		}
	}
	same(t, "window", empty["window"], any("24h"))
	same(t, "number of buckets", len(empty["buckets"].([]any)), 289)

	now := monitor.Date(time.Now())
	for i, status := range []monitor.Status{monitor.StatusFailed, monitor.StatusOK} {
		r := resultN(i)
		r.Status, r.Date, r.Value = status, now.Add(time.Duration(30*i-60)*time.Minute), 12.5
		state := store.State{MonitorID: idA, Latest: r, Streak: 1, Since: r.Date, History: []store.Point{{Date: r.Date, Status: status}}}
		change := store.StatusChange{MonitorID: idA, Date: r.Date, Kind: store.ChangeStatus, From: store.Unchecked, To: status.String()}
		if i > 0 {
			change.From = monitor.StatusFailed.String()
		}
		must(t, a.store.AppendBatch(t.Context(), store.Batch{
			Results: []monitor.Result{r}, States: []store.State{state}, StatusChanges: []store.StatusChange{change},
		}))
	}
	got := decodeAs[statsResponse](t, a.do("GET", "/api/monitors/"+idA+"/stats?window=7d", ""))
	// The status was failed for half an hour, and OK for a minute and a half after the only OK result.
	if got.Uptime == nil || *got.Uptime < 4.7 || *got.Uptime > 4.8 {
		t.Errorf("uptime is %v", got.Uptime)
	}
	if want := now.Add(-time.Hour); got.UptimeFrom == nil || !got.UptimeFrom.Equal(want) {
		t.Errorf("uptime is known from %v, want %s", got.UptimeFrom, want)
	}
	within := decodeAs[statsResponse](t, a.do("GET", "/api/monitors/"+idA+"/stats?window=50m", ""))
	if within.Uptime == nil || within.UptimeFrom != nil {
		t.Errorf("after the first check, uptime is %v from %v", within.Uptime, within.UptimeFrom)
	}
	same(t, "window", got.Window, "7d")
	same(t, "counts", got.Counts, counts{OK: 1, Failed: 1})
	same(t, "99th percentile", *got.P99, 12.5)
	if age := got.To.Sub(got.From); age < 7*day || age > 7*day+time.Hour || got.To.Before(now) {
		t.Errorf("from %s to %s", got.From, got.To)
	}
}

// longLogStore is a store whose monitor changes its status every second, with more status changes than a response
// reads.
type longLogStore struct{ *sqlite.Store }

func (longLogStore) StatusChanges(_ context.Context, _ string, _, end time.Time, limit int) ([]store.StatusChange, error) {
	log := make([]store.StatusChange, limit)
	for i := range log {
		from, to, date := "ok", "failed", end.Add(-time.Duration(i)*time.Second)
		if i%2 == 1 {
			from, to = to, from
		}
		log[i] = store.StatusChange{MonitorID: idA, Date: date, Kind: store.ChangeStatus, From: from, To: to}
	}
	return log, nil
}

func (longLogStore) State(context.Context, string) (store.State, error) {
	now := time.Now()
	return store.State{MonitorID: idA, Since: now, Latest: monitor.Result{Date: now, Status: monitor.StatusFailed}}, nil
}

func TestUptimeOfLongLog(t *testing.T) {
	s := openStore(t)
	a := startAPI(t, longLogStore{s})
	a.store = s
	a.seed(0)
	got := decodeAs[statsResponse](t, a.do("GET", "/api/monitors/"+idA+"/stats", ""))
	if want := got.To.Add(-(maxStatusChanges - 1) * time.Second); got.UptimeFrom == nil || !got.UptimeFrom.Equal(want) {
		t.Errorf("uptime is known from %v, want %s", got.UptimeFrom, want)
	}
	if got.Uptime == nil || *got.Uptime < 49 || *got.Uptime > 51 {
		t.Errorf("uptime is %v", got.Uptime)
	}
}
