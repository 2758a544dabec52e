package store

import (
	"context"
	"crypto/sha256"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
)

// Store is all that an adapter offers. Only the contract suite and the adapters' assertions use it
// whole; every consumer declares the part that it needs.
type Store interface {
	// Ping reports whether the store answers.
	Ping(ctx context.Context) error

	// Monitors lists all, ordered by name and then id.
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
	Monitor(ctx context.Context, id string) (monitor.Monitor, error)
	// CreateMonitor stores m, whose id the caller made.
	CreateMonitor(ctx context.Context, m monitor.Monitor) error
	// ReplaceMonitor stores m in place of the one with its id, and logs a transition at
	// m.Updated when Enabled differs.
	ReplaceMonitor(ctx context.Context, m monitor.Monitor) error
	// DeleteMonitor removes the monitor and its results, rollups, transitions and state.
	DeleteMonitor(ctx context.Context, id string) error
	// DeleteMonitors removes all monitors, each as DeleteMonitor does.
	DeleteMonitors(ctx context.Context) error
	// ImportMonitors makes ms the whole set: it creates, replaces (see ReplaceMonitor) and then
	// removes what is not in ms, whose history stays until it expires. The ids are final and
	// differ; see PlanImport.
	ImportMonitors(ctx context.Context, ms []monitor.Monitor) error

	// MaintenanceWindows lists all, ordered by name and then id.
	MaintenanceWindows(ctx context.Context) ([]maintenance.Window, error)
	MaintenanceWindow(ctx context.Context, id string) (maintenance.Window, error)
	// CreateMaintenanceWindow stores w, whose id the caller made. It doesn't ask whether the monitors exist.
	CreateMaintenanceWindow(ctx context.Context, w maintenance.Window) error
	// ReplaceMaintenanceWindow stores w in place of the one with its id.
	ReplaceMaintenanceWindow(ctx context.Context, w maintenance.Window) error
	DeleteMaintenanceWindow(ctx context.Context, id string) error

	// Keys lists all API keys, ordered by name and then id.
	Keys(ctx context.Context) ([]Key, error)
	// CreateKey stores k, whose id and hash are new.
	CreateKey(ctx context.Context, k Key) error
	DeleteKey(ctx context.Context, id string) error
	// KeyByHash is the one with that hash.
	KeyByHash(ctx context.Context, hash [sha256.Size]byte) (Key, error)
	// TouchKey sets LastUsed to at, unless it is later. It is no error if the key is gone.
	TouchKey(ctx context.Context, id string, at time.Time) error

	// AppendBatch stores results, then transitions, then states. It marks the results' hours dirty.
	// It doesn't ask whether the monitors exist.
	AppendBatch(ctx context.Context, b Batch) error
	// Results lists what f selects; an unknown monitor has none.
	Results(ctx context.Context, f ResultFilter) ([]monitor.Result, error)
	// ResultsSince lists results in the order in which they were stored, at most limit, with
	// the cursor to go on from. An empty cursor lists nothing and gives the cursor of now. A
	// result may come twice, and never not at all.
	ResultsSince(ctx context.Context, cursor string, limit int) ([]monitor.Result, string, error)
	// DeleteResults removes all results, rollups, states and transitions of the tracks that results
	// change, and sets ResultsCleared to at.
	DeleteResults(ctx context.Context, at time.Time) error
	// ResultsCleared is when DeleteResults was last called, zero if never: what a runner
	// remembers from before it no longer counts.
	ResultsCleared(ctx context.Context) (time.Time, error)

	// States lists the states of all monitors, in no particular order.
	States(ctx context.Context) ([]State, error)
	// StatesOf lists the states of those of the given monitors that have one, in no particular order.
	StatesOf(ctx context.Context, monitorIDs []string) ([]State, error)
	// State is the state of one monitor.
	State(ctx context.Context, monitorID string) (State, error)
	// StatusChanges lists those of a monitor with from <= date < to, newest first, at most limit.
	StatusChanges(ctx context.Context, monitorID string, from, to time.Time, limit int) ([]StatusChange, error)

	// DirtyHours lists at most limit marks, oldest hour first, of hours that ended before closed and
	// that were marked before quiet.
	DirtyHours(ctx context.Context, closed, quiet time.Time, limit int) ([]DirtyHour, error)
	// PutRollups stores rollups, each in place of an older one.
	PutRollups(ctx context.Context, rs []Rollup) error
	// ClearDirty removes marks, but for those whose token has changed.
	ClearDirty(ctx context.Context, marks []DirtyHour) error
	// Rollups lists those of a monitor with from <= start < to, oldest first.
	Rollups(ctx context.Context, monitorID string, p Period, from, to time.Time) ([]Rollup, error)

	// Expire removes what is older than keep allows at now, states without a monitor, check requests and
	// answers that have expired, and heartbeats older than a day. Messages go at the age of rollups, their claims a week
	// after they were made, and an alert state without a monitor when its last result has the age of rollups. It works in small steps and
	// returns how many results it removed.
	Expire(ctx context.Context, now time.Time, keep Retention) (int, error)

	// AddOnDemandCheck stores a request.
	AddOnDemandCheck(ctx context.Context, r OnDemandCheck) error
	// PendingOnDemandChecks lists the requests that are neither claimed nor expired at now, oldest first.
	PendingOnDemandChecks(ctx context.Context, now time.Time) ([]OnDemandCheck, error)
	// ClaimOnDemandCheck gives a request to a runner; false when another has it or it is gone.
	ClaimOnDemandCheck(ctx context.Context, id, runner string) (bool, error)
	// CompleteOnDemandCheck stores the result of a claimed request and removes the request's definition.
	CompleteOnDemandCheck(ctx context.Context, id string, r monitor.Result) error
	// OnDemandResult is the result of a request; false while there is none.
	OnDemandResult(ctx context.Context, id string) (monitor.Result, bool, error)
	// DeleteOnDemandCheck removes a request and all that belongs to it. Dropping one that is gone is no error.
	DeleteOnDemandCheck(ctx context.Context, id string) error

	// IncidentStates lists those of the given monitors that were ever written, in no particular order.
	IncidentStates(ctx context.Context, monitorIDs []string) ([]IncidentState, error)
	// PutIncidentStates stores each state that is newer than what is there.
	PutIncidentStates(ctx context.Context, states []IncidentState) error
	// AddNotifications stores messages. Those whose id is there already are left as they are, and returned.
	AddNotifications(ctx context.Context, as []Notification) (known []string, err error)
	// DueNotifications lists messages whose Next has come at now, the longest overdue first, at most limit.
	DueNotifications(ctx context.Context, now time.Time, limit int) ([]Notification, error)
	// ClaimNotification gives one attempt at sending a message to a runner. Whose claim is not the first gets false and
	// when the first was made.
	ClaimNotification(ctx context.Context, id string, attempt int, runner string, now time.Time) (won bool, claimed time.Time, err error)
	// PutDeliveries stores Next, Attempts and Deliveries of a message.
	PutDeliveries(ctx context.Context, a Notification) error
	Notification(ctx context.Context, id string) (Notification, error)
	// Alerts lists what f selects.
	Notifications(ctx context.Context, f NotificationFilter) ([]Notification, error)

	// Beat stores a runner's heartbeat in place of its last.
	PutHeartbeat(ctx context.Context, r Runner) error
	// Runners lists the runners whose last heartbeat is not before since, ordered by id.
	Runners(ctx context.Context, since time.Time) ([]Runner, error)
	// RemoveRunner removes a runner's heartbeat.
	RemoveRunner(ctx context.Context, id string) error

	// Watch tells of changes of a topic: at least one value comes after each change, and several
	// changes may share one. The channel closes when ctx ends, or when changes can no longer be
	// told, upon which the caller watches again. Where the store can't tell at all, the error is
	// ErrWatchUnsupported.
	Watch(ctx context.Context, t Topic) (<-chan struct{}, error)
}
