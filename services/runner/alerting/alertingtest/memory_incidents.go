package alertingtest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"nanomon/services/common/store"
)

// IncidentMemory is the part of a [Memory] with incidents and silences.
type IncidentMemory struct {
	// StoredIncidents contains the incidents by id, Silenced the silences by monitor id.
	StoredIncidents map[string]store.Incident
	Silenced        map[string]store.Silence

	memory *Memory
}

// MergeIncidents implements [store.Store].
func (s *IncidentMemory) MergeIncidents(ctx context.Context, incidents []store.Incident) error {
	if err := s.memory.begin(ctx, "MergeIncidents", ""); err != nil {
		return err
	}
	s.memory.mu.Unlock()
	for _, i := range incidents {
		s.memory.mu.Lock()
		s.mergeIncident(i)
		s.memory.mu.Unlock()
		// An error here leaves the following incidents out.
		if err := s.memory.intercepted(ctx, "merged", i.ID); err != nil {
			return err
		}
	}
	return s.memory.intercepted(ctx, "MergeIncidents", "")
}

func (s *IncidentMemory) mergeIncident(i store.Incident) {
	merged, found := s.StoredIncidents[i.ID]
	if !found {
		s.StoredIncidents[i.ID] = i
		return
	}
	merged.Severity = max(merged.Severity, i.Severity)
	merged.Message = cmp.Or(i.Message, merged.Message)
	merged.Closed = merged.Closed || i.Closed
	if merged.Resolved.IsZero() || !i.Resolved.IsZero() && i.Resolved.Before(merged.Resolved) {
		merged.Resolved = i.Resolved
	}
	s.StoredIncidents[i.ID] = merged
}

// IncidentsByID implements [store.Store].
func (s *IncidentMemory) IncidentsByID(ctx context.Context, ids []string) ([]store.Incident, error) {
	return s.selectIncidents(ctx, "IncidentsByID", func(i store.Incident) bool { return slices.Contains(ids, i.ID) })
}

// OpenIncidents implements [store.Store].
func (s *IncidentMemory) OpenIncidents(ctx context.Context, monitorIDs []string) ([]store.Incident, error) {
	selected := make(map[string]bool, len(monitorIDs))
	for _, id := range monitorIDs {
		selected[id] = true
	}
	return s.selectIncidents(ctx, "OpenIncidents", func(i store.Incident) bool {
		return i.Resolved.IsZero() && (monitorIDs == nil || selected[i.MonitorID])
	})
}

func (s *IncidentMemory) selectIncidents(
	ctx context.Context, operation string, selects func(store.Incident) bool,
) ([]store.Incident, error) {
	if err := s.memory.begin(ctx, operation, ""); err != nil {
		return nil, err
	}
	var list []store.Incident
	for _, id := range slices.Sorted(maps.Keys(s.StoredIncidents)) {
		if i := s.StoredIncidents[id]; selects(i) {
			list = append(list, i)
		}
	}
	s.memory.mu.Unlock()
	return list, s.memory.intercepted(ctx, operation, "")
}

// NotificationsByID implements [store.Store].
func (s *IncidentMemory) NotificationsByID(ctx context.Context, ids []string) ([]store.Notification, error) {
	if err := s.memory.begin(ctx, "NotificationsByID", ""); err != nil {
		return nil, err
	}
	var list []store.Notification
	for _, n := range s.memory.List {
		if slices.Contains(ids, n.ID) {
			list = append(list, n)
		}
	}
	s.memory.mu.Unlock()
	return list, s.memory.intercepted(ctx, "NotificationsByID", "")
}

// Silences implements [store.Store].
func (s *IncidentMemory) Silences(ctx context.Context, now time.Time) ([]store.Silence, error) {
	if err := s.memory.begin(ctx, "Silences", ""); err != nil {
		return nil, err
	}
	var list []store.Silence
	for _, id := range slices.Sorted(maps.Keys(s.Silenced)) {
		if silence := s.Silenced[id]; silence.Until.After(now) {
			list = append(list, silence)
		}
	}
	s.memory.mu.Unlock()
	return list, s.memory.intercepted(ctx, "Silences", "")
}

// Silence silences a monitor until a time; it ends the silence if that time is over.
func (s *IncidentMemory) Silence(monitorID string, until time.Time) {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	s.Silenced[monitorID] = store.Silence{MonitorID: monitorID, Until: until}
}

// Acknowledge stores an acknowledgement of an incident and its notification, as the API does. It reports whether the
// incident was open and not acknowledged.
func (s *IncidentMemory) Acknowledge(i store.Incident, by string, at time.Time) bool {
	s.memory.mu.Lock()
	stored := s.StoredIncidents[i.ID]
	open := stored.ID != "" && stored.Resolved.IsZero() && stored.Acknowledgement == nil
	if open {
		stored.Acknowledgement = &store.Acknowledgement{By: by, Note: "note", Date: at}
		s.StoredIncidents[i.ID] = stored
	}
	s.memory.mu.Unlock()
	return open && s.memory.Add(stored.AcknowledgedNotification(s.memory.StoredMonitors[i.MonitorID]))
}
