package statuspage

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openStore(t testing.TB) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "nanomon.db")})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func newMonitor(n int) monitor.Monitor {
	return monitor.Monitor{
		ID: fmt.Sprintf("65a5000000000000%08x", n), Name: fmt.Sprint("monitor ", n), Type: "http", Target: "http://localhost",
		Interval: "5m", Enabled: true, Properties: map[string]string{}, Updated: time.Unix(int64(n), 0).UTC(),
	}
}

// newTestKeeper returns a keeper whose time is at *now.
func newTestKeeper(t testing.TB, s Store, now *time.Time) *Keeper {
	return NewKeeper(s, slog.New(slog.NewTextHandler(t.Output(), nil)), func() time.Time { return *now })
}

// refresh makes the keeper read everything that has changed.
func refresh(t testing.TB, k *Keeper, changed topics) {
	t.Helper()
	k.changed = k.changed.or(changed)
	for more := true; more; {
		var err error
		more, err = k.Refresh(t.Context())
		must(t, err)
	}
}

// simulated is a monitor whose results a test makes up.
type simulated struct {
	monitor.Monitor
	state *store.State
	// The next results have status and ignored. silent is the number of checks that are missed.
	status  monitor.Status
	ignored monitor.IgnoreReason
	silent  int
	// rate is how rarely something changes.
	rate int
}

// step changes the simulated world at random before a check.
func (m *simulated) step(random *rand.Rand) {
	if random.IntN(m.rate) == 0 {
		m.status = monitor.Status(random.IntN(3))
	}
	if random.IntN(m.rate) == 0 {
		m.ignored = []monitor.IgnoreReason{"", "", monitor.IgnoredMaintenance, monitor.IgnoredBlocked}[random.IntN(4)]
	}
	if random.IntN(m.rate) == 0 {
		m.silent = random.IntN(20)
	}
}

// check adds the result of a check to a batch, as a runner would.
func (m *simulated) check(at time.Time, b *store.Batch) {
	if m.silent > 0 || !m.Enabled {
		m.silent--
		return
	}
	r := monitor.Result{
		ID: monitor.NewID(at), MonitorID: m.ID, Date: at, Status: m.status, Value: float64(at.Minute() + 1), Outputs: map[string]any{},
	}
	if r.Ignored = m.ignored; m.ignored == monitor.IgnoredBlocked && m.status == monitor.StatusOK {
		r.Ignored = ""
	}
	add := func(date time.Time, kind store.ChangeKind, from, to string) {
		b.StatusChanges = append(b.StatusChanges, store.StatusChange{MonitorID: m.ID, Date: date, Kind: kind, From: from, To: to})
	}
	before, from, counted := m.state, "", store.Counted
	next := &store.State{MonitorID: m.ID, Latest: r, Since: r.Date, Streak: 1}
	if before != nil {
		from, next.History = before.Latest.Status.String(), before.History
		if before.Latest.Ignored != "" {
			counted = string(before.Latest.Ignored)
		}
		if gap := at.Sub(before.Latest.Date); gap > monitor.StaleAfter(m.Every()) {
			add(before.Latest.Date.Add(m.Every()), store.ChangeStatus, from, store.Unchecked)
			from = store.Unchecked
		}
		if before.Latest.Status == r.Status {
			next.Since, next.Streak = before.Since, before.Streak+1
		}
	}
	if from != r.Status.String() {
		add(at, store.ChangeStatus, from, r.Status.String())
	}
	if to := string(r.Ignored); to != "" && to != counted || to == "" && counted != store.Counted {
		if to == "" {
			to = store.Counted
		}
		add(at, store.ChangeIgnored, counted, to)
	}
	next.History = store.AppendPoint(next.History, store.Point{Date: r.Date, Status: r.Status, Value: r.Value, Ignored: r.Ignored})
	m.state = next
	b.Results = append(b.Results, r)
}

// world contains simulated monitors in a store.
type world struct {
	store    *sqlite.Store
	random   *rand.Rand
	monitors []*simulated
	now      time.Time
}

// newWorld returns monitors with a history that ends at now.
func newWorld(t *testing.T, random *rand.Rand, count int, now time.Time) *world {
	w := &world{store: openStore(t), random: random, now: now}
	for n := range count {
		m := &simulated{Monitor: newMonitor(n), rate: 500 + random.IntN(2000)}
		m.Group = []string{"", "web", "web"}[n%3]
		m.Labels = map[string]string{"team": []string{"a", "b"}[n%2]}
		must(t, w.store.CreateMonitor(t.Context(), m.Monitor))
		w.monitors = append(w.monitors, m)
		var b store.Batch
		begin := now.AddDate(0, 0, -random.IntN(110)-1)
		for at := begin.Add(m.offset()); at.Before(now); at = at.Add(m.Every()) {
			m.step(random)
			m.check(at, &b)
			if len(b.Results) > 1 {
				b.Results = b.Results[1:] // Only the latest one matters.
			}
		}
		w.append(t, b, m)
		m.rate = []int{4, 20, 50, 500}[random.IntN(4)]
	}
	return w
}

// offset makes the monitors have results at different times.
func (m *simulated) offset() time.Duration {
	return time.Duration(m.Updated.Unix()) * 7100 * time.Millisecond
}

func (w *world) append(t *testing.T, b store.Batch, monitors ...*simulated) {
	for _, m := range monitors {
		if m.state != nil {
			b.States = append(b.States, *m.state)
		}
	}
	must(t, w.store.AppendBatch(t.Context(), b))
}

// live lets time pass until a date. It reports whether a monitor has been edited.
func (w *world) live(t *testing.T, to time.Time) (edited bool) {
	var b store.Batch
	every := (5 * time.Minute).Milliseconds()
	for ; w.now.Before(to); w.now = w.now.Add(100 * time.Millisecond) {
		for _, m := range w.monitors {
			if w.now.UnixMilli()%every != m.offset().Milliseconds()%every {
				continue
			}
			m.step(w.random)
			m.check(w.now, &b)
			if w.random.IntN(2*m.rate) == 0 {
				w.append(t, b, w.monitors...)
				b, edited = store.Batch{}, true
				m.Enabled, m.Updated = !m.Enabled, w.now
				must(t, w.store.ReplaceMonitor(t.Context(), m.Monitor))
			}
		}
	}
	w.append(t, b, w.monitors...)
	return edited
}

// testPage is a page with an entry for each kind of selection.
func testPage(slug, zone string) document.Page {
	p := document.Page{
		ID: monitor.NewID(time.Now()), Slug: slug, Title: slug, Zone: zone, Visibility: document.Public,
		Show: document.Show{Uptime: true, ResponseTime: true, Incidents: true},
		Sections: []document.Section{{Title: "All", Entries: []document.Entry{
			{ID: "00000001", Name: "One", Monitor: newMonitor(0).ID}, {ID: "00000002", Name: "Web", Group: "web"},
			{ID: "00000003", Name: "Team", Label: "team=b"}, {ID: "00000004", Name: "Teams", Label: "team"},
		}}},
	}
	p.Normalize()
	return p
}
