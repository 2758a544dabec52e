package alertingtest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/store"
)

// MergeIncidents implements [store.Store].
func (m *Memory) MergeIncidents(ctx context.Context, incidents []store.Incident) error {
	if err := m.begin(ctx, "MergeIncidents", ""); err != nil {
		return err
	}
	m.mu.Unlock()
	for _, i := range incidents {
		m.mu.Lock()
		m.mergeIncident(i)
		m.mu.Unlock()
		// An error here leaves the following incidents out.
		if err := m.intercepted(ctx, "merged", i.ID); err != nil {
			return err
		}
	}
	return m.intercepted(ctx, "MergeIncidents", "")
}

func (m *Memory) mergeIncident(i store.Incident) {
	merged, found := m.StoredIncidents[i.ID]
	if !found {
		m.StoredIncidents[i.ID] = i
		return
	}
	merged.Severity = max(merged.Severity, i.Severity)
	merged.Message = cmp.Or(i.Message, merged.Message)
	merged.Closed = merged.Closed || i.Closed
	if merged.Resolved.IsZero() || !i.Resolved.IsZero() && i.Resolved.Before(merged.Resolved) {
		merged.Resolved = i.Resolved
	}
	m.StoredIncidents[i.ID] = merged
}

// IncidentsByID implements [store.Store].
func (m *Memory) IncidentsByID(ctx context.Context, ids []string) ([]store.Incident, error) {
	return m.selectIncidents(ctx, "IncidentsByID", func(i store.Incident) bool { return slices.Contains(ids, i.ID) })
}

// OpenIncidents implements [store.Store].
func (m *Memory) OpenIncidents(ctx context.Context, monitorIDs []string) ([]store.Incident, error) {
	selected := make(map[string]bool, len(monitorIDs))
	for _, id := range monitorIDs {
		selected[id] = true
	}
	return m.selectIncidents(ctx, "OpenIncidents", func(i store.Incident) bool {
		return i.Resolved.IsZero() && (monitorIDs == nil || selected[i.MonitorID])
	})
}

func (m *Memory) selectIncidents(
	ctx context.Context, operation string, selects func(store.Incident) bool,
) ([]store.Incident, error) {
	if err := m.begin(ctx, operation, ""); err != nil {
		return nil, err
	}
	var list []store.Incident
	for _, id := range slices.Sorted(maps.Keys(m.StoredIncidents)) {
		if i := m.StoredIncidents[id]; selects(i) {
			list = append(list, i)
		}
	}
	m.mu.Unlock()
	return list, m.intercepted(ctx, operation, "")
}

// NotificationsOf implements [store.Store].
func (m *Memory) NotificationsOf(ctx context.Context, incidentIDs []string, limit int) ([]store.Notification, error) {
	if err := m.begin(ctx, "NotificationsOf", ""); err != nil {
		return nil, err
	}
	var list []store.Notification
	for _, n := range m.List {
		of := func(id string) bool { return strings.HasPrefix(n.ID, id+"-") }
		if len(list) < limit && slices.ContainsFunc(incidentIDs, of) {
			list = append(list, n)
		}
	}
	m.mu.Unlock()
	return list, m.intercepted(ctx, "NotificationsOf", "")
}

// Silences implements [store.Store].
func (m *Memory) Silences(ctx context.Context, now time.Time) ([]store.Silence, error) {
	if err := m.begin(ctx, "Silences", ""); err != nil {
		return nil, err
	}
	var list []store.Silence
	for _, id := range slices.Sorted(maps.Keys(m.Silenced)) {
		if s := m.Silenced[id]; s.Until.After(now) {
			list = append(list, s)
		}
	}
	m.mu.Unlock()
	return list, m.intercepted(ctx, "Silences", "")
}

// Silence silences a monitor until a time; it ends the silence if that time is over.
func (m *Memory) Silence(monitorID string, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Silenced[monitorID] = store.Silence{MonitorID: monitorID, Until: until}
}

// Acknowledge stores an acknowledgement of an incident and its notification, as the API does. It reports whether the
// incident was open and not acknowledged.
func (m *Memory) Acknowledge(i store.Incident, by string, at time.Time) bool {
	m.mu.Lock()
	stored := m.StoredIncidents[i.ID]
	open := stored.ID != "" && stored.Resolved.IsZero() && stored.Acknowledgement == nil
	if open {
		stored.Acknowledgement = &store.Acknowledgement{By: by, Note: "note", Date: at}
		m.StoredIncidents[i.ID] = stored
	}
	m.mu.Unlock()
	return open && m.Add(stored.AcknowledgedNotification("", ""))
}
