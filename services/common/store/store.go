// Package store holds what the storage adapters share: the documents they keep beside monitors
// and results, the filters they understand and the errors they give.
//
// Consumers declare the small interfaces that they use; the adapters in sqlite and mongo satisfy
// them all, and the suite in storetest holds both to the same answers. The atomic unit is one
// document: no caller may rely on two documents changing together.
//
// Every adapter method takes its caller's context and returns, wrapped with the operation,
// [monitor.ErrNotFound] for an id that is not there, a [monitor.InvalidError] for input that
// can't be stored, and [monitor.ErrUnavailable] when the store can't be reached.
package store

import (
	"errors"
	"time"

	"nanomon/services/common/monitor"
)

// ErrWatchUnsupported says that the store can't tell of changes: the caller polls.
var ErrWatchUnsupported = errors.New("the store can't be watched")

// HistoryLength is how many of its newest results a [State] carries.
const HistoryLength = 30

// State is what is known of a monitor now. It is written whole, and only if its latest result
// is newer, by (date, id), than that of the state it replaces: so a replay changes nothing and
// a late result never moves it.
type State struct {
	MonitorID string
	// Latest is the newest result.
	Latest monitor.Result
	// Streak counts the results in a row, Latest included, that have Latest's status.
	Streak int
	// Since is the date of the first result of that streak.
	Since time.Time
	// History holds the newest results, at most [HistoryLength], oldest first; Latest is the last.
	History []Point
}

// Point is a result as a chart needs it.
type Point struct {
	Date   time.Time      `json:"date"`
	Status monitor.Status `json:"status"`
	Value  float64        `json:"value"`
	// Ignored says why the result doesn't count; empty for most.
	Ignored monitor.IgnoreReason `json:"excluded,omitempty"`
}

// ChangeKind names a quantity whose changes are logged per monitor.
type ChangeKind string

const (
	// ChangeStatus has the values "ok", "error", "failed" and "unchecked" (no result was due to a
	// runner that was away).
	ChangeStatus ChangeKind = "status"
	// ChangeEnabled has the values "enabled" and "disabled".
	ChangeEnabled ChangeKind = "enabled"
	// ChangeIgnored has the values "counted" and those of [monitor.IgnoreReason]. It changes with results, as the status does.
	ChangeIgnored ChangeKind = "excluded"
)

// The values of the tracks. Those of results are the words of [monitor.Status.String].
const (
	Unchecked = "unchecked"
	Enabled   = "enabled"
	Disabled  = "disabled"
	Counted   = "counted"
)

// StatusChange is a change of a monitor's status, or of whether it is checked. Uptime is computed from the
// log of them. There is at most one per monitor, date and track: storing it again changes nothing.
type StatusChange struct {
	MonitorID string
	// Date is from when on To holds.
	Date time.Time
	Kind ChangeKind
	// From is the value that held before; empty when there was none.
	From string
	To   string
}

// Batch is what a runner writes at once. Sending one again changes nothing.
type Batch struct {
	Results       []monitor.Result
	States        []State
	StatusChanges []StatusChange
}

// ResultFilter selects results, newest first by (date, id).
type ResultFilter struct {
	// MonitorID limits them to one monitor; empty means all.
	MonitorID string
	// From and To bound the date: From <= date < To; zero means unbounded.
	From, To time.Time
	// Statuses limits them to some statuses; empty means all.
	Statuses []monitor.Status
	// Before continues a listing: only results that come after the cursor in it, so older ones.
	Before *Cursor
	// Limit is how many to return at most; it must be positive.
	Limit int
}

// Cursor is a place in a listing of results.
type Cursor struct {
	Date time.Time
	ID   string
}

// Period is the length of time that a [Rollup] sums up.
type Period string

const (
	// Hour is from one full hour in UTC to the next.
	Hour Period = "hour"
	// Day is from one midnight in UTC to the next.
	Day Period = "day"
)

// Length is the period as a duration.
func (p Period) Length() time.Duration {
	if p == Day {
		return 24 * time.Hour
	}
	return time.Hour
}

// Rollup sums up the results of one monitor in one period. It is derived from the results: computing it again
// changes nothing. There is one per monitor, period and start.
type Rollup struct {
	MonitorID string
	Period    Period
	// Start is the first moment of the period.
	Start time.Time
	// Summary is the content, as package rollup encodes it.
	Summary []byte
}

// DirtyHour marks an hour of a monitor whose rollup is older than its results.
type DirtyHour struct {
	MonitorID string
	Hour      time.Time
	// Token changes whenever the hour is marked again.
	Token string
}

// OnDemandCheck asks whichever runner is responsible for a check outside the schedule. It holds either a definition
// that is not stored, to be answered and not recorded, or the id of a stored monitor that is to be run now.
type OnDemandCheck struct {
	ID    string
	Asked time.Time
	// Expires is from when on nobody waits for it: it is not claimed, and it is removed.
	Expires time.Time
	// Definition is the unsaved monitor; nil when MonitorID is set. It may hold secrets.
	Definition *monitor.Monitor
	// MonitorID is the stored monitor to run; empty when Definition is set.
	MonitorID string
}

// Runner is one live runner, as its heartbeat tells.
type Runner struct {
	ID string `json:"id"`
	// Monitors is how many monitors it runs.
	Monitors int `json:"monitors"`
	// LastSeen is the date of its last heartbeat.
	LastSeen time.Time `json:"lastSeen"`
}

// Topic is a kind of change that can be watched.
type Topic string

const (
	// TopicMonitors tells of monitors created, changed, deleted or imported, of maintenance windows, and of cleared results.
	TopicMonitors Topic = "monitors"
	// TopicResults tells of results stored or deleted.
	TopicResults Topic = "results"
	// TopicOnDemandChecks tells of check requests and of their answers.
	TopicOnDemandChecks Topic = "checks"
)

// Retention says for how long history is kept.
type Retention struct {
	// Results is the age at which a result goes.
	Results time.Duration
	// Rollups is the age at which a rollup or a transition goes.
	Rollups time.Duration
}
