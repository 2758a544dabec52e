package housekeeping

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

const (
	// incidentMonitors is the number of monitors whose past incidents one step reconstructs, incidentSteps the number of
	// steps in one round.
	incidentMonitors = 20
	incidentSteps    = 10
	// incidentChanges is the maximum number of status changes of a monitor that are read, newest first.
	incidentChanges = 10_000
	// defaultFailCount is the number of not-OK results in a row that open an incident by default.
	defaultFailCount = 3
	// incidentsDone is the position after the last monitor. Other positions are the id of the last monitor.
	incidentsDone = "done"
)

// IncidentStore is the part of the store for the reconstruction of past incidents; see [store.Store].
type IncidentStore interface {
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
	State(ctx context.Context, monitorID string) (store.State, error)
	StatusChanges(ctx context.Context, monitorID string, from, to time.Time, limit int) ([]store.StatusChange, error)
	Notifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error)
	IncidentsByID(ctx context.Context, ids []string) ([]store.Incident, error)
	MergeIncidents(ctx context.Context, incidents []store.Incident) error
	IncidentHistory(ctx context.Context) (string, error)
	PutIncidentHistory(ctx context.Context, position string) error
}

// reconstructIncidents stores incidents from before incidents were stored. It makes a limited number of steps, and
// reports whether nothing is left. Each step stores its position last, so an interrupted step is repeated, which changes
// nothing.
func (h *Housekeeper) reconstructIncidents(ctx context.Context) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	total := 0
	for step := 0; step < incidentSteps && err == nil && !done; step++ {
		var added int
		added, done, err = h.reconstructStep(ctx)
		total += added
	}
	if total > 0 {
		h.log.Info("reconstructed past incidents", "incidents", total)
	}
	if err != nil {
		return false, fmt.Errorf("reconstruct past incidents: %w", err)
	}
	return done, nil
}

// reconstructStep stores the past incidents of some monitors, and returns how many are new.
func (h *Housekeeper) reconstructStep(ctx context.Context) (added int, done bool, err error) {
	position, err := h.store.IncidentHistory(ctx)
	if err != nil || position == incidentsDone {
		return 0, err == nil, err
	}
	monitors, err := h.store.Monitors(ctx)
	if err != nil {
		return 0, false, err
	}
	monitors = slices.DeleteFunc(monitors, func(m monitor.Monitor) bool { return m.ID <= position })
	slices.SortFunc(monitors, func(a, b monitor.Monitor) int { return strings.Compare(a.ID, b.ID) })
	if len(monitors) == 0 {
		return 0, true, h.store.PutIncidentHistory(ctx, incidentsDone)
	}
	monitors = monitors[:min(len(monitors), incidentMonitors)]
	var incidents []store.Incident
	for _, m := range monitors {
		past, err := h.pastIncidents(ctx, m)
		if err != nil {
			return 0, false, err
		}
		incidents = append(incidents, past...)
	}
	if added, err = h.addIncidents(ctx, incidents); err != nil {
		return added, false, err
	}
	return added, false, h.store.PutIncidentHistory(ctx, monitors[len(monitors)-1].ID)
}

// addIncidents stores the incidents that are not stored yet, and returns their number.
func (h *Housekeeper) addIncidents(ctx context.Context, incidents []store.Incident) (added int, err error) {
	for chunk := range slices.Chunk(incidents, resultPageSize) {
		ids := make([]string, len(chunk))
		for n, i := range chunk {
			ids[n] = i.ID
		}
		stored, err := h.store.IncidentsByID(ctx, ids)
		if err != nil {
			return added, err
		}
		known := make(map[string]bool, len(stored))
		for _, i := range stored {
			known[i.ID] = true
		}
		chunk = slices.DeleteFunc(chunk, func(i store.Incident) bool { return known[i.ID] })
		if err := h.store.MergeIncidents(ctx, chunk); err != nil {
			return added, err
		}
		added += len(chunk)
	}
	return added, nil
}

// pastIncidents returns the incidents of a monitor that have ended. It derives them from the notifications, and for the
// time before the first notification from the status changes.
func (h *Housekeeper) pastIncidents(ctx context.Context, m monitor.Monitor) ([]store.Incident, error) {
	now := h.cfg.Now()
	from := now.Add(-h.cfg.Retention.Rollups)
	notifications, err := h.notificationsOf(ctx, m.ID, from)
	if err != nil {
		return nil, err
	}
	incidents, first := notifiedIncidents(notifications)
	changes, err := h.store.StatusChanges(ctx, m.ID, from, now, incidentChanges)
	if err != nil {
		return nil, err
	}
	if len(changes) == incidentChanges {
		from = changes[len(changes)-1].Date
	}
	var state *store.State
	switch s, err := h.store.State(ctx, m.ID); {
	case err == nil:
		state = &s
	case !errors.Is(err, monitor.ErrNotFound):
		return nil, err
	}
	for _, i := range uptime.Incidents(uptime.Periods(from, now, m, state, changes, time.Time{})) {
		if !i.Open && !i.BeganBefore && i.Down >= minDown(m) && (first.IsZero() || i.To.Before(first)) {
			incidents = append(incidents, incidentOfChanges(m, i))
		}
	}
	return incidents, nil
}

// notificationsOf returns the notifications of a monitor since a time, newest first.
func (h *Housekeeper) notificationsOf(ctx context.Context, id string, since time.Time) ([]store.Notification, error) {
	var list []store.Notification
	f := store.NotificationFilter{MonitorID: id, Limit: resultPageSize}
	for {
		page, err := h.store.Notifications(ctx, f)
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
		if len(page) < f.Limit || page[len(page)-1].Date.Before(since) {
			return list, nil
		}
		last := page[len(page)-1]
		f.Before = &store.Cursor{Date: last.Date, ID: last.ID}
	}
}

// notifiedIncidents returns the ended incidents of the notifications of a monitor, and the date of the first not-OK result
// of the first incident; zero if there is none.
func notifiedIncidents(notifications []store.Notification) (ended []store.Incident, first time.Time) {
	byNumber := make(map[int]*store.Incident)
	for _, n := range notifications {
		if n.Incident > 0 && byNumber[n.Incident] == nil {
			byNumber[n.Incident] = &store.Incident{
				ID: store.IncidentID(n.MonitorID, n.Incident), MonitorID: n.MonitorID, Number: n.Incident, MonitorName: n.MonitorName,
				Group: n.Group, FirstNotOK: n.Opened, Opened: n.Opened, Severity: monitor.StatusError, Reconstructed: true,
			}
		}
		i := byNumber[n.Incident]
		if i == nil {
			continue
		}
		i.Severity = max(i.Severity, n.Status)
		switch n.Kind {
		case store.KindOpened:
			i.MonitorName, i.Group, i.FirstNotOK, i.Opened = n.MonitorName, n.Group, n.Opened, n.Date
			i.FirstMessage = n.Message
			i.Message = cmp.Or(i.Message, n.Message)
		case store.KindEscalated, store.KindReminder:
			i.Message = cmp.Or(i.Message, n.Message)
		case store.KindResolved, store.KindClosed:
			i.Resolved, i.Closed = n.Date, n.Kind == store.KindClosed
		}
	}
	numbers := slices.Sorted(maps.Keys(byNumber))
	for at, number := range numbers {
		i := byNumber[number]
		if i.Resolved.IsZero() && at+1 < len(numbers) {
			i.Resolved = byNumber[numbers[at+1]].FirstNotOK // its end has no notification
		}
		if first.IsZero() || i.FirstNotOK.Before(first) {
			first = i.FirstNotOK
		}
		if !i.Resolved.IsZero() {
			ended = append(ended, *i)
		}
	}
	return ended, first
}

// minDown returns the time from the first not-OK result to the one that opens an incident.
func minDown(m monitor.Monitor) time.Duration {
	count, err := strconv.Atoi(strings.TrimSpace(m.Properties["alertFailCount"]))
	if err != nil {
		count = defaultFailCount
	}
	return time.Duration(count-1) * m.Every()
}

// incidentOfChanges returns the incident of a time in which the monitor was not OK. It has no number, so its id contains
// its start.
func incidentOfChanges(m monitor.Monitor, i uptime.Incident) store.Incident {
	severity := monitor.StatusError
	if i.Worst == uptime.Failed {
		severity = monitor.StatusFailed
	}
	return store.Incident{
		ID: fmt.Sprintf("%s-r%d", m.ID, i.From.UnixMilli()), MonitorID: m.ID, MonitorName: m.Name, Group: m.Group,
		FirstNotOK: i.From, Opened: i.From, Resolved: i.To, Severity: severity, Reconstructed: true,
	}
}
