package engine

import (
	"context"
	"time"

	dateclock "nanomon/services/common/clock"
	"nanomon/services/common/maintenance"
	"nanomon/services/common/memory"
	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/services/runner/cluster"
	"nanomon/services/runner/health"
	"nanomon/services/runner/housekeeping"
	"nanomon/services/runner/quarantine"
	"nanomon/services/runner/results"
)

// Config configures an [Engine].
type Config struct {
	// ID identifies this runner among the runners that share a store.
	ID string
	// PollingInterval is the time between two reads of the monitors if the store cannot report changes; 0 means 10 s. A
	// store that reports changes is read after each change and at least every minute.
	PollingInterval time.Duration
	// Retention limits the age of stored results and rollups.
	Retention store.Retention
	// SingleRunner means that no other runner uses the store.
	SingleRunner bool
	// Results writes the results to the store; its Run is called by the engine.
	Results *results.Writer
	// Health holds what is wrong with this runner.
	Health *health.Runner
	// Quarantine finds the monitors that bring the process down. If it is nil, none is quarantined.
	Quarantine *quarantine.Journal
	// Secrets resolves the secret references of monitors.
	Secrets secret.Source
	// Memory limits the memory that all checks use together for response bodies; nil means no limit.
	Memory *memory.Budget
	// Observer receives monitors and states; it may be nil.
	Observer Observer
	// OnCheck is called after each check that gave a result; it may be nil. It must not block.
	OnCheck func(CompletedCheck)
	// HealthFile is the path of a file that the engine touches every 5 s while its scheduler works; see
	// [health.CheckFile]. If it is empty, no file is written.
	HealthFile string
	// Clock returns the time for the dates that are stored; nil means the system clock. Due times do not depend on it.
	Clock dateclock.Source
	// Grace is the time that running checks have to finish after a stop; 0 means 10 s. They are cancelled then. A check
	// that does not return within one more second is abandoned.
	Grace time.Duration
}

// CompletedCheck describes a scheduled or on-demand check of a stored monitor that gave a result.
type CompletedCheck struct {
	// Type is the type of the monitor.
	Type   string
	Status monitor.Status
	// Delay is the time from the due time to the start of the check.
	Delay time.Duration
	// Duration is the time that the check took.
	Duration time.Duration
}

// Observer receives what the engine loads. Its methods must not block.
type Observer interface {
	// Monitors receives all stored monitors, including disabled ones. The function own reports whether a monitor is
	// assigned to this runner. Monitors is called before Stored is called for a new monitor.
	Monitors(all []monitor.Monitor, own func(id string) bool)
	// Stored receives the states that this runner loads when it starts a monitor.
	Stored(states []store.State)
	// RunnerProblem receives each problem of this runner because of which it can't make checks, once when it begins. The
	// text is a sentence that says what to do, without secrets.
	RunnerProblem(text string, since time.Time)
}

type noObserver struct{}

func (noObserver) Monitors([]monitor.Monitor, func(string) bool) {}
func (noObserver) Stored([]store.State)                          {}
func (noObserver) RunnerProblem(string, time.Time)               {}

// Store is the part of the store that the engine uses; see [store.Store].
type Store interface {
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
	MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error)
	ResultsCleared(ctx context.Context) (time.Time, error)
	StatesOf(ctx context.Context, monitorIDs []string) ([]store.State, error)
	Watch(ctx context.Context, t store.Topic) (<-chan struct{}, error)

	Pings(ctx context.Context, after *store.Cursor, limit int) ([]store.Ping, error)
	PushStates(ctx context.Context, monitorIDs []string) ([]store.PushState, error)
	ReceivingPeriods(ctx context.Context, since time.Time) ([]store.ReceivingPeriod, error)

	PendingOnDemandChecks(ctx context.Context, now time.Time) ([]store.OnDemandCheck, error)
	ClaimOnDemandCheck(ctx context.Context, id, runner string, now time.Time) (bool, error)
	CompleteOnDemandCheck(ctx context.Context, id string, r monitor.Result) error
	DeleteOnDemandCheck(ctx context.Context, id string) error

	cluster.Store
	housekeeping.Store
}
