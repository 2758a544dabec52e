package store

import (
	"cmp"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"nanomon/services/common/monitor"
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

const (
	// MaxPingBody is the maximum number of bytes of a ping's body that are stored.
	MaxPingBody = 16 << 10
	// MaxRunID is the maximum length of [Ping.RunID].
	MaxRunID = 64
	// MaxWaitingPings is the maximum number of stored pings of a monitor. They become many only while no runner works.
	MaxWaitingPings = 1000
	// PingAge is the age at which a ping is deleted that no runner has handled.
	PingAge = 35 * 24 * time.Hour
	// OrphanPingAge is the age at which a ping is deleted that has no monitor.
	OrphanPingAge = time.Hour
	// ReceivingPeriodAge is the time after its end at which a [ReceivingPeriod] is deleted. A deadline of the longest
	// grace time needs twice that time.
	ReceivingPeriodAge = 63 * 24 * time.Hour
	// MaxReceivingPeriods is the maximum number of receiving periods that are read at once.
	MaxReceivingPeriods = 10_000
	// maxPushSchedule is the maximum length of [PushState.Schedule]: a target and some short texts.
	maxPushSchedule = 4*monitor.MaxTarget + 1024
)

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

// Validate returns a [monitor.InvalidError] if the ping is too large to be stored or has an unknown kind.
func (p Ping) Validate() error {
	switch {
	case p.Kind != PingSuccess && p.Kind != PingFail && p.Kind != PingStart && p.Kind != PingLog:
		return monitor.Invalidf("kind %q of a ping is unknown", p.Kind)
	case p.ExitCode < 0 || p.ExitCode > 255:
		return monitor.Invalidf("exit status %d of a ping is not between 0 and 255", p.ExitCode)
	case !utf8.ValidString(p.RunID):
		return monitor.Invalidf("run id of a ping is not valid UTF-8")
	case len(p.RunID) > MaxRunID:
		return monitor.Invalidf("run id of a ping has %d bytes, more than %d", len(p.RunID), MaxRunID)
	case len(p.Body) > MaxPingBody:
		return monitor.Invalidf("body of a ping has %d bytes, more than %d", len(p.Body), MaxPingBody)
	}
	return nil
}

// surplusInterval is the mean number of pings between two searches for surplus pings, which take as long as the insert.
const surplusInterval = 16

// LooksForSurplus reports whether a store deletes the surplus pings of the monitor when it adds the ping with this id.
func LooksForSurplus(pingID string) bool {
	digits := pingID[max(0, len(pingID)-2):]
	n, err := strconv.ParseUint(digits, 16, 8)
	return err != nil || n%surplusInterval == 0
}

// surplusLogInterval is the minimum time between two log lines of a [SurplusLog].
const surplusLogInterval = time.Hour

// SurplusLog logs that waiting pings were deleted, at most once an hour. It is safe for concurrent use.
type SurplusLog struct {
	Log *slog.Logger

	mu     sync.Mutex
	logged time.Time
}

// Record records how many pings of a monitor were deleted because too many were waiting.
func (l *SurplusLog) Record(monitorID string, deleted int) {
	if deleted == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.logged) >= surplusLogInterval {
		l.logged = now
		l.Log.Warn("too many pings are waiting, the oldest ones are deleted; check that a runner is running",
			"monitor", monitorID, "waiting", MaxWaitingPings)
	}
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
	// Expected is the time at which the schedule expects the next run.
	Expected time.Time `json:"expected,omitzero"`
	// Deadline is the time by which the next ping is due: Expected and the grace time, or later while a run may take longer.
	Deadline time.Time `json:"deadline,omitzero"`
	// NotCheckedSince is the first deadline after the newest result that could not be judged; zero if there is none.
	NotCheckedSince time.Time `json:"notCheckedSince,omitzero"`
	// Runs lists the runs that have not ended, oldest first, at most [MaxPushRuns].
	Runs []PushRun `json:"runs,omitempty"`
	// Pings lists the newest pings, newest first, at most [MaxPushPings].
	Pings []PushPing `json:"pings,omitempty"`
}

// Validate returns a [monitor.InvalidError] if the state is larger than its limits.
func (s PushState) Validate() error {
	switch {
	case len(s.Schedule) > maxPushSchedule:
		return monitor.Invalidf("schedule of a push state has %d bytes, more than %d", len(s.Schedule), maxPushSchedule)
	case len(s.Runs) > MaxPushRuns:
		return monitor.Invalidf("a push state has %d runs, more than %d", len(s.Runs), MaxPushRuns)
	case len(s.Pings) > MaxPushPings:
		return monitor.Invalidf("a push state has %d pings, more than %d", len(s.Pings), MaxPushPings)
	}
	return nil
}

// LastEvent returns the time of the newest event in the state.
func (s PushState) LastEvent() time.Time {
	last := s.Since
	if s.Ended.After(last) {
		last = s.Ended
	}
	if len(s.Pings) > 0 && s.Pings[0].Received.After(last) {
		last = s.Pings[0].Received
	}
	return last
}

// IsNewerThan reports whether s replaces other in a store.
func (s PushState) IsNewerThan(other PushState) bool { return s.Sequence > other.Sequence }

// ReceivingPeriod is a period in which a process of the API could store all pings that it received. The process extends
// it every few seconds. It begins a new one after it could not store a ping, or could not extend the period in time.
// A ping may have been lost at a time that no period contains, and between two periods of a process.
type ReceivingPeriod struct {
	// ID is new for each period.
	ID string
	// Process is the name of the process. A process that starts in its place has the same name.
	Process  string
	From, To time.Time
	// Ended means that the process has stopped in an orderly way at To. Otherwise it may have lost pings after To.
	Ended bool
}

// ComparePings orders pings by the time of their receipt.
func ComparePings(a, b Ping) int {
	return cmp.Or(a.Received.Compare(b.Received), strings.Compare(a.ID, b.ID))
}

// CompareReceivingPeriods orders receiving periods by their start.
func CompareReceivingPeriods(a, b ReceivingPeriod) int {
	return cmp.Or(a.From.Compare(b.From), strings.Compare(a.ID, b.ID))
}
