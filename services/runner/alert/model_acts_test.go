package alert

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// act is one event of the outer world.
func (w *world) act() {
	m := w.monitors[w.rng.IntN(len(w.monitors))]
	switch n := w.rng.IntN(1000); {
	case n < 780:
		for _, m := range w.monitors {
			if w.chance(600) {
				w.check(m)
			}
		}
		w.storeResults()
	case n < 820:
		m.mood = []int{0, 10, 50, 90, 100}[w.rng.IntN(5)]
	case n < 850:
		w.away = true
	case n < 890:
		w.away = false
		if len(w.alive()) == 0 {
			w.startRunner()
		}
		w.storeResults()
		w.tellMonitors()
	case n < 910:
		w.repeat(m)
	case n < 930:
		m.Name += "'"
		w.tellMonitors()
	case n < 945:
		w.toggle(m)
	case n < 955:
		w.deleteOrCreate(m)
	case n < 965:
		w.pass(time.Duration(w.rng.IntN(90)) * time.Minute)
	case n < 980:
		w.takeOver()
	case n < 990:
		w.restart()
	default:
		w.letGo()
	}
}

// check makes a result of m in every runner that believes that m is its own, as each has its own checks.
func (w *world) check(m *watched) {
	if m.deleted || !m.Enabled {
		return
	}
	for _, r := range w.alive() {
		if !r.own {
			continue
		}
		status := monitor.StatusOK
		if w.rng.IntN(100) < m.mood {
			status = monitor.Status(1 + w.rng.IntN(2))
		}
		w.pass(time.Millisecond)
		r.chains[m.ID] = push(r.chains[m.ID], m.ID, store.Point{Date: monitor.Date(time.Now()), Status: status})
		r.unstored[m.ID] = true
	}
}

// push is the state after one more result.
func push(s *store.State, id string, p store.Point) *store.State {
	next := &store.State{MonitorID: id}
	if s != nil {
		next.History = slices.Clone(s.History)
	}
	next.History = append(next.History, p)
	next.History = next.History[max(0, len(next.History)-store.HistoryLength):]
	next.Latest = monitor.Result{MonitorID: id, Date: p.Date, Status: p.Status, Message: "as of " + p.Date.String()}
	return next
}

// storeResults stores what waits, and tells the alerters.
func (w *world) storeResults() {
	if w.away {
		return
	}
	for _, r := range w.alive() {
		for _, m := range w.monitors {
			if !r.unstored[m.ID] {
				continue
			}
			delete(r.unstored, m.ID)
			s := r.chains[m.ID]
			w.oracle.stored(m, s)
			if m.state == nil || s.Latest.Date.After(m.state.Latest.Date) {
				m.state = s
			}
			r.alerter.Stored([]store.State{*s})
			r.calm = false
		}
	}
}

// repeat tells of a state again, or of an older one.
func (w *world) repeat(m *watched) {
	if m.state == nil {
		return
	}
	s := *m.state
	if n := len(s.History); n > 1 && w.chance(500) {
		s.History = s.History[:1+w.rng.IntN(n-1)]
		s.Latest.Date = s.History[len(s.History)-1].Date
	}
	for _, r := range w.alive() {
		r.alerter.Stored([]store.State{s})
	}
}

// tellMonitors tells of the monitors, but not while the store is away: nobody can know then.
func (w *world) tellMonitors() {
	if w.away {
		return
	}
	var all []monitor.Monitor
	for _, m := range w.monitors {
		if !m.deleted {
			all = append(all, m.Monitor)
		}
	}
	for _, r := range w.alive() {
		r.alerter.Monitors(all, func(string) bool { return r.own })
		r.calm = false
	}
}

func (w *world) toggle(m *watched) {
	if w.away || m.deleted {
		return
	}
	m.Enabled = !m.Enabled
	w.oracle.reset(m)
	w.tellMonitors()
}

func (w *world) deleteOrCreate(m *watched) {
	if w.away {
		return
	}
	m.deleted = !m.deleted
	m.state = nil
	for _, r := range w.alive() {
		delete(r.chains, m.ID)
		delete(r.unstored, m.ID)
	}
	w.oracle.reset(m)
	w.tellMonitors()
}

// startRunner starts a runner, which takes everything over.
func (w *world) startRunner() *runner {
	r := &runner{chains: make(map[string]*store.State), unstored: make(map[string]bool)}
	r.alerter = New(Config{Runner: fmt.Sprint(w.step), Rules: w.rules}, w.store, []Sender{w.oracle}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	w.runners = append(w.runners, r)
	r.own = true
	w.tellMonitors()
	for _, m := range w.monitors {
		if m.state != nil {
			r.chains[m.ID] = m.state
			r.alerter.Stored([]store.State{*m.state})
		}
	}
	return r
}

// takeOver starts a second runner while the first goes on for a while.
func (w *world) takeOver() {
	if !w.away && len(w.owners()) < 2 {
		w.startRunner()
	}
}

// owners are the runners that believe that the monitors are their own.
func (w *world) owners() []*runner {
	return slices.DeleteFunc(w.alive(), func(r *runner) bool { return !r.own })
}

// letGo ends a double responsibility: the older runner hears that it is over, or dies.
func (w *world) letGo() {
	if rs := w.owners(); len(rs) > 1 {
		rs[0].own = false
		rs[0].dead = w.chance(500)
		w.tellMonitors()
	}
}

// restart ends all runners, cleanly or not, and starts one: not while the store is away, since it couldn't read.
func (w *world) restart() {
	if w.away {
		return
	}
	for _, r := range w.alive() {
		if w.chance(500) {
			w.work(r)
		}
		r.dead = true
	}
	w.startRunner()
}
