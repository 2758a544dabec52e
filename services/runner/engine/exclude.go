package engine

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// parentsEvery is the time between two readings of the states of the parents that other runners run.
	parentsEvery = 2 * time.Second
	// longestSpell is for how long it is believed that no maintenance begins or ends, at most.
	longestSpell = 24 * time.Hour
)

// exclusions decides which results don't count. It never changes.
type exclusions struct {
	windows []maintenance.Window
	// forMonitor and forGroup are those of windows that name a monitor by its id, or a group.
	forMonitor, forGroup map[string][]*maintenance.Window
	// parents are what the monitors of this runner depend on, by their ids.
	parents map[string]parent
	// elsewhere are those parents that other runners run, by id.
	elsewhere map[string]parent
}

// parent is a monitor that another one depends on.
type parent struct {
	id    string
	every time.Duration
}

// newExclusions finds out what excludes results of the monitors own, which are some of all.
func newExclusions(windows []maintenance.Window, all []monitor.Monitor, own map[string]monitor.Monitor) *exclusions {
	x := &exclusions{
		windows:    windows,
		forMonitor: make(map[string][]*maintenance.Window), forGroup: make(map[string][]*maintenance.Window),
		parents: make(map[string]parent), elsewhere: make(map[string]parent),
	}
	for i := range windows {
		w := &windows[i]
		for _, id := range w.Monitors {
			x.forMonitor[id] = append(x.forMonitor[id], w)
		}
		for _, group := range w.Groups {
			x.forGroup[group] = append(x.forGroup[group], w)
		}
	}
	x.link(all, own)
	return x
}

// link finds out what the monitors own depend on.
func (x *exclusions) link(all []monitor.Monitor, own map[string]monitor.Monitor) {
	parents, every := monitor.Dependencies(all), make(map[string]time.Duration)
	for _, id := range parents {
		every[id] = 0
	}
	for _, m := range all {
		if _, needed := every[m.ID]; needed {
			every[m.ID] = m.Every()
		}
	}
	for child, id := range parents {
		if _, mine := own[child]; !mine {
			continue
		}
		p := parent{id, every[id]}
		x.parents[child] = p
		if _, here := own[id]; !here {
			x.elsewhere[id] = p
		}
	}
}

// orLast is last when x says the same, else x.
func (x *exclusions) orLast(last *exclusions) *exclusions {
	sameWindow := func(a, b maintenance.Window) bool { return reflect.DeepEqual(a, b) }
	if slices.EqualFunc(x.windows, last.windows, sameWindow) && maps.Equal(x.parents, last.parents) &&
		maps.Equal(x.elsewhere, last.elsewhere) {
		return last
	}
	return x
}

// windowsOf are the windows for m; one may be there twice.
func (x *exclusions) windowsOf(m monitor.Monitor) []*maintenance.Window {
	windows := x.forMonitor[m.ID]
	if m.Group != "" {
		windows = append(windows[:len(windows):len(windows)], x.forGroup[m.Group]...)
	}
	return windows
}

// spell is a time in which a monitor is in maintenance throughout, or not at all.
type spell struct {
	// by is what it was found with; it holds only as long as that does.
	by          *exclusions
	from, until time.Time
	maintenance bool
}

func (s spell) holds(x *exclusions, at time.Time) bool {
	return s.by == x && !at.Before(s.from) && at.Before(s.until)
}

// spellOf is that of m at a time. It goes through the windows of m, so it is kept until it ends.
func (x *exclusions) spellOf(m monitor.Monitor, at time.Time) spell {
	s := spell{by: x, from: at, until: at.Add(longestSpell)}
	for _, w := range x.windowsOf(m) {
		start, end, ok := w.Occurrence(at)
		if !ok {
			continue
		}
		change := start
		if !start.After(at) {
			s.maintenance, change = true, end
		}
		if change.Before(s.until) {
			s.until = change
		}
	}
	return s
}

// exclude says why r, a result of en, doesn't count; empty when it does.
func (e *Engine) exclude(en *entry, r monitor.Result) monitor.IgnoreReason {
	x := e.exclusions.Load()
	if !en.spell.holds(x, r.Date) {
		en.spell = x.spellOf(en.monitor, r.Date)
	}
	switch {
	case en.spell.maintenance:
		return monitor.IgnoredMaintenance
	case r.Status != monitor.StatusOK && e.isBad(x.parents[en.monitor.ID], r.Date):
		return monitor.IgnoredBlocked
	default:
		return ""
	}
}

// isBad reports whether p is bad at a time, as far as this runner knows.
func (e *Engine) isBad(p parent, at time.Time) bool {
	if en := e.entries[p.id]; en != nil {
		return p.isBad(en.state.Load(), at)
	}
	return e.bad[p.id]
}

// isBad reports whether p, whose state is s, is bad at a time: a result that is too old to tell doesn't count, so that one
// that nobody checks doesn't block others for ever.
func (p parent) isBad(s *store.State, at time.Time) bool {
	return s != nil && s.Latest.Status != monitor.StatusOK && at.Sub(s.Latest.Date) <= monitor.StaleAfter(p.every)
}

// badElsewhere is which parents of other runners are bad when c is applied: what is known of them or, of those that are new,
// what c tells.
func (e *Engine) badElsewhere(c change) map[string]bool {
	bad := make(map[string]bool, len(c.exclusions.elsewhere))
	for id, p := range c.exclusions.elsewhere {
		known, found := e.bad[id]
		if !found {
			known = p.isBad(c.states[id], time.Now())
		}
		bad[id] = known
	}
	return bad
}

// readParents tells the scheduler's goroutine again and again which parents of other runners are bad, while there are any, until ctx
// ends. While the store is away, what was told last holds.
func (e *Engine) readParents(ctx context.Context) {
	reading := e.outage("read what monitors depend on")
	ticker := time.NewTicker(parentsEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		parents := e.exclusions.Load().elsewhere
		if len(parents) == 0 {
			continue
		}
		bad, err := e.badAmong(ctx, parents)
		if ctx.Err() != nil {
			return
		}
		reading.note(err)
		if err != nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case e.parentsRead <- bad:
		}
	}
}

// badAmong reads which of the parents are bad now.
func (e *Engine) badAmong(ctx context.Context, parents map[string]parent) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, smallCall)
	defer cancel()
	ids, bad := make([]string, 0, len(parents)), make(map[string]bool, len(parents))
	for id := range parents {
		ids = append(ids, id)
		bad[id] = false
	}
	states, err := e.store.StatesOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read states: %w", err)
	}
	for _, s := range states {
		bad[s.MonitorID] = parents[s.MonitorID].isBad(&s, time.Now())
	}
	return bad, nil
}
