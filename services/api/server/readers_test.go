package server

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"nanomon/services/api/report"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

// toldHistory is the history of a simulated monitor as a plain list of what happened, oldest first.
type toldHistory struct {
	*simulated
	all     []monitor.Result
	toggles []time.Time // disabled, enabled, disabled, ...
	// expired is the date before which the status changes have expired.
	expired time.Time
}

// tell simulates the checks between two dates: with pauses and gaps of all lengths, and ignored results.
func (h *toldHistory) tell(t *testing.T, to store.Store, start, end time.Time, random *rand.Rand) {
	t.Helper()
	some := func(most float64) time.Duration {
		return time.Duration(random.Float64() * most * float64(h.interval)).Truncate(time.Millisecond)
	}
	for at := start.Add(some(20)); at.Before(end); at = at.Add(h.interval) {
		switch random.IntN(12) {
		case 0:
			at = at.Add(some(6)) // no runner
		case 1:
			pause := at.Add(-some(1))
			if h.state != nil && !pause.After(h.state.Latest.Date) || len(h.toggles)%2 == 1 {
				continue
			}
			resume := pause.Add(time.Second + some([]float64{2, 2, 2, 8}[random.IntN(4)]))
			for _, toggle := range []time.Time{pause, resume} {
				if toggle.Before(end) {
					h.toggles = append(h.toggles, toggle)
					h.toggle(t, to, toggle)
				}
			}
			at = resume.Add(some(1))
		case 2, 3:
			h.status = monitor.Status(random.IntN(3))
		case 4:
			h.ignored = []monitor.IgnoreReason{"", monitor.IgnoredMaintenance, monitor.IgnoredBlocked}[random.IntN(3)]
		}
		if h.m.Enabled && at.Before(end) {
			h.check(at, 1, at)
			h.all = append(h.all, h.state.Latest)
		}
	}
	h.write(t, to, end.Truncate(time.Hour))
}

// statusAt returns the status at a date, whether or not the results counted and the monitor was enabled; nil if it was not
// checked.
func (h *toldHistory) statusAt(at time.Time) *monitor.Result {
	next := slices.IndexFunc(h.all, func(r monitor.Result) bool { return r.Date.After(at) })
	if next < 0 {
		next = len(h.all)
	}
	if next == 0 {
		return nil
	}
	latest := &h.all[next-1]
	until := latest.Date.Add(monitor.StaleAfter(h.interval))
	if next < len(h.all) && h.all[next].Date.After(until) {
		until = latest.Date.Add(h.interval)
	}
	if !at.Before(until) {
		return nil
	}
	return latest
}

func (h *toldHistory) isDisabled(at time.Time) bool {
	passed := 0
	for _, toggle := range h.toggles {
		if !toggle.After(at) {
			passed++
		}
	}
	return passed%2 == 1
}

func (h *toldHistory) kindAt(at time.Time) uptime.Kind {
	r := h.statusAt(at)
	switch {
	case at.Before(h.expired):
		return uptime.Unchecked
	case h.isDisabled(at):
		return uptime.Disabled
	case r == nil:
		return uptime.Unchecked
	case r.Ignored != "":
		return uptime.Kind(r.Ignored)
	default:
		return uptime.Kind(r.Status.String())
	}
}

// instants returns the dates in a range at which something may change, in order, and from.
func (h *toldHistory) instants(from, to time.Time) []time.Time {
	list := append([]time.Time{from, h.expired}, h.toggles...)
	for _, r := range h.all {
		list = append(list, r.Date, r.Date.Add(h.interval), r.Date.Add(monitor.StaleAfter(h.interval)))
	}
	list = slices.DeleteFunc(list, func(at time.Time) bool { return at.Before(from) || !at.Before(to) })
	slices.SortFunc(list, time.Time.Compare)
	return slices.CompactFunc(list, time.Time.Equal)
}

// periods returns what readers have to make of the history.
func (h *toldHistory) periods(from, to time.Time) []uptime.Period {
	var list []uptime.Period
	for _, at := range h.instants(from, to) {
		if n, kind := len(list), h.kindAt(at); n == 0 || list[n-1].Kind != kind {
			list = append(list, uptime.Period{From: at, Kind: kind})
		}
		list[len(list)-1].To = to
		if n := len(list); n > 1 {
			list[n-2].To = list[n-1].From
		}
	}
	return list
}

// times returns the time of each kind in a range.
func (h *toldHistory) times(from, to time.Time) map[uptime.Kind]time.Duration {
	sums := make(map[uptime.Kind]time.Duration)
	for _, p := range h.periods(from, to) {
		sums[p.Kind] += p.Duration()
	}
	return sums
}

// TestReadersAgree stores random histories as a runner does, and compares what statistics, days, reports, summaries and
// lists of status changes say with the plain list of what happened.
func TestReadersAgree(t *testing.T) {
	for seed := range uint64(15) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s, random := openStore(t), rand.New(rand.NewPCG(seed, 23))
			now := base.Add(time.Duration(random.IntN(int(day/time.Millisecond))) * time.Millisecond)
			start := now.Add(-3 * day)
			h := &toldHistory{simulated: newSimulated(0, 10*time.Minute, 1, start)}
			must(t, s.CreateMonitor(t.Context(), h.m))
			h.tell(t, s, start, now.Add(-time.Duration(random.IntN(60))*time.Minute), random)
			wantChanges(t, s, h, store.ResultFilter{}, start, now, now)
			to := now.Add(-time.Duration(random.Int64N(int64(70 * time.Hour)))).Truncate(time.Millisecond)
			wantChanges(t, s, h, store.ResultFilter{To: to}, start, to, now)
			wantTimes(t, s, h, now, random)
			keep := time.Duration(random.Int64N(int64(3 * day)))
			retention := store.Retention{Results: min(keep, day), Rollups: keep}
			_, err := s.Expire(t.Context(), now, retention)
			must(t, err)
			h.expired = retention.StatusChangesFrom(now)
			wantTimes(t, s, h, now, random)
		})
	}
}

// wantTimes compares what readers say about the time with each status.
func wantTimes(t *testing.T, s store.Store, h *toldHistory, now time.Time, random *rand.Rand) {
	t.Helper()
	wantPeriods(t, s, h, now, random)
	wantDays(t, s, h, now)
	wantReport(t, s, h, now, random)
	changes := 0
	k := newKeeper(s, &changes)
	must(t, k.Refresh(t.Context(), now))
	compareSummary(&replicas{t: t, store: s}, k.Current(), h.simulated, now, "summary")
}

func wantPeriods(t *testing.T, s store.Store, h *toldHistory, now time.Time, random *rand.Rand) {
	t.Helper()
	for range 10 {
		from := now.Add(-time.Duration(random.IntN(int(80 * time.Hour)))).Truncate(time.Millisecond)
		to := from.Add(time.Duration(random.Int64N(int64(now.Sub(from))))).Truncate(time.Millisecond)
		if random.IntN(2) == 0 {
			to = now
		}
		got, err := readPeriods(t.Context(), s, h.m, from, to, now)
		must(t, err)
		same(t, fmt.Sprintf("periods from %s to %s", from, to), got, h.periods(from, to))
	}
}

func wantDays(t *testing.T, s store.Store, h *toldHistory, now time.Time) {
	t.Helper()
	limits := dayLimits(now, 5)
	periods, err := readPeriods(t.Context(), s, h.m, limits[0], now, now)
	must(t, err)
	for i, got := range uptime.Divide(periods, limits) {
		times := h.times(limits[i], earlier(limits[i+1], now))
		same(t, fmt.Sprint("down on day ", i), got.Down(), times[uptime.Error]+times[uptime.Failed])
		same(t, fmt.Sprint("OK on day ", i), got.OK, times[uptime.OK])
	}
}

func wantReport(t *testing.T, s store.Store, h *toldHistory, now time.Time, random *rand.Rand) {
	t.Helper()
	from := now.Add(-time.Duration(1+random.IntN(90)) * time.Hour).Truncate(time.Second)
	to := now.Add(-time.Duration(random.IntN(2)) * time.Minute).Truncate(time.Second)
	got, err := report.Read(t.Context(), s, []monitor.Monitor{h.m}, report.Span{From: from, To: to, End: to, Zone: "UTC"}, true, now)
	must(t, err)
	times := h.times(from, to)
	same(t, "times in the report", got.Monitors[0].Times, report.Times{
		OK: times[uptime.OK].Seconds(), Error: times[uptime.Error].Seconds(), Failed: times[uptime.Failed].Seconds(),
		Maintenance: times[uptime.Maintenance].Seconds(), Blocked: times[uptime.Blocked].Seconds(),
		Disabled: times[uptime.Disabled].Seconds(), NotChecked: times[uptime.Unchecked].Seconds(),
	})
	incidents := got.Monitors[0].Incidents.List // newest first
	slices.Reverse(incidents)
	open, found := false, 0
	for _, p := range h.periods(from, to) {
		switch notOK := p.Kind == uptime.Error || p.Kind == uptime.Failed; {
		case notOK && !open:
			open = true
			if found++; found > len(incidents) || !incidents[found-1].From.Equal(p.From) {
				t.Errorf("incident %d does not begin at %s: %+v", found, p.From, incidents)
				return
			}
		case p.Kind == uptime.OK, p.Kind == uptime.Disabled:
			open = false
		}
	}
	same(t, "number of incidents in the report", len(incidents), found)
}

// wantChanges compares the status changes that f selects with the history, at each date at which something changes.
func wantChanges(t *testing.T, s store.Store, h *toldHistory, f store.ResultFilter, start, to, now time.Time) {
	t.Helper()
	f.MonitorID, f.Limit = h.m.ID, maxPageSize
	page, err := readChanges(t.Context(), s, f, now)
	must(t, err)
	rowAt := func(at time.Time) *changedResult {
		i := slices.IndexFunc(page.changes, func(c changedResult) bool { return !c.Date.After(at) }) // newest first
		if i < 0 || page.changes[i].Until != nil && !at.Before(*page.changes[i].Until) {
			return nil
		}
		return &page.changes[i]
	}
	for _, at := range h.instants(start, to) {
		r, row := h.statusAt(at), rowAt(at)
		switch {
		case h.isDisabled(at):
		case (r == nil) != (row == nil):
			t.Errorf("at %s, the result is %+v, and the change %+v", at, r, row)
		case r != nil && r.Status != row.Status:
			t.Errorf("at %s, the status is %s, but in the list it is %+v", at, r.Status, row)
		case r != nil && r.Date.Equal(at) && row.Date.Equal(at):
			want := store.Unchecked
			if before := h.statusAt(at.Add(-time.Millisecond)); before != nil {
				want = before.Status.String()
			}
			same(t, fmt.Sprint("status before ", at), row.Previous, want)
		}
	}
}
