package report

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

func parseQuery(text string) (url.Values, error) { return url.ParseQuery(text) }

func TestRangeBeforeTheFirstResult(t *testing.T) {
	s, first := openStore(t), now.Add(-24*time.Hour).Truncate(time.Second)
	known, unknown, expired := log{m: newMonitor(1, nil)}, log{m: newMonitor(2, nil)}, log{m: newMonitor(3, nil)}
	known.status(first, "", "ok")
	known.state(now, first, monitor.StatusOK, "")
	// The status change has expired.
	expired.state(now, first, monitor.StatusFailed, "")
	for _, l := range []log{known, expired} {
		must(t, s.AppendBatch(t.Context(), l.batch))
	}
	span := parse(t, "")
	length := span.To.Sub(span.From).Seconds()
	report := read(t, s, span, true, known.m, unknown.m, expired.m)
	checked := span.To.Sub(first).Seconds()
	same(t, "known", report.Monitors[0].Times, Times{OK: checked, NotChecked: length - checked})
	same(t, "unknown", report.Monitors[1].Times, Times{NotChecked: length})
	same(t, "expired", report.Monitors[2].Times, Times{Failed: checked, NotChecked: length - checked})
	if got := report.Monitors[0]; got.CheckedFrom == nil || !got.CheckedFrom.Equal(first) || *got.Uptime != 100 {
		t.Errorf("checked from %v, want %s; uptime %v", got.CheckedFrom, first, *got.Uptime)
	}
	if got := report.Monitors[1]; got.CheckedFrom != nil || got.Uptime != nil || got.Latency != nil || got.Budget != nil {
		t.Errorf("a monitor without results: %+v", got)
	}
	same(t, "uptime of all", *report.Total.Uptime, 50.0)
	same(t, "incidents of all", report.Total.Incidents, Incidents{Count: 1, Total: checked, Longest: checked})
}

func TestBudget(t *testing.T) {
	rate := func(r float64) *float64 { return &r }
	for name, c := range map[string]struct {
		query, slo string
		ok, failed time.Duration // then not checked
		want       *Budget
	}{
		"none":                         {query: "month=2026-09", ok: time.Hour},
		"invalid, of another program":  {query: "month=2026-09", slo: "five nines", ok: time.Hour},
		"a part is used":               {"month=2026-09", "99.9", 719 * time.Hour, 36 * time.Second, &Budget{SLO: 99.9, Allowed: 2588.436, Used: 36, Left: 2552.436, BurnRate: rate(0.0139)}},
		"more than all is used":        {"month=2026-09", "99.9", 99 * time.Hour, time.Hour, &Budget{SLO: 99.9, Allowed: 360, Used: 3600, Left: -3240, BurnRate: rate(10)}},
		"nothing is allowed":           {"month=2026-09", "100", 99 * time.Hour, time.Hour, &Budget{SLO: 100, Used: 3600, Left: -3600}},
		"nothing was checked":          {"month=2026-09", "99", 0, 0, &Budget{SLO: 99}},
		"the month has not ended":      {"", "99.9", 24 * time.Hour, 0, &Budget{SLO: 99.9, Allowed: 176.155, Left: 176.155, BurnRate: rate(0)}},
		"blanks, of an earlier import": {"month=2026-09", " 50 ", time.Hour, time.Hour, &Budget{SLO: 50, Allowed: 3600, Used: 3600, BurnRate: rate(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			s, l, span := openStore(t), log{m: newMonitor(1, map[string]string{"slo": c.slo})}, parse(t, c.query)
			at, was := span.From, ""
			for _, part := range []struct {
				status string
				length time.Duration
			}{{"ok", c.ok}, {"failed", c.failed}, {"unchecked", 1}} {
				if part.length > 0 {
					l.status(at, was, part.status)
					at, was = at.Add(part.length), part.status
				}
			}
			must(t, s.AppendBatch(t.Context(), l.batch))
			same(t, "budget", read(t, s, span, false, l.m).Monitors[0].Budget, c.want)
		})
	}
}

// TestTotalOfManyMonitors adds up more time than a time.Duration can hold.
func TestTotalOfManyMonitors(t *testing.T) {
	var total Total
	for range 10_000 {
		total.add(newTotal(uptime.Breakdown{OK: 39*24*time.Hour + time.Millisecond, Error: time.Millisecond}, nil))
	}
	same(t, "time OK", total.Times.OK, 10_000*39*86_400+10.0)
	same(t, "time with errors", total.Times.Error, 10.0)
	same(t, "time down", total.Incidents.Total, 10.0)
}

// countingStore counts the calls of a store.
type countingStore struct {
	Store
	calls int
}

func (s *countingStore) StatesOf(ctx context.Context, ids []string) ([]store.State, error) {
	s.calls++
	return s.Store.StatesOf(ctx, ids)
}

func (s *countingStore) StatusChangesOf(ctx context.Context, ids []string, from, to time.Time, limit int) ([]store.StatusChange, error) {
	s.calls++
	return s.Store.StatusChangesOf(ctx, ids, from, to, limit)
}

func (s *countingStore) EachRollup(ctx context.Context, ids []string, p store.Period, from, to time.Time, each func(store.Rollup)) error {
	s.calls++
	return s.Store.EachRollup(ctx, ids, p, from, to, each)
}

func TestNumberOfQueries(t *testing.T) {
	s := &countingStore{Store: openStore(t)}
	monitors := make([]monitor.Monitor, batchSize)
	for i := range monitors {
		monitors[i] = newMonitor(i, nil)
	}
	read(t, s, parse(t, "from=2026-10-01&zone=Asia/Kathmandu"), false, monitors...)
	same(t, "number of queries", s.calls, 5)
}

// busyStore has as many status changes as the limit.
type busyStore struct{ Store }

func (busyStore) StatusChangesOf(_ context.Context, ids []string, from, _ time.Time, limit int) ([]store.StatusChange, error) {
	changes := make([]store.StatusChange, limit)
	for i := range changes {
		changes[i] = store.StatusChange{MonitorID: ids[0], Date: from, Kind: store.ChangeStatus, To: "ok"}
	}
	return changes, nil
}

func TestLimits(t *testing.T) {
	month := parse(t, "from=2026-10-01&to=2026-11-15")
	many := make([]monitor.Monitor, 9000)
	for name, c := range map[string]struct {
		store    Store
		monitors []monitor.Monitor
		span     Span
		detail   string
	}{
		"monitors and days": {nil, many, month, "the report is too large: 9000 monitors and 45 days; at most 10000 monitors, and 400000 as the product of both, are possible"},
		"monitors":          {nil, make([]monitor.Monitor, 10_001), parse(t, "from=2026-11-29"), "the report is too large: 10001 monitors and 1 day; at most 10000 monitors, and 400000 as the product of both, are possible"},
		"status changes":    {busyStore{}, many[:1], month, "from is too early: since then, the statuses have changed more than 200000 times"},
	} {
		_, err := Read(t.Context(), c.store, c.monitors, c.span, false, now)
		var invalid *monitor.InvalidError
		if !errors.As(err, &invalid) || invalid.Detail != c.detail || invalid.Hint == "" {
			t.Errorf("%s: %v, want %s", name, err, c.detail)
		}
	}
}

func TestListIsBounded(t *testing.T) {
	s, l, span := openStore(t), log{m: newMonitor(1, nil)}, parse(t, "month=2026-10")
	l.status(span.From, "", "ok")
	for i := range 1500 {
		l.status(span.From.Add(time.Duration(2*i+1)*time.Second), "ok", "failed")
		l.status(span.From.Add(time.Duration(2*i+2)*time.Second), "failed", "ok")
	}
	l.state(now, span.From.Add(3000*time.Second), monitor.StatusOK, "")
	must(t, s.AppendBatch(t.Context(), l.batch))
	got := read(t, s, span, true, l.m).Monitors[0].Incidents
	if got.Count != 1500 || len(got.List) != maxListed || !got.List[0].From.Equal(span.From.Add(2999*time.Second)) {
		t.Errorf("%d incidents, %d listed, the first one from %s", got.Count, len(got.List), got.List[0].From)
	}
	if list := read(t, s, span, false, l.m).Monitors[0].Incidents.List; list != nil {
		t.Errorf("%d incidents are listed", len(list))
	}
}
