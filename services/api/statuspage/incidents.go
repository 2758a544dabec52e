package statuspage

import (
	"context"
	"maps"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// maxIncidents is the number of incidents that are read at once, and maxIncidentReads the number of such reads.
	maxIncidents     = 1000
	maxIncidentReads = 20
	// incidentAge is the age of the oldest opening of an incident that is read.
	incidentAge = 100 * 24 * time.Hour
	// allIncidentsAfter is the time after which all incidents are read again: some may have been stored late.
	allIncidentsAfter = time.Hour
	// maxUnread is the maximum number of new monitors whose incidents are read one after the other.
	maxUnread = 10
	// maxOpenIDs is the maximum number of monitors whose open incidents are selected by id.
	maxOpenIDs = 500
)

// incident is the time of an incident. end is zero while it is open.
type incident struct{ start, end time.Time }

// readIncidents reads the incidents that have changed and all incidents of new monitors, or all incidents of the last
// months if that is necessary.
func (c *collector) readIncidents(ctx context.Context) error {
	isFull := c.incidentsRead.IsZero() || c.now.Sub(c.incidentsRead) >= allIncidentsAfter || len(c.unread) > maxUnread
	oldest, since := c.now.Add(-incidentAge), c.lastOpened.Add(-overlap)
	if isFull || c.lastOpened.IsZero() {
		since = oldest
	}
	found, err := c.openedIncidents(ctx, "", since)
	if err != nil {
		return err
	}
	for _, t := range c.unread {
		if since.Equal(oldest) {
			break
		}
		more, err := c.openedIncidents(ctx, t.monitor.ID, oldest)
		if err != nil {
			return err
		}
		found = append(found, more...)
	}
	open, err := c.openIncidents(ctx)
	if err != nil {
		return err
	}
	ended, err := c.endedIncidents(ctx, open)
	if err != nil {
		return err
	}
	c.setIncidents(append(append(found, open...), ended...), isFull) // The later reads are newer.
	if isFull {
		c.incidentsRead = c.now
	}
	c.unread = nil
	return nil
}

// setIncidents applies incidents. If they are all, the monitors have no others.
func (c *collector) setIncidents(list []store.Incident, all bool) {
	next := make(map[*tracked]map[string]incident)
	for _, i := range list {
		if i.Opened.After(c.lastOpened) {
			c.lastOpened = i.Opened
		}
		t := c.tracked[i.MonitorID]
		if t == nil {
			continue
		}
		if next[t] == nil {
			next[t] = make(map[string]incident)
			if !all {
				maps.Copy(next[t], t.incidents)
			}
		}
		next[t][i.ID] = incident{i.FirstNotOK, i.Resolved}
	}
	for _, t := range c.all {
		if all || next[t] != nil {
			t.setIncidents(next[t])
		}
	}
}

// openedIncidents returns the incidents of a monitor, or of all, that opened since a date, newest first.
func (c *collector) openedIncidents(ctx context.Context, id string, since time.Time) (all []store.Incident, err error) {
	filter := store.IncidentFilter{MonitorID: id, From: since, Limit: maxIncidents}
	for range maxIncidentReads {
		found, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.Incident, error) {
			return c.store.Incidents(ctx, filter)
		})
		if err != nil {
			return nil, err
		}
		for _, i := range found {
			if c.tracked[i.MonitorID] != nil {
				all = append(all, i)
			}
		}
		if len(found) < maxIncidents {
			break
		}
		last := found[len(found)-1]
		filter.Before = &store.Cursor{Date: last.Opened, ID: last.ID}
	}
	return all, nil
}

func (c *collector) openIncidents(ctx context.Context) ([]store.Incident, error) {
	var ids []string // nil selects all
	if len(c.all) <= maxOpenIDs {
		ids = make([]string, 0, len(c.all))
		for _, t := range c.all {
			ids = append(ids, t.monitor.ID)
		}
	}
	return store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.Incident, error) {
		return c.store.OpenIncidents(ctx, ids)
	})
}

// endedIncidents returns the incidents that were open at the last read and are not any more.
func (c *collector) endedIncidents(ctx context.Context, open []store.Incident) ([]store.Incident, error) {
	isOpen := make(map[string]bool, len(open))
	for _, i := range open {
		isOpen[i.ID] = true
	}
	var ids []string
	for _, t := range c.all {
		for id, i := range t.incidents {
			if i.end.IsZero() && !isOpen[id] {
				ids = append(ids, id)
			}
		}
	}
	var ended []store.Incident
	for some := range slices.Chunk(ids, maxIncidents) {
		found, err := store.Call(ctx, store.LongCall, func(ctx context.Context) ([]store.Incident, error) {
			return c.store.IncidentsByID(ctx, some)
		})
		if err != nil {
			return nil, err
		}
		ended = append(ended, found...)
	}
	return ended, nil
}

// setIncidents sets the incidents of a monitor by id.
func (t *tracked) setIncidents(next map[string]incident) {
	isSame := func(a, b incident) bool { return a.start.Equal(b.start) && a.end.Equal(b.end) }
	if !maps.EqualFunc(t.incidents, next, isSame) {
		t.incidents = next
		t.changed()
	}
}

// isOver reports whether an incident is not shown because it is open only as long as the monitor is muted.
func (t *tracked) isOver(i incident) bool {
	return i.end.IsZero() && t.isMuted && !t.latest.IsZero() && t.status == monitor.StatusOK
}

func (t *tracked) hasOpenIncident() bool {
	for _, i := range t.incidents {
		if i.end.IsZero() && !t.isOver(i) {
			return true
		}
	}
	return false
}
