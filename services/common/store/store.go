// Package store defines what the storage adapters share: the documents besides monitors and results, the filters and
// the errors.
//
// Consumers declare small interfaces with the methods that they use. The adapters in sqlite and mongo implement all of
// them, and the suite in storetest checks that both behave the same. The atomic unit is one document: no caller may
// rely on two documents changing together.
//
// Every adapter method takes its caller's context. It returns [monitor.ErrNotFound] for an unknown id, a
// [monitor.InvalidError] for input that can't be stored, and [monitor.ErrUnavailable] if the same call may succeed
// later, each wrapped with the name of the operation.
package store

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"nanomon/services/common/monitor"
)

// ErrWatchUnsupported is returned by Watch if the store can't report changes. The caller must poll. It may try again
// later: a database also rejects a watch while a part of it is unavailable.
var ErrWatchUnsupported = errors.New("the store can't report changes")

// ErrUnknown means that a database that was reachable answered with an error that is not known. It wraps
// [monitor.ErrUnavailable], because the same call may succeed later.
var ErrUnknown = fmt.Errorf("%w: unknown error of the database", monitor.ErrUnavailable)

// ErrDamaged means that stored data can't be decoded. Other data can still be read.
var ErrDamaged = errors.New("the database file is damaged")

// HistoryLength is the maximum number of results in the history of a [State].
const HistoryLength = 30

// State is the current state of a monitor. A store writes it whole, and only if its latest result is newer, by
// (number, id), than that of the stored state. So a replay changes nothing, and a late result never replaces a newer
// one.
type State struct {
	MonitorID string
	// Sequence is the number of Latest; see [State.Number].
	Sequence int64
	// Latest is the newest result.
	Latest monitor.Result
	// Streak is the number of consecutive results with the status of Latest, including Latest.
	Streak int
	// Since is the date of the first result of that streak.
	Since time.Time
	// History contains the newest results, up to [HistoryLength], oldest first. Latest is the last of them.
	History []Point
}

// Number returns the sequence number of the latest result. It grows with each result of the monitor, whatever happens
// to the clock. Usually it equals the date in milliseconds, which a Sequence of 0 means.
func (s State) Number() int64 { return number(s.Sequence, s.Latest.Date) }

// IsNewerThan reports whether s is newer than other, by number and then by the id of the latest result.
func (s State) IsNewerThan(other *State) bool {
	return cmp.Or(cmp.Compare(s.Number(), other.Number()), strings.Compare(s.Latest.ID, other.Latest.ID)) > 0
}

// Point is the part of a result that a chart shows.
type Point struct {
	// Sequence is the number of the result; see [Point.Number].
	Sequence int64          `json:"-"`
	Date     time.Time      `json:"date"`
	Status   monitor.Status `json:"status"`
	Value    float64        `json:"value"`
	// Ignored is the reason why the result does not count; empty if it counts.
	Ignored monitor.IgnoreReason `json:"excluded,omitempty"`
	// Warning reports whether the result has a warning; see [monitor.Result.IsWarning].
	Warning bool `json:"warning,omitempty"`
}

// Number returns the sequence number of the result, like [State.Number].
func (p Point) Number() int64 { return number(p.Sequence, p.Date) }

// minSequenceStep is the minimum difference of the numbers of two results. It leaves room for the changes of an
// [IncidentState] between two results.
const minSequenceStep = 10

// NextSequence returns the Sequence of a result of a given date that follows a result with the number last. The number
// equals the date in milliseconds unless the clock was set back.
func NextSequence(last int64, date time.Time) int64 {
	return sequenceOf(max(last+minSequenceStep, date.UnixMilli()), date)
}

// number returns the number that a Sequence means.
func number(sequence int64, date time.Time) int64 { return cmp.Or(sequence, date.UnixMilli()) }

// sequenceOf returns the Sequence for a number: 0 if it equals the date in milliseconds.
func sequenceOf(number int64, date time.Time) int64 {
	if number == date.UnixMilli() {
		return 0
	}
	return number
}

// ChangeKind is the property of a monitor whose changes are logged.
type ChangeKind string

const (
	// ChangeStatus has the values "ok", "error", "failed" and "unchecked". A monitor is unchecked while no runner checks
	// it although a result was due.
	ChangeStatus ChangeKind = "status"
	// ChangeEnabled has the values "enabled" and "disabled".
	ChangeEnabled ChangeKind = "enabled"
	// ChangeIgnored has the value "counted" and those of [monitor.IgnoreReason]. Like the status, it changes with
	// results.
	ChangeIgnored ChangeKind = "excluded"
)

// Values of status changes. The others are those of [monitor.Status.String] and [monitor.IgnoreReason].
const (
	Unchecked = "unchecked"
	Enabled   = "enabled"
	Disabled  = "disabled"
	Counted   = "counted"
)

// StatusChange is an entry in the log from which uptime is computed. There is at most one per monitor, date and kind:
// storing it again changes nothing. If its number is greater than its date in milliseconds, the clock was set back:
// storing it deletes the entries of its monitor and kind that have a later date and a smaller number.
type StatusChange struct {
	MonitorID string
	// Date is the time from which To is the value.
	Date time.Time
	Kind ChangeKind
	// From is the previous value; empty if there was none.
	From string
	To   string
	// Sequence is the number of the result that caused the change; see [StatusChange.Number]. Stores do not return it.
	Sequence int64
}

// Number returns the sequence number of the result that caused the change, like [State.Number].
func (c StatusChange) Number() int64 { return number(c.Sequence, c.Date) }

// Supersedes reports whether storing c deletes entries of a later date.
func (c StatusChange) Supersedes() bool { return c.Number() > c.Date.UnixMilli() }

// Batch is the data that a runner writes at once. Writing it again changes nothing.
type Batch struct {
	Results       []monitor.Result
	States        []State
	StatusChanges []StatusChange
	PushStates    []PushState
	// DonePings lists the ids of pings that are deleted, because all that follows from them is in this batch or was
	// written before.
	DonePings []string
}

// DeletedMonitorAge is the time for which a store knows that a monitor was deleted with its data; see
// [Store.AppendBatch]. Results may wait on the disk of a runner for as long.
const DeletedMonitorAge = 24 * time.Hour

// ResultFilter selects results, newest first by (date, id).
type ResultFilter struct {
	// MonitorID selects the results of one monitor; empty selects all.
	MonitorID string
	// From and To limit the date: From <= date < To. Zero means no limit.
	From, To time.Time
	// Dates selects results with one of these dates, compared in whole milliseconds; empty selects all.
	Dates []time.Time
	// Statuses selects results with one of these statuses; empty selects all.
	Statuses []monitor.Status
	// Before continues a listing: it selects the results that are older than the cursor.
	Before *Cursor
	// Limit is the maximum number of results; it must be positive.
	Limit int
}

// Cursor is a position in a listing, ordered by date and id.
type Cursor struct {
	Date time.Time
	ID   string
}

// MarkedHistory is the outcome of one step through the hours of all results.
type MarkedHistory struct {
	// Hours is the number of marks that the step has set, one for each monitor and hour.
	Hours int
	// Oldest is the earliest marked hour; zero if Hours is 0.
	Oldest time.Time
	// Done is true if no hour is left.
	Done bool
}

// OnDemandCheck is a request for a check outside the schedule. The responsible runner executes it. The request has
// either an unsaved definition, whose result is returned and not stored, or the id of a stored monitor.
type OnDemandCheck struct {
	ID        string
	Requested time.Time
	// Expires is the time after which the requester no longer waits: runners ignore the request, and it is deleted.
	Expires time.Time
	// Definition is the unsaved monitor; nil if MonitorID is set. It may contain secrets.
	Definition *monitor.Monitor
	// MonitorID is the id of the stored monitor; empty if Definition is set.
	MonitorID string
}

// Runner is the content of a runner's heartbeat.
type Runner struct {
	ID string `json:"id"`
	// Monitors is the number of monitors that are assigned to the runner.
	Monitors int `json:"monitors"`
	// LastSeen is the date of the heartbeat.
	LastSeen time.Time `json:"lastSeen"`
	// Problems lists what is wrong with the runner itself, one sentence each, with what to do. It contains no secret.
	Problems []string `json:"problems,omitempty"`
	// NotChecked lists the monitors that the runner can't check now for a reason of its own, by reason.
	NotChecked []NotChecked `json:"-"`
}

// NotCheckedCount returns the number of monitors that the runner can't check now.
func (r Runner) NotCheckedCount() int {
	count := 0
	for _, n := range r.NotChecked {
		count += len(n.Monitors) + n.More
	}
	return count
}

// NotChecked lists the monitors that a runner can't check for one reason.
type NotChecked struct {
	// Reason says what is wrong with the runner and what to do. It contains no secret.
	Reason string `json:"reason"`
	// Monitors lists them, longest unchecked first. The runner limits their number.
	Monitors []NotCheckedMonitor `json:"monitors"`
	// More is the number of further monitors.
	More int `json:"more,omitempty"`
}

// NotCheckedMonitor is a monitor that a runner can't check.
type NotCheckedMonitor struct {
	ID string `json:"id"`
	// Since is the date of the first check that was not made. It is not before the latest result.
	Since time.Time `json:"since"`
}

// Topic is a kind of change that can be watched.
type Topic string

const (
	// TopicMonitors reports changes of monitors and maintenance windows, imports, and cleared results.
	TopicMonitors Topic = "monitors"
	// TopicResults reports stored and deleted results.
	TopicResults Topic = "results"
	// TopicOnDemandChecks reports requests for on-demand checks and their results.
	TopicOnDemandChecks Topic = "checks"
	// TopicIncidents reports changes of incidents and silences.
	TopicIncidents Topic = "incidents"
	// TopicPings reports new pings. It may report deleted ones, too.
	TopicPings Topic = "pings"
	// TopicStatusPages reports changes of status pages and their messages.
	TopicStatusPages Topic = "statusPages"
)
