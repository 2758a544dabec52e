package store

import (
	"cmp"
	"strings"
	"time"
)

// PingKind is the kind of a ping.
type PingKind string

const (
	// PingSuccess means that a run of the job has succeeded.
	PingSuccess PingKind = "success"
	// PingFail means that a run of the job has failed.
	PingFail PingKind = "fail"
	// PingStart means that a run of the job has begun.
	PingStart PingKind = "start"
	// PingLog is shown with the other pings and has no other effect.
	PingLog PingKind = "log"
)

// MaxPingBody is the maximum number of bytes of a ping's body that are stored.
const MaxPingBody = 16 << 10

// Ping is a request to the ping URL of a push monitor. The API stores it, and it stays stored until the runner that has
// the monitor has stored what follows from it.
type Ping struct {
	// ID is also the id of the result that the ping leads to.
	ID        string
	MonitorID string
	// Received is the time at which the API received the ping, in whole milliseconds.
	Received time.Time
	Kind     PingKind
	// ExitCode is the exit status of the job. It is 0 unless Kind is [PingFail], and 1 if a fail ping has none.
	ExitCode int
	// RunID tells runs of the job apart that overlap; empty if the job does not send it.
	RunID string
	// Body is the beginning of the body, at most [MaxPingBody] bytes. It is not kept after the ping.
	Body []byte
}

// PushPing is a ping as a [PushState] keeps it.
type PushPing struct {
	ID       string    `json:"id"`
	Received time.Time `json:"date"`
	Kind     PingKind  `json:"kind"`
	ExitCode int       `json:"exitCode"`
	RunID    string    `json:"rid,omitempty"`
	// Duration is the time since the start of the run in milliseconds; nil if no start is known.
	Duration *float64 `json:"duration,omitempty"`
}

// PushRun is a run of a job that has begun and has not ended.
type PushRun struct {
	RunID   string    `json:"rid,omitempty"`
	Started time.Time `json:"started"`
}

// MaxPushPings and MaxPushRuns limit the lists of a [PushState].
const (
	MaxPushPings = 20
	MaxPushRuns  = 20
)

// PushState is what a runner remembers of the pings of a push monitor. A store writes it whole, and only if its Sequence
// is greater than that of the stored one. Stores keep it as JSON: the keys in the tags are fixed.
type PushState struct {
	MonitorID string `json:"monitor"`
	// Sequence grows with each change of the state.
	Sequence int64 `json:"sequence"`
	// Schedule is the schedule, the time zone and the limits that Deadline was computed with, as one text; Since is the
	// time from which they apply.
	Schedule string    `json:"schedule"`
	Since    time.Time `json:"since"`
	// Ended is the time of the newest success or fail ping; zero before the first.
	Ended time.Time `json:"ended,omitzero"`
	// Deadline is the time by which the next ping is due, including the grace time.
	Deadline time.Time `json:"deadline,omitzero"`
	// NotCheckedSince is the first deadline after the newest result that could not be judged; zero if there is none.
	NotCheckedSince time.Time `json:"notCheckedSince,omitzero"`
	// Runs lists the runs that have not ended, oldest first, at most [MaxPushRuns].
	Runs []PushRun `json:"runs,omitempty"`
	// Pings lists the newest pings, newest first, at most [MaxPushPings].
	Pings []PushPing `json:"pings,omitempty"`
}

// IsNewerThan reports whether s replaces other in a store.
func (s PushState) IsNewerThan(other PushState) bool { return s.Sequence > other.Sequence }

// ReceivingPeriod is a period in which a process of the API could store all pings that it received. The process extends
// it every few seconds. It begins a new one after it could not store a ping, or could not extend the period in time.
// A ping may have been lost at a time that no period contains.
type ReceivingPeriod struct {
	// ID is new for each period.
	ID       string
	From, To time.Time
}

// ComparePings orders pings by the time of their receipt.
func ComparePings(a, b Ping) int {
	return cmp.Or(a.Received.Compare(b.Received), strings.Compare(a.ID, b.ID))
}
