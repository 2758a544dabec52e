package engine

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func dependent(m monitor.Monitor, on string) monitor.Monitor {
	m.Properties = map[string]string{monitor.DependsOn: on}
	return m
}

func windowFor(start, end time.Time, ids ...string) maintenance.Window {
	w := maintenance.Window{ID: monitor.NewID(start), Name: "work", Monitors: ids, Start: start, End: end}
	w.Normalize()
	return w
}

func (s *memory) MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error) {
	leave, err := s.enter(ctx, "MaintenanceWindows")
	defer leave()
	if s.noWindows {
		err = monitor.ErrUnavailable
	}
	return slices.Clone(s.windows), err
}

// resultsOf are the stored results of a monitor, oldest first.
func (s *memory) resultsOf(id string) []monitor.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []monitor.Result
	for _, r := range s.results {
		if r.MonitorID == id {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b monitor.Result) int { return a.Date.Compare(b.Date) })
	return found
}

// checkLog compares the transitions of the exclusions of a monitor, and those in its history, with what its results say.
func (s *memory) checkLog(t *testing.T, id string) {
	t.Helper()
	var want, got []store.StatusChange
	var points []store.Point
	last := store.Counted
	for _, r := range s.resultsOf(id) {
		is := store.Counted
		if r.Ignored != "" {
			is = string(r.Ignored)
		}
		if is != last {
			want = append(want, store.StatusChange{MonitorID: id, Date: r.Date, Kind: store.ChangeIgnored, From: last, To: is})
		}
		last = is
		points = append(points, store.Point{Date: r.Date, Status: r.Status, Value: r.Value, Ignored: r.Ignored})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, change := range s.transitions {
		if change.MonitorID == id && change.Kind == store.ChangeIgnored {
			got = append(got, change)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("monitor %s: transitions (-want +got):\n%s", id, diff)
	}
	if diff := cmp.Diff(points[max(0, len(points)-store.HistoryLength):], s.states[id].History); diff != "" {
		t.Errorf("monitor %s: history (-want +got):\n%s", id, diff)
	}
}

func TestResultsInAWindowDontCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := monitor.Date(time.Now())
		at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
		ms := monitors(3, "5s")
		ms[1].Group = "shop"
		s, l := newMemory(ms...), newLab()
		s.windows = []maintenance.Window{windowFor(at(60), at(120), ms[0].ID)}
		l.fail("1", "3")
		b := startBench(t, s, l)
		after(200 * time.Second)
		shop := windowFor(at(100), at(260))
		shop.Groups = []string{"shop"}
		s.with(store.TopicMonitors, func() { s.windows = append(s.windows, shop) })
		after(120 * time.Second)
		b.stop()
		for i, want := range [][2]time.Time{{at(60), at(120)}, {at(200), at(260)}, {}} {
			excluded := 0
			for _, r := range s.resultsOf(ms[i].ID) {
				is := !r.Date.Before(want[0]) && r.Date.Before(want[1])
				if is {
					excluded++
				}
				if is != (r.Ignored == monitor.IgnoredMaintenance) {
					t.Errorf("monitor %d, %s after the start: %q", i+1, r.Date.Sub(began), r.Ignored)
				}
			}
			if i < 2 && excluded != 12 {
				t.Errorf("monitor %d: %d results in a minute of maintenance", i+1, excluded)
			}
			s.checkLog(t, ms[i].ID)
		}
		if st := s.states[ms[0].ID]; st.Streak < 60 || st.Latest.Status != monitor.StatusFailed {
			t.Errorf("what doesn't count is no longer recorded: %+v", st)
		}
	})
}

func TestNothingIsCheckedBeforeTheWindowsAreKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		s, l := newMemory(m), newLab()
		s.windows = []maintenance.Window{windowFor(time.Now(), time.Now().Add(time.Hour), m.ID)}
		s.noWindows = true
		b := startBench(t, s, l)
		after(30 * time.Second)
		if n := len(l.started("1")); n != 0 {
			t.Errorf("%d runs before the windows were known", n)
		}
		s.with("", func() { s.noWindows = false })
		after(20 * time.Second)
		s.with(store.TopicMonitors, func() { s.noWindows = true })
		after(20 * time.Second)
		b.stop()
		for _, r := range s.resultsOf(m.ID) {
			if r.Ignored != monitor.IgnoredMaintenance {
				t.Errorf("counted: %+v", r)
			}
		}
		s.checkLog(t, m.ID)
	})
}

func TestExclusionGoesOnOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		s := newMemory(m)
		s.windows = []maintenance.Window{windowFor(time.Now(), time.Now().Add(40*time.Minute), m.ID)}
		for _, away := range []time.Duration{0, time.Hour, 0} {
			b := startBench(t, s, newLab())
			after(time.Minute)
			b.stop()
			after(away)
		}
		s.checkLog(t, m.ID)
		if n := len(s.transitions); n != 5 { // ok and maintenance; unchecked, ok and counted
			t.Errorf("%d transitions: %+v", n, s.transitions)
		}
	})
}

func TestResultsOutOfTheSpoolKeepTheirExclusion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "1s")
		s := newMemory(m)
		start := time.Now().Add(20 * time.Second)
		w := windowFor(start, start.Add(20*time.Second), m.ID)
		s.windows = []maintenance.Window{w}
		root := t.TempDir()
		b := startWith(t, Config{ID: "r1", Spool: openSpool(t, root, "r1")}, s, newLab())
		after(10 * time.Second)
		s.with("", func() { s.down = true })
		after(50 * time.Second)
		if len(spoolFiles(t, root)) == 0 {
			t.Fatal("nothing is in the spool")
		}
		s.with("", func() { s.down, s.windows = false, nil })
		after(10 * time.Second)
		b.stop()
		excluded := 0
		for _, r := range s.resultsOf(m.ID) {
			if r.Ignored != "" {
				excluded++
			}
			if w.ActiveAt(r.Date) != (r.Ignored == monitor.IgnoredMaintenance) {
				t.Errorf("%s: %q", r.Date.Sub(start), r.Ignored)
			}
		}
		if excluded != 20 {
			t.Errorf("%d excluded", excluded)
		}
		s.checkLog(t, m.ID)
	})
}

// TestSpellsAgreeWithTheWindows asks for times that go on, and now and then back, as results do.
func TestSpellsAgreeWithTheWindows(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	ms := monitors(6, "1m")
	for i := range ms {
		ms[i].Group = []string{"", "a", "b"}[i%3]
	}
	for range 30 {
		var windows []maintenance.Window
		for range random.IntN(8) {
			start := noon.Add(time.Duration(random.IntN(20*24*60)) * time.Minute)
			w := windowFor(start, start.Add(time.Duration(1+random.IntN(5000))*time.Minute), ms[random.IntN(6)].ID, ms[random.IntN(6)].ID)
			if random.IntN(2) == 0 {
				w.Start, w.End = time.Time{}, time.Time{}
				w.Weekly = &maintenance.Weekly{
					Days: []string{"monday", "friday"}[random.IntN(2):], At: fmt.Sprintf("%02d:30", random.IntN(24)),
					Duration: fmt.Sprintf("%dm", 1+random.IntN(3000)), Zone: "Europe/Amsterdam",
				}
			}
			w.Groups = []string{"a", "b", ""}[random.IntN(3):]
			windows = append(windows, w)
		}
		x := newExclusions(windows, ms, byID(ms))
		for _, m := range ms {
			var s spell
			for at := noon; at.Before(noon.Add(30 * 24 * time.Hour)); at = at.Add(time.Duration(random.IntN(240)-10) * time.Minute) {
				if !s.holds(x, at) {
					s = x.spellOf(m, at)
				}
				want := slices.ContainsFunc(windows, func(w maintenance.Window) bool { return w.Covers(m) && w.ActiveAt(at) })
				if s.maintenance != want || !s.until.After(at) {
					t.Fatalf("monitor %s at %s: %+v, want %v", m.ID, at, s, want)
				}
			}
		}
	}
}

func TestAdvanceOverExclusions(t *testing.T) {
	const counted, blocked, work = monitor.IgnoreReason(""), monitor.IgnoredBlocked, monitor.IgnoredMaintenance
	ok, failed := monitor.StatusOK, monitor.StatusFailed
	with := func(second int, status monitor.Status, why monitor.IgnoreReason) monitor.Result {
		r := resultAt(second, status)
		r.Ignored = why
		return r
	}
	for name, c := range map[string]struct {
		results []monitor.Result
		want    []string
	}{
		"nothing is excluded":      {[]monitor.Result{with(0, ok, counted), with(10, ok, counted)}, []string{"0 status:>ok"}},
		"the first is excluded":    {[]monitor.Result{with(0, ok, work)}, []string{"0 excluded:counted>maintenance", "0 status:>ok"}},
		"later ones":               {[]monitor.Result{with(0, ok, counted), with(10, ok, work), with(20, ok, work), with(30, ok, counted)}, []string{"0 status:>ok", "10 excluded:counted>maintenance", "30 excluded:maintenance>counted"}},
		"one after another":        {[]monitor.Result{with(0, failed, work), with(10, failed, blocked), with(20, ok, counted)}, []string{"0 excluded:counted>maintenance", "0 status:>failed", "10 excluded:maintenance>blocked", "20 excluded:blocked>counted", "20 status:failed>ok"}},
		"a gap":                    {[]monitor.Result{with(0, ok, work), with(100, ok, counted)}, []string{"0 excluded:counted>maintenance", "0 status:>ok", "10 status:ok>unchecked", "100 excluded:maintenance>counted", "100 status:unchecked>ok"}},
		"a gap in the same window": {[]monitor.Result{with(0, ok, work), with(100, ok, work)}, []string{"0 excluded:counted>maintenance", "0 status:>ok", "10 status:ok>unchecked", "100 status:unchecked>ok"}},
		"a late one":               {[]monitor.Result{with(0, ok, counted), with(20, ok, counted), with(10, ok, work)}, []string{"0 status:>ok"}},
	} {
		t.Run(name, func(t *testing.T) {
			var state *store.State
			got := []string{}
			for _, r := range c.results {
				var transitions []store.StatusChange
				state, transitions = advance(state, r, 10*time.Second)
				for _, change := range transitions {
					got = append(got, fmt.Sprintf("%.0f %s:%s>%s", change.Date.Sub(noon).Seconds(), change.Kind, change.From, change.To))
				}
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkExclude(b *testing.B) {
	ms := monitors(10_000, "10s")
	windows := make([]maintenance.Window, 1000)
	for i := range windows {
		windows[i] = windowFor(noon.Add(time.Hour), noon.Add(2*time.Hour), ms[0].ID)
	}
	e := New(Config{}, newMemory(), newLab().registry(), slog.New(slog.DiscardHandler))
	e.exclusions.Store(newExclusions(windows, ms, byID(ms)))
	en := newEntry(context.Background(), ms[0])
	r := resultAt(0, monitor.StatusFailed)
	for b.Loop() {
		if why := e.exclude(en, r); why != "" {
			b.Fatal(why)
		}
	}
}
