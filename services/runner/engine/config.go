package engine

import (
	"context"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/services/runner/spool"
)

// Config is what the engine needs to know.
type Config struct {
	// ID names this runner among those that share a store.
	ID string
	// PollingInterval is how often the monitors are read where the store can't be watched. Where it can, they are
	// read upon every change and, to be safe, every minute. 0 means 10 s.
	PollingInterval time.Duration
	// Retention is for how long history is kept.
	Retention store.Retention
	// Alone says that no other runner uses the store.
	Alone bool
	// Spool is where results wait on disk while the store is away; without it they wait in memory.
	Spool *spool.Spool
	// Secrets is what references in monitors may lead to.
	Secrets secret.Source
	// Observer is told what the engine does; nil for nobody.
	Observer Observer
	// Ran is told of each run that gave a result; nil for nobody. It must not block.
	Ran func(Run)
	// HealthFile is touched every five seconds while the schedule goes on, for [Alive]; blank for none.
	HealthFile string
	// Grace is how long running checks may go on after a stop; 0 means 10 s.
	Grace time.Duration
}

// Run is one check of a monitor, on its schedule or because somebody asked for it.
type Run struct {
	// Type is that of the monitor.
	Type   string
	Status monitor.Status
	// Late is how long after it was due the run began, and Took how long it went on.
	Late, Took time.Duration
}

// Observer is told what the engine does. Its methods must not block.
type Observer interface {
	// Monitors tells all stored monitors, the disabled ones too, and which of them this runner is responsible for. It
	// comes before the states of monitors that are new.
	Monitors(all []monitor.Monitor, own func(id string) bool)
	// Stored tells states: those of the monitors whose results were written just now, and of those that this runner begins with. After
	// an outage they may be ahead of what the store has.
	Stored(states []store.State)
}

type nobody struct{}

func (nobody) Monitors([]monitor.Monitor, func(string) bool) {}
func (nobody) Stored([]store.State)                          {}

// Store is what the engine needs of a store; see [store.Store].
type Store interface {
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
	MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error)
	ResultsCleared(ctx context.Context) (time.Time, error)
	States(ctx context.Context) ([]store.State, error)
	StatesOf(ctx context.Context, monitorIDs []string) ([]store.State, error)
	AppendBatch(ctx context.Context, b store.Batch) error
	Watch(ctx context.Context, t store.Topic) (<-chan struct{}, error)

	PendingOnDemandChecks(ctx context.Context, now time.Time) ([]store.OnDemandCheck, error)
	ClaimOnDemandCheck(ctx context.Context, id, runner string) (bool, error)
	CompleteOnDemandCheck(ctx context.Context, id string, r monitor.Result) error
	DeleteOnDemandCheck(ctx context.Context, id string) error

	PutHeartbeat(ctx context.Context, r store.Runner) error
	Runners(ctx context.Context, since time.Time) ([]store.Runner, error)
	RemoveRunner(ctx context.Context, id string) error

	Results(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error)
	DirtyHours(ctx context.Context, closed, quiet time.Time, limit int) ([]store.DirtyHour, error)
	PutRollups(ctx context.Context, rs []store.Rollup) error
	ClearDirty(ctx context.Context, marks []store.DirtyHour) error
	Rollups(ctx context.Context, monitorID string, p store.Period, from, to time.Time) ([]store.Rollup, error)
	Expire(ctx context.Context, now time.Time, keep store.Retention) (int, error)
}
