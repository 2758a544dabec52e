package server

import (
	"net/url"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func TestTimeRangeOfDates(t *testing.T) {
	now := time.Date(2026, 3, 10, 15, 44, 31, 0, time.UTC)
	for _, c := range []struct {
		from, to string
		wantFrom string
		wantTo   string
		step     time.Duration
		buckets  int
	}{
		{"2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z", "2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z", time.Second, 60},
		{"2026-03-01T10:00:30Z", "2026-03-01T11:00:30Z", "2026-03-01T10:00:00Z", "2026-03-01T11:01:00Z", time.Minute, 61},
		{"2026-03-01T10:30:00Z", "2026-03-01T20:30:00Z", "2026-03-01T10:30:00Z", "2026-03-01T20:30:00Z", 5 * time.Minute, 120},
		{"2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z", 30 * time.Minute, 336},
		{"2025-03-01T10:30:00Z", "2025-05-01T20:30:00Z", "2025-03-01T06:00:00Z", "2025-05-02T00:00:00Z", 6 * time.Hour, 247},
		{"2025-03-01T10:30:00Z", "2025-12-01T20:30:00Z", "2025-03-01T00:00:00Z", "2025-12-02T00:00:00Z", day, 276},
		// The last bucket ends now.
		{"2026-03-10T05:30:00Z", "2026-03-10T15:30:00Z", "2026-03-10T05:30:00Z", "2026-03-10T15:30:00Z", 5 * time.Minute, 120},
		{"2026-03-10T05:30:00Z", "2026-03-10T15:43:30Z", "2026-03-10T05:30:00Z", "2026-03-10T15:44:31Z", 5 * time.Minute, 123},
		{"2026-01-10T05:30:00Z", "2026-03-10T15:30:00Z", "2026-01-10T04:00:00Z", "2026-03-10T15:44:31Z", 4 * time.Hour, 357},
		{"2025-01-10T05:30:00Z", "2025-12-10T15:30:00Z", "2025-01-10T00:00:00Z", "2025-12-11T00:00:00Z", day, 335},
	} {
		from, err := time.Parse(time.RFC3339, c.from)
		must(t, err)
		to, err := time.Parse(time.RFC3339, c.to)
		must(t, err)
		got := newTimeRange(from, to, now)
		if got.step != c.step || got.from.Format(time.RFC3339) != c.wantFrom || got.to.Format(time.RFC3339) != c.wantTo || got.buckets() != c.buckets {
			t.Errorf("%+v has %d buckets, want %+v", got, got.buckets(), c)
		}
	}
}

// TestStatsAfterExpiry reads one and a half hours from 8:30, with different results and rollups in the store.
func TestStatsAfterExpiry(t *testing.T) {
	eight := time.Date(2026, 3, 10, 8, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return eight.Add(time.Duration(minutes) * time.Minute) }
	for name, c := range map[string]struct {
		fill  func(*statsFixture)
		step  time.Duration
		hours map[float64]counts
	}{
		"all results exist": {func(p *statsFixture) {
			p.rollup(store.Hour, at(0), 1, 10)
			p.result(at(29), 10) // before the range
			p.result(at(31), 10)
			p.rollup(store.Hour, at(60), 0, 20)
			p.result(at(75), 20)
			p.result(at(120), 30) // after the range
		}, 2 * time.Minute, map[float64]counts{0: {OK: 1}, 0.7333333333333333: {OK: 1}}},
		"more results than the rollup has": {func(p *statsFixture) {
			p.rollup(store.Hour, at(0), 0, 10)
			p.result(at(31), 10)
			p.result(at(32), 10)
		}, 2 * time.Minute, map[float64]counts{0: {OK: 1}, 1.0 / 30: {OK: 1}}},
		"the results are before the range": {func(p *statsFixture) {
			p.rollup(store.Hour, at(0), 0, 10)
			p.result(at(5), 10)
		}, 2 * time.Minute, map[float64]counts{}},
		"the results have expired": {func(p *statsFixture) {
			p.rollup(store.Hour, at(-60), 9, 10) // before the range
			p.rollup(store.Hour, at(0), 2, 10)
			p.rollup(store.Hour, at(60), 3, 20)
			p.rollup(store.Hour, at(120), 9, 20) // after the range
		}, time.Hour, map[float64]counts{0: {Error: 1, Failed: 2}, 1: {Error: 1, Failed: 3}}},
		"the first results have expired": {func(p *statsFixture) {
			p.rollup(store.Hour, at(0), 2, 10)
			p.result(at(59), 10)
			p.rollup(store.Hour, at(60), 0, 20)
			p.result(at(70), 20)
		}, time.Hour, map[float64]counts{0: {Error: 1, Failed: 2}, 1: {Error: 1}}},
		"no results and no rollups": {func(*statsFixture) {}, 2 * time.Minute, map[float64]counts{}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &statsFixture{t: t, store: openStore(t)}
			c.fill(p)
			now := at(24 * 60)
			got := p.stats(newTimeRange(at(30), at(120), now), now)
			same(t, "buckets", filled(got), c.hours)
			same(t, "step", got.Buckets[1].Start.Sub(got.Buckets[0].Start), c.step)
		})
	}
}

// TestStatsByHoursUntilNow reads a short time whose first results have expired while the last hour has no rollup yet.
func TestStatsByHoursUntilNow(t *testing.T) {
	p := &statsFixture{t: t, store: openStore(t)}
	now := time.Date(2026, 3, 10, 15, 30, 0, 0, time.UTC)
	p.rollup(store.Hour, now.Add(-150*time.Minute), 3, 10)
	p.result(now.Add(-31*time.Minute), 20)
	p.result(now.Add(-time.Minute), 20)
	got := p.stats(newTimeRange(now.Add(-3*time.Hour), now.Add(-time.Second), now), now)
	same(t, "buckets", filled(got), map[float64]counts{1: {Error: 1, Failed: 3}, 2: {OK: 1}, 3: {OK: 1}})
	same(t, "end", got.To, now)
}

func TestStatsByDaysOfDates(t *testing.T) {
	p := &statsFixture{t: t, store: openStore(t)}
	now := time.Date(2026, 3, 10, 0, 30, 0, 0, time.UTC)
	end := time.Date(2025, 6, 30, 0, 0, 0, 0, time.UTC)
	p.rollup(store.Day, end.Add(-31*day), 9, 99) // before the range
	p.rollup(store.Day, end.Add(-30*day), 1, 10)
	p.rollup(store.Day, end.Add(-2*day), 2, 10)
	p.rollup(store.Day, end.Add(-day), 7, 10) // its first hours have expired
	p.rollup(store.Hour, end.Add(-time.Hour), 4, 10)
	p.rollup(store.Day, end, 9, 99) // after the range
	p.rollup(store.Hour, end, 9, 99)

	want := map[float64]counts{0: {Error: 1, Failed: 1}, 28 * 24: {Error: 1, Failed: 2}, 29 * 24: {Error: 1, Failed: 7}}
	for _, to := range []time.Time{end, end.Add(-10 * time.Hour)} {
		got := p.stats(newTimeRange(end.Add(-30*day), to, now), now)
		same(t, "buckets", filled(got), want)
		same(t, "number of buckets", len(got.Buckets), 30)
	}
}

// TestInvalidDateParameters sends the same invalid time ranges to all routes that have one.
func TestInvalidDateParameters(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	now := time.Now().UTC()
	ago := func(d time.Duration) string { return now.Add(-d).Format(time.RFC3339) }
	const length = "from must be 1 minute to 400 days before to; a to in the future counts as now"
	const date = " must be a date in RFC 3339, for example 2026-01-31T08:30:00Z"
	for _, c := range []struct{ from, to, window, detail string }{
		{"", ago(day), "", "from is missing; to can't be used without it"},
		{ago(day), "", "24h", "window can't be combined with from or to"},
		{"", ago(day), "24h", "window can't be combined with from or to"},
		{"yesterday", "", "", "from" + date},
		{"0000-01-01T00:00:00Z", "0000-01-02T00:00:00Z", "", "from" + date},
		{"0001-01-01T00:00:00Z", "", "", "from" + date},
		{ago(day), "now", "", "to" + date},
		{ago(day), "0001-01-01T00:00:00Z", "", "to" + date},
		{ago(day), ago(day), "", length},
		{ago(day), ago(2 * day), "", length},
		{ago(day), ago(day - 59*time.Second), "", length},
		{ago(500 * day), ago(99 * day), "", length},
		{ago(-day), ago(-2 * day), "", length},
		{"9998-01-01T00:00:00Z", "9999-12-31T23:59:59-10:00", "", length},
		{"0001-01-01T00:00:01Z", "", "", length},
	} {
		for _, path := range []string{"stats", "outputs"} {
			a.ofRange(path, c.from, c.to, c.window).wantProblem(t, 400, c.detail)
		}
	}
}

func TestStatsDateParameters(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	now := time.Now().UTC()
	ago := func(d time.Duration) string { return now.Add(-d).Format(time.RFC3339) }
	for _, c := range []struct {
		from, to string
		least    time.Duration
		end      time.Time
	}{
		{ago(time.Minute), "", time.Minute, now},
		{ago(time.Hour), ago(-time.Hour), time.Hour, now},
		{ago(399 * day), "", 399 * day, now},
		{now.Add(-500 * day).Truncate(day).Format(time.RFC3339), now.Add(-100 * day).Truncate(day).Format("2006-01-02T15:04:05+00:00"),
			400 * day, now.Add(-100 * day).Truncate(day)},
		{"0001-01-01T00:00:01Z", "0001-01-01T00:01:01Z", time.Minute, time.Time{}.Add(61 * time.Second)},
	} {
		got := decodeAs[statsResponse](t, a.statsOf(c.from, c.to, ""))
		if got.Window != "" || got.To.Sub(got.From) < c.least || got.To.Sub(c.end).Abs() > patience || len(got.Buckets) == 0 {
			t.Errorf("from %q to %q: from %s to %s, window %q, %d buckets", c.from, c.to, got.From, got.To, got.Window, len(got.Buckets))
		}
	}
}

// statsOf requests the statistics of monitor A.
func (a *api) statsOf(from, to, window string) response {
	a.t.Helper()
	return a.ofRange("stats", from, to, window)
}

// ofRange requests data of monitor A in a time range. Empty parameters are omitted.
func (a *api) ofRange(path, from, to, window string) response {
	a.t.Helper()
	query := url.Values{}
	for name, value := range map[string]string{"from": from, "to": to, "window": window} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return a.do("GET", "/api/monitors/"+idA+"/"+path+"?"+query.Encode(), "")
}

// TestUptimeOfDates reads a monitor that failed for an hour four days ago and has the status error since yesterday.
func TestUptimeOfDates(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	start := time.Now().UTC().Truncate(day).Add(-10 * day)
	var batch store.Batch
	for _, change := range []struct {
		after    time.Duration
		from, to string
	}{{0, "", "ok"}, {6 * day, "ok", "failed"}, {6*day + time.Hour, "failed", "ok"}, {9 * day, "ok", "error"}} {
		batch.StatusChanges = append(batch.StatusChanges, store.StatusChange{
			MonitorID: idA, Date: start.Add(change.after), Kind: store.ChangeStatus, From: change.from, To: change.to,
		})
	}
	latest := resultN(1)
	latest.Date, latest.Status = monitor.Date(time.Now()), monitor.StatusError
	batch.States = []store.State{{MonitorID: idA, Latest: latest, Streak: 9, Since: start.Add(9 * day)}}
	must(t, a.store.AppendBatch(t.Context(), batch))
	for name, c := range map[string]struct {
		from, to time.Duration
		want     any
	}{
		"before the first result": {-3 * day, -2 * day, nil},
		"before the failure":      {2 * day, 3 * day, 100.0},
		"around the failure":      {6*day - 2*time.Hour, 6*day + 2*time.Hour, 75.0},
		"in the failure":          {6*day + 10*time.Minute, 6*day + 20*time.Minute, 0.0},
		"after the failure":       {7 * day, 8 * day, 100.0},
		"since the error":         {9*day + time.Hour, 9*day + 2*time.Hour, 0.0},
	} {
		got := a.statsOf(start.Add(c.from).Format(time.RFC3339), start.Add(c.to).Format(time.RFC3339), "")
		same(t, name, decodeAs[map[string]any](t, got)["uptime"], c.want)
	}
}
