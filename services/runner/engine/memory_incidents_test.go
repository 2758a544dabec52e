package engine

import (
	"context"
	"time"

	"nanomon/services/common/store"
)

// IncidentHistory returns that no past incident is left to reconstruct, so the methods below are not called.
func (s *memoryStore) IncidentHistory(ctx context.Context) (string, error) {
	leave, err := s.enter(ctx, "IncidentHistory")
	defer leave()
	return "done", err
}

func (s *memoryStore) PutIncidentHistory(context.Context, string) error {
	panic("PutIncidentHistory")
}

func (s *memoryStore) State(context.Context, string) (store.State, error) { panic("State") }

func (s *memoryStore) StatusChanges(context.Context, string, time.Time, time.Time, int) ([]store.StatusChange, error) {
	panic("StatusChanges")
}

func (s *memoryStore) Notifications(context.Context, store.NotificationFilter) ([]store.Notification, error) {
	panic("Notifications")
}

func (s *memoryStore) IncidentsByID(context.Context, []string) ([]store.Incident, error) {
	panic("IncidentsByID")
}

func (s *memoryStore) MergeIncidents(context.Context, []store.Incident) error {
	panic("MergeIncidents")
}
