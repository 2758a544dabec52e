package alerting

import (
	"fmt"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/notify"
)

// randomEvent lets one random event happen.
func (w *world) randomEvent() {
	for _, m := range w.monitors {
		m.maintenance = m.maintenance && !w.chance(80)
		if m.checkRate == 0 && w.chance(40) {
			m.checkRate = 1000
		}
	}
	if w.networkDown = w.networkDown && !w.chance(80); len(w.monitors) > 3 && !w.networkDown {
		w.networkDown = w.chance(40)
	}
	m := w.monitors[w.rng.IntN(len(w.monitors))]
	if w.silences && w.chance(80) {
		[]func(*simulatedMonitor){w.silence, w.acknowledge}[w.rng.IntN(2)](m)
	}
	switch n := w.rng.IntN(1000); {
	case n < 710:
		for _, m := range w.monitors {
			if w.chance(m.checkRate) {
				w.check(m)
			}
		}
		w.storeResults()
	case n < 725:
		m.maintenance = true
	case n < 765:
		m.checkRate = []int{0, 300, 700, 1000, 1000}[w.rng.IntN(5)]
	case n < 780:
		w.changeDependency(m)
	case n < 820:
		if w.rules.Warnings {
			m.warningRate = []int{0, 0, 20, 100}[w.rng.IntN(4)]
		}
		m.failureRate = []int{0, 10, 50, 90, 100}[w.rng.IntN(5)]
		if len(w.monitors) > 3 || m == w.monitors[0] {
			m.failureRate = []int{0, 0, 0, 20, 90}[w.rng.IntN(5)]
		}
	case n < 850:
		w.unavailable = true
	case n < 890:
		w.unavailable = false
		if len(w.alive()) == 0 {
			w.startRunner()
		}
		w.storeResults()
		w.sendMonitors()
	case n < 910:
		w.repeat(m)
	case n < 918:
		m.Name += "'"
		w.sendMonitors()
	case n < 924:
		w.silence(m)
	case n < 930:
		w.acknowledge(m)
	case n < 945:
		w.toggle(m)
	case n < 955:
		w.deleteOrCreate(m)
	case n < 965:
		w.sleep(time.Duration(w.rng.IntN(90)) * time.Minute)
	case n < 980:
		w.takeOver()
	case n < 990:
		w.restart()
	default:
		w.endTakeOver()
	}
}

// check adds a result of m to every runner that has the monitors, because each runs its own checks.
func (w *world) check(m *simulatedMonitor) {
	if m.deleted || !m.Enabled {
		return
	}
	for _, r := range w.alive() {
		if !r.own {
			continue
		}
		p := store.Point{Status: monitor.StatusOK}
		switch {
		case w.networkDown:
			p.Status = monitor.StatusFailed
		case w.rng.IntN(100) < m.failureRate:
			p.Status = monitor.Status(1 + w.rng.IntN(2))
		}
		switch {
		case m.maintenance:
			p.Ignored = monitor.IgnoredMaintenance
		case notOK(p) && w.blocked(r, m):
			p.Ignored = monitor.IgnoredBlocked
		case !notOK(p) && w.rules.Warnings:
			p.Warning = w.rng.IntN(100) < m.warningRate
		}
		w.sleep(time.Millisecond)
		p.Date = monitor.Date(time.Now())
		r.current[m.ID] = alertingtest.Push(r.current[m.ID], m.ID, p)
		r.unstored[m.ID] = true
	}
}

// blocked reports whether r knows that the dependency of m is not OK. It may know it late.
func (w *world) blocked(r *simulatedRunner, m *simulatedMonitor) bool {
	dependency := w.dependencyOf(m)
	if dependency == nil || w.chance(100) {
		return false
	}
	known := r.current[dependency.ID]
	return w.chance(20) || known != nil && known.Latest.Status != monitor.StatusOK
}

// dependencyOf returns the monitor that m depends on; nil if it has none, or if that one is deleted or disabled.
func (w *world) dependencyOf(m *simulatedMonitor) *simulatedMonitor {
	for _, p := range w.monitors {
		if m.Properties[monitor.DependsOn] == p.ID && !p.deleted && p.Enabled {
			return p
		}
	}
	return nil
}

// changeDependency makes m depend on another monitor or on none, without cycles.
func (w *world) changeDependency(m *simulatedMonitor) {
	if w.unavailable {
		return
	}
	at := slices.Index(w.monitors, m)
	m.Properties = nil
	if at > 0 && w.chance(700) {
		m.Properties = map[string]string{monitor.DependsOn: w.monitors[w.rng.IntN(at)].ID}
	}
	w.sendMonitors()
}

// storeResults stores the states that are not stored yet and passes them to the alerters.
func (w *world) storeResults() {
	if w.unavailable {
		return
	}
	for _, r := range w.alive() {
		for _, m := range w.monitors {
			if !r.unstored[m.ID] {
				continue
			}
			delete(r.unstored, m.ID)
			s := r.current[m.ID]
			w.oracle.stored(m, s)
			if m.state == nil || s.Latest.Date.After(m.state.Latest.Date) {
				if m.state == nil || !s.Since.Equal(m.state.Since) {
					m.followOn(s)
				}
				m.state = s
				w.store.PutState(*s)
			}
			r.alerter.Stored([]store.State{*s})
			r.upToDate = false
		}
	}
}

// followOn sets wasNotOK to what was before the streak of s, if the history of s reaches back that far.
func (m *simulatedMonitor) followOn(s *store.State) {
	if n := len(s.History) - s.Streak; n >= 0 {
		m.wasNotOK = n > 0 && notOK(s.History[n-1])
	}
}

// repeat passes a state, or an older one, to the alerters again.
func (w *world) repeat(m *simulatedMonitor) {
	if m.state == nil {
		return
	}
	s := *m.state
	if n := len(s.History); n > 1 && w.chance(500) {
		var older *store.State
		for _, p := range s.History[:1+w.rng.IntN(n-1)] {
			older = alertingtest.Push(older, m.ID, p)
		}
		s = *older
	}
	for _, r := range w.alive() {
		r.alerter.Stored([]store.State{s})
	}
}

// sendMonitors passes the monitors to the alerters, unless the store is unavailable: then no runner can read them.
func (w *world) sendMonitors() {
	if w.unavailable {
		return
	}
	var all []monitor.Monitor
	for _, m := range w.monitors {
		if !m.deleted {
			all = append(all, m.Monitor)
		}
	}
	w.store.SetMonitors(all)
	for _, r := range w.alive() {
		r.alerter.Monitors(all, func(string) bool { return r.own })
		r.upToDate = false
	}
}

func (w *world) toggle(m *simulatedMonitor) {
	if w.unavailable || m.deleted {
		return
	}
	m.Enabled = !m.Enabled
	w.oracle.monitorChanged(m)
	w.sendMonitors()
}

func (w *world) deleteOrCreate(m *simulatedMonitor) {
	if w.unavailable {
		return
	}
	m.deleted = !m.deleted
	m.state = nil
	delete(w.store.MonitorStates, m.ID)
	for _, r := range w.alive() {
		delete(r.current, m.ID)
		delete(r.unstored, m.ID)
	}
	w.oracle.monitorChanged(m)
	w.sendMonitors()
}

// silence silences m for some time, or ends its silence.
func (w *world) silence(m *simulatedMonitor) {
	if !w.unavailable {
		w.store.Silence(m.ID, time.Now().Add(time.Duration(w.rng.IntN(4))*15*time.Minute))
	}
}

// acknowledge acknowledges the open incident of a monitor, preferably of m.
func (w *world) acknowledge(m *simulatedMonitor) {
	if w.unavailable {
		return
	}
	open := w.oracle.openIncidents("")
	if len(open) == 0 {
		return
	}
	i := open[w.rng.IntN(len(open))]
	if own := w.oracle.openIncidents(m.ID); len(own) > 0 {
		i = own[0]
	}
	if w.store.Acknowledge(i, "ann", monitor.Date(time.Now())) {
		w.oracle.acknowledgements++
	}
}

// startRunner starts a runner that takes over all monitors.
func (w *world) startRunner() *simulatedRunner {
	r := &simulatedRunner{current: make(map[string]*store.State), unstored: make(map[string]bool)}
	r.alerter = New(Config{Runner: fmt.Sprint("here-", w.step), Rules: w.rules, Types: testTypes}, w.store, []notify.Channel{notify.WithWarnings(w.oracle)}, alertingtest.QuietLog())
	w.runners = append(w.runners, r)
	w.oracle.offline.overlapping = w.oracle.offline.overlapped
	r.own = true
	w.sendMonitors()
	for _, m := range w.monitors {
		if m.state != nil {
			r.current[m.ID] = m.state
			r.alerter.Stored([]store.State{*m.state})
		}
	}
	return r
}

// takeOver starts a second runner while the first one still runs.
func (w *world) takeOver() {
	if !w.unavailable && len(w.owners()) < 2 {
		w.startRunner()
	}
}

// owners returns the runners that evaluate the monitors.
func (w *world) owners() []*simulatedRunner {
	return slices.DeleteFunc(w.alive(), func(r *simulatedRunner) bool { return !r.own })
}

// endTakeOver ends an overlap of two runners: the older one loses its monitors and may crash.
func (w *world) endTakeOver() {
	if rs := w.owners(); len(rs) > 1 {
		rs[0].own = false
		rs[0].dead = w.chance(500)
		w.sendMonitors()
	}
}

// restart stops all runners, gracefully or not, and starts one. It does nothing while the store is unavailable, because
// the new runner could not read it.
func (w *world) restart() {
	if w.unavailable {
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
