package alerting

import (
	"context"
	"maps"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// monitorSet is all stored monitors, and which of them are this runner's own.
type monitorSet struct {
	all map[string]monitor.Monitor
	own map[string]bool
	// parents are the monitors that others depend on, by theirs, and children the other way round.
	parents  map[string]string
	children map[string][]string
	// told is when.
	told time.Time
}

func newMonitorSet(all []monitor.Monitor, own func(id string) bool) *monitorSet {
	set := &monitorSet{
		all: make(map[string]monitor.Monitor, len(all)), own: make(map[string]bool),
		parents: monitor.Dependencies(all), children: make(map[string][]string), told: time.Now(),
	}
	for _, m := range all {
		set.all[m.ID] = m
		if own(m.ID) {
			set.own[m.ID] = true
		}
	}
	for child, parent := range set.parents {
		set.children[parent] = append(set.children[parent], child)
	}
	return set
}

// behind is how many enabled monitors depend on the one with the id, directly or through others.
func (s monitorSet) behind(id string) int {
	n := 0
	for left := slices.Clone(s.children[id]); len(left) > 0; {
		last := len(left) - 1
		child := left[last]
		left = append(left[:last], s.children[child]...)
		if s.all[child].Enabled {
			n++
		}
	}
	return n
}

// askParents reads the newest results of the monitors that alerts wait for; those that have none have no date.
func (j *judging) askParents(ctx context.Context, work []*entry) (map[string]store.Point, error) {
	newest := make(map[string]store.Point)
	for _, e := range work {
		if parent := j.monitors.parents[e.monitor.ID]; parent != "" && !e.state.WaitingSince.IsZero() {
			newest[parent] = store.Point{}
		}
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(newest)), chunk) {
		states, err := call(ctx, bigCall, func(ctx context.Context) ([]store.State, error) { return j.store.StatesOf(ctx, ids) })
		if err != nil {
			return nil, err
		}
		for _, s := range states {
			newest[s.MonitorID] = store.Point{Date: s.Latest.Date, Status: s.Latest.Status}
		}
	}
	return newest, nil
}

// parentOf is the monitor that the one with the id depends on, with the newest of its results where it was asked for.
func (j *judging) parentOf(id string, newest map[string]store.Point) parent {
	of := j.monitors.parents[id]
	point, asked := newest[of]
	return parent{id: of, every: j.monitors.all[of].Every(), asked: asked, newest: point}
}
