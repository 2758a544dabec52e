package engine

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func dependOn(m monitor.Monitor, on string) monitor.Monitor {
	m.Properties = map[string]string{monitor.DependsOn: on}
	return m
}

func windowFor(start, end time.Time, ids ...string) maintenance.Window {
	w := maintenance.Window{ID: monitor.NewID(start), Name: "work", Monitors: ids, Start: start, End: end}
	w.Normalize()
	return w
}

func (s *memoryStore) MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error) {
	leave, err := s.enter(ctx, "MaintenanceWindows")
	defer leave()
	if s.noWindows {
		err = monitor.ErrUnavailable
	}
	return slices.Clone(s.windows), err
}

// resultsOf returns the stored results of a monitor, oldest first.
func (s *memoryStore) resultsOf(id string) []monitor.Result {
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

// checkLog compares the stored ignore changes of a monitor and the ignore reasons in its history with its results.
func (s *memoryStore) checkLog(t *testing.T, id string) {
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
	for _, change := range s.statusChanges {
		if change.MonitorID == id && change.Kind == store.ChangeIgnored {
			got = append(got, change)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("monitor %s: status changes (-want +got):\n%s", id, diff)
	}
	if diff := cmp.Diff(points[max(0, len(points)-store.HistoryLength):], s.states[id].History); diff != "" {
		t.Errorf("monitor %s: history (-want +got):\n%s", id, diff)
	}
}

func TestResultsInMaintenanceAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := monitor.Date(time.Now())
		at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
		ms := monitors(3, "5s")
		ms[1].Group = "shop"
		s, probes := newMemoryStore(ms...), newFakeProbes()
		s.windows = []maintenance.Window{windowFor(at(60), at(120), ms[0].ID)}
		probes.fail("1", "3")
		b := startEngine(t, s, probes)
		elapse(200 * time.Second)
		groupWindow := windowFor(at(100), at(260))
		groupWindow.Groups = []string{"shop"}
		s.with(store.TopicMonitors, func() { s.windows = append(s.windows, groupWindow) })
		elapse(120 * time.Second)
		b.stop()
		for i, want := range [][2]time.Time{{at(60), at(120)}, {at(200), at(260)}, {}} {
			ignored := 0
			for _, r := range s.resultsOf(ms[i].ID) {
				inWindow := !r.Date.Before(want[0]) && r.Date.Before(want[1])
				if inWindow {
					ignored++
				}
				if inWindow != (r.Ignored == monitor.IgnoredMaintenance) {
					t.Errorf("monitor %d, %s after the start: %q", i+1, r.Date.Sub(began), r.Ignored)
				}
			}
			if i < 2 && ignored != 12 {
				t.Errorf("monitor %d: %d results in a minute of maintenance", i+1, ignored)
			}
			s.checkLog(t, ms[i].ID)
		}
		if st := s.states[ms[0].ID]; st.Streak < 60 || st.Latest.Status != monitor.StatusFailed {
			t.Errorf("ignored results are not recorded in the state: %+v", st)
		}
	})
}

func TestNoChecksBeforeWindowsAreLoaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		s, probes := newMemoryStore(m), newFakeProbes()
		s.windows = []maintenance.Window{windowFor(time.Now(), time.Now().Add(time.Hour), m.ID)}
		s.noWindows = true
		b := startEngine(t, s, probes)
		elapse(30 * time.Second)
		if n := len(probes.started("1")); n != 0 {
			t.Errorf("%d checks before the windows were loaded", n)
		}
		s.with("", func() { s.noWindows = false })
		elapse(20 * time.Second)
		s.with(store.TopicMonitors, func() { s.noWindows = true })
		elapse(20 * time.Second)
		b.stop()
		for _, r := range s.resultsOf(m.ID) {
			if r.Ignored != monitor.IgnoredMaintenance {
				t.Errorf("not ignored: %+v", r)
			}
		}
		s.checkLog(t, m.ID)
	})
}

func TestIgnoreChangesAreLoggedOnceAcrossRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "10s")
		s := newMemoryStore(m)
		s.windows = []maintenance.Window{windowFor(time.Now(), time.Now().Add(40*time.Minute), m.ID)}
		for _, stopped := range []time.Duration{0, time.Hour, 0} {
			b := startEngine(t, s, newFakeProbes())
			elapse(time.Minute)
			b.stop()
			elapse(stopped)
		}
		s.checkLog(t, m.ID)
		if n := len(s.statusChanges); n != 5 { // ok and maintenance; unchecked, ok and counted
			t.Errorf("%d status changes: %+v", n, s.statusChanges)
		}
	})
}

func TestSpooledResultsKeepIgnoreReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := monitorNumber(1, "1s")
		s := newMemoryStore(m)
		start := time.Now().Add(20 * time.Second)
		w := windowFor(start, start.Add(20*time.Second), m.ID)
		s.windows = []maintenance.Window{w}
		root := t.TempDir()
		b := startEngineWithSpool(t, Config{ID: "r1"}, openSpool(t, root, "r1"), s, newFakeProbes())
		elapse(10 * time.Second)
		s.with("", func() { s.down = true })
		elapse(50 * time.Second)
		if files, _ := filepath.Glob(filepath.Join(root, "*.spool", "*.v1")); len(files) == 0 {
			t.Fatal("the spool is empty")
		}
		s.with("", func() { s.down, s.windows = false, nil })
		elapse(10 * time.Second)
		b.stop()
		ignored := 0
		for _, r := range s.resultsOf(m.ID) {
			if r.Ignored != "" {
				ignored++
			}
			if w.ActiveAt(r.Date) != (r.Ignored == monitor.IgnoredMaintenance) {
				t.Errorf("%s: %q", r.Date.Sub(start), r.Ignored)
			}
		}
		if ignored != 20 {
			t.Errorf("%d results ignored", ignored)
		}
		s.checkLog(t, m.ID)
	})
}

// TestCachedMaintenanceMatchesWindows uses times that mostly increase and sometimes go back, like the dates of results.
func TestCachedMaintenanceMatchesWindows(t *testing.T) {
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
		rules := newIgnoreRules(windows, ms, byID(ms))
		for _, m := range ms {
			var s maintenanceStatus
			for at := noon; at.Before(noon.Add(30 * 24 * time.Hour)); at = at.Add(time.Duration(random.IntN(240)-10) * time.Minute) {
				if !s.validAt(at, rules) {
					s = rules.maintenanceAt(m, at)
				}
				want := slices.ContainsFunc(windows, func(w maintenance.Window) bool { return w.Covers(m) && w.ActiveAt(at) })
				if s.active != want || !s.until.After(at) {
					t.Fatalf("monitor %s at %s: %+v, want %v", m.ID, at, s, want)
				}
			}
		}
	}
}

func TestAdvanceWithIgnoredResults(t *testing.T) {
	const counted, blocked, inWindow = monitor.IgnoreReason(""), monitor.IgnoredBlocked, monitor.IgnoredMaintenance
	ok, failed := monitor.StatusOK, monitor.StatusFailed
	with := func(second int, status monitor.Status, reason monitor.IgnoreReason) monitor.Result {
		r := resultAt(second, status)
		r.Ignored = reason
		return r
	}
	for name, c := range map[string]struct {
		results []monitor.Result
		want    []string
	}{
		"no result is ignored": {
			[]monitor.Result{with(0, ok, counted), with(10, ok, counted)},
			[]string{"0 status:>ok"},
		},
		"the first is ignored": {
			[]monitor.Result{with(0, ok, inWindow)},
			[]string{"0 excluded:counted>maintenance", "0 status:>ok"},
		},
		"later ones are ignored": {
			[]monitor.Result{with(0, ok, counted), with(10, ok, inWindow), with(20, ok, inWindow), with(30, ok, counted)},
			[]string{"0 status:>ok", "10 excluded:counted>maintenance", "30 excluded:maintenance>counted"},
		},
		"different reasons in a row": {
			[]monitor.Result{with(0, failed, inWindow), with(10, failed, blocked), with(20, ok, counted)},
			[]string{
				"0 excluded:counted>maintenance", "0 status:>failed", "10 excluded:maintenance>blocked",
				"20 excluded:blocked>counted", "20 status:failed>ok",
			},
		},
		"a gap after an ignored result": {
			[]monitor.Result{with(0, ok, inWindow), with(100, ok, counted)},
			[]string{
				"0 excluded:counted>maintenance", "0 status:>ok", "10 status:ok>unchecked",
				"100 excluded:maintenance>counted", "100 status:unchecked>ok",
			},
		},
		"a gap in the same window": {
			[]monitor.Result{with(0, ok, inWindow), with(100, ok, inWindow)},
			[]string{
				"0 excluded:counted>maintenance", "0 status:>ok", "10 status:ok>unchecked", "100 status:unchecked>ok",
			},
		},
		"an ignored result after the clock was set back": {
			[]monitor.Result{with(0, ok, counted), with(20, ok, counted), with(10, ok, inWindow)},
			[]string{"0 status:>ok", "10 excluded:counted>maintenance", "10 status:ok>ok"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var state *store.State
			got := []string{}
			for _, r := range c.results {
				var statusChanges []store.StatusChange
				state, statusChanges = advance(state, r, 10*time.Second)
				for _, change := range statusChanges {
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

func BenchmarkIgnoreReason(b *testing.B) {
	ms := monitors(10_000, "10s")
	windows := make([]maintenance.Window, 1000)
	for i := range windows {
		windows[i] = windowFor(noon.Add(time.Hour), noon.Add(2*time.Hour), ms[0].ID)
	}
	e := newEngine(Config{}, nil, newMemoryStore(), newFakeProbes().registry(), slog.New(slog.DiscardHandler))
	e.scheduler.ignoreRules.Store(newIgnoreRules(windows, ms, byID(ms)))
	en := newEntry(ms[0])
	r := resultAt(0, monitor.StatusFailed)
	for b.Loop() {
		if reason := e.scheduler.ignoreReason(en, r); reason != "" {
			b.Fatal(reason)
		}
	}
}
