package statuspage

import (
	"context"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

// definitionStore is the part of the store with what people edit.
type definitionStore interface {
	StatusPages(ctx context.Context) ([]document.Page, error)
	StatusMessages(ctx context.Context, pageIDs []string, since time.Time) ([]document.Message, error)
	StatusPagesRevision(ctx context.Context) (string, error)
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
	MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error)
	Revision(ctx context.Context, states bool) (string, error)
}

// historyStore is the part of the store with what checks have found.
type historyStore interface {
	ResultsSince(ctx context.Context, cursor string, limit int) ([]monitor.Result, string, error)
	ResultsCleared(ctx context.Context) (time.Time, error)
	StatesOf(ctx context.Context, monitorIDs []string) ([]store.State, error)
	StatusChangesOf(
		ctx context.Context, monitorIDs []string, from, to time.Time, limit int,
	) ([]store.StatusChange, error)
	StatusChangesExpired(ctx context.Context) (time.Time, error)
	EachRollup(
		ctx context.Context, monitorIDs []string, p store.Period, from, to time.Time, each func(store.Rollup),
	) error
}

// incidentStore is the part of the store with the incidents.
type incidentStore interface {
	Incidents(ctx context.Context, f store.IncidentFilter) ([]store.Incident, error)
	IncidentsByID(ctx context.Context, ids []string) ([]store.Incident, error)
	OpenIncidents(ctx context.Context, monitorIDs []string) ([]store.Incident, error)
}
