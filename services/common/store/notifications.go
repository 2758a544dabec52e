package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/monitor"
)

// NotificationClaimAge is the age at which the claim to an attempt is deleted.
const NotificationClaimAge = 7 * 24 * time.Hour

// IncidentPhase is the phase of the incident evaluation of one monitor. Its values are stored.
type IncidentPhase string

// The phases of an evaluation.
const (
	// PhaseOK means that the monitor has no incident and its last result was OK.
	PhaseOK IncidentPhase = "ok"
	// PhaseFailing means that results are not OK, but fewer in a row than the failure count.
	PhaseFailing IncidentPhase = "failing"
	// PhaseOpen means that an incident is open.
	PhaseOpen IncidentPhase = "alerting"
	// PhaseRecovering means that an incident is open and results are OK, but fewer in a row than the recovery count.
	PhaseRecovering IncidentPhase = "recovering"
)

// IncidentState records how far the results of one monitor have been evaluated. A store writes it whole, and only if
// its number is greater than that of the stored state. A monitor without a stored state is in PhaseOK and had no
// incident yet.
//
// Stores keep it as JSON: the keys in the tags are fixed.
type IncidentState struct {
	MonitorID string        `json:"MonitorID"`
	Phase     IncidentPhase `json:"Phase"`
	// Evaluated is the date of the newest evaluated result.
	Evaluated time.Time `json:"Seen"`
	// Sequence is the number of the state; see [IncidentState.Number].
	Sequence int64 `json:"Sequence,omitempty"`
	// Count is the number of consecutive results that led to the phase: not OK while failing, OK while recovering,
	// else 0.
	Count int `json:"Count"`
	// Incident is the number of the current or last incident, counted from 1; 0 before the first.
	Incident int `json:"Incident"`
	// Opened is the date of the first not-OK result of the streak or incident; zero in PhaseOK.
	Opened time.Time `json:"Opened"`
	// WaitingSince is the date of the result whose "opened" notification waits until the dependency is known to be OK;
	// zero while none waits.
	WaitingSince time.Time `json:"Due"`
	// Severity is the worst status that this incident's notifications reported: error or failed.
	Severity monitor.Status `json:"Severity"`
	// Reminders is the number of reminders in this incident.
	Reminders int `json:"Reminders"`
	// LastNotified is the date of the result that caused the last "opened", "escalated" or "reminder" notification.
	LastNotified time.Time `json:"Reminded"`
	// Silenced reports that nobody was notified of the open incident, because its monitor was silenced.
	Silenced bool `json:"Silenced,omitempty"`
	// Warning is the current warning; zero if there is none.
	Warning Warning `json:"Warning,omitzero"`
}

// Warning records how far the warnings of one monitor have been evaluated.
type Warning struct {
	// Since is the date of the first result with the warning.
	Since time.Time `json:"Since"`
	// Count is the number of results with the warning, up to the failure count. It stays as it is once people are notified.
	Count int `json:"Count"`
	// Without is the number of OK results in a row without the warning, after people were notified.
	Without int `json:"Without,omitempty"`
	// Notified reports whether people were notified of the warning.
	Notified bool `json:"Notified"`
}

// Equal reports whether w and other are the same warning at the same stage.
func (w Warning) Equal(other Warning) bool {
	return w.Since.Equal(other.Since) && w.Count == other.Count && w.Without == other.Without && w.Notified == other.Notified
}

// Number returns the sequence number of the state: that of the newest evaluated result, see [State.Number], or a
// greater one if the state has changed since.
func (s IncidentState) Number() int64 { return number(s.Sequence, s.Evaluated) }

// Advance returns s with a new date of evaluation. Its number is the given one, or one more than before if that is
// greater.
func (s IncidentState) Advance(evaluated time.Time, number int64) IncidentState {
	number = max(number, s.Number()+1)
	s.Evaluated, s.Sequence = evaluated, sequenceOf(number, evaluated)
	return s
}

// NotificationKind is the reason for a notification. Its values are stored, are part of notification ids and appear in
// webhooks.
type NotificationKind string

// The kinds of notifications.
const (
	KindOpened    NotificationKind = "alert"
	KindEscalated NotificationKind = "escalation"
	KindReminder  NotificationKind = "reminder"
	KindResolved  NotificationKind = "recovery"
	// KindClosed ends an incident without a recovery, because its monitor was disabled or deleted. It is stored, and
	// sent only to channels where the incident would otherwise stay open.
	KindClosed NotificationKind = "closed"
	// KindAcknowledged means that somebody takes care of an open incident.
	KindAcknowledged NotificationKind = "acknowledged"
	// KindWarning means that the results of a monitor are OK with a warning. It belongs to no incident.
	KindWarning NotificationKind = "warning"
	// KindTest is a test that a person requested.
	KindTest NotificationKind = "test"
	// KindRunnerOffline and KindRunnerOnline are about a runner and belong to no monitor.
	KindRunnerOffline NotificationKind = "cutoff"
	KindRunnerOnline  NotificationKind = "reconnected"
	// KindStoreUnavailable and KindStoreAvailable are about a runner that can't write to the store, or can again.
	KindStoreUnavailable NotificationKind = "store-unavailable"
	KindStoreAvailable   NotificationKind = "store-available"
	// KindRunnerProblem is about a runner that can't make checks for a reason of its own.
	KindRunnerProblem NotificationKind = "problem"
)

// Notification is one message about an incident or a runner, with all its deliveries. Only the fields from Next on
// change after it is stored.
type Notification struct {
	// ID is unique for the event, see [NotificationID], so that an event is never notified twice.
	ID            string
	MonitorID     string
	MonitorName   string
	MonitorType   string
	MonitorTarget string
	Group         string
	// To replaces the configured e-mail recipients if the monitor has its own.
	To       []string
	Incident int
	Kind     NotificationKind
	// Status, Message and Value are copied from the result that caused the notification. The message of an
	// acknowledgement is its note.
	Status  monitor.Status
	Message string
	Value   float64
	// Dependents is the number of enabled monitors that depend on this one, directly or indirectly; 0 once the monitor
	// is OK.
	Dependents int
	// By is the name of the person or API key that acknowledged the incident; empty for other kinds.
	By string
	// Silenced reports that the notification is not sent, because its monitor was silenced.
	Silenced bool
	// Runner is the id of the runner that a notification is about; empty for other kinds.
	Runner string
	// Opened is the date of the first not-OK result of the incident or of the first result with the warning, or the time at
	// which the problem of the runner began.
	Opened time.Time
	// Date is the date of the result that caused the notification. For a test, a closed or an acknowledged incident it is
	// the time of the request, for a runner the time at which it noticed.
	Date time.Time

	// Next is the time of the next attempt; zero when no delivery is pending.
	Next time.Time
	// Attempts is the number of attempts so far.
	Attempts int
	// Deliveries has one entry per channel and recipient. The first attempt creates them.
	Deliveries []Delivery
}

// MaxNotificationDelay limits how far Next lies in the future.
const MaxNotificationDelay = time.Hour

// IsDue reports whether the next attempt is due. A time more than [MaxNotificationDelay] ahead is from before the clock
// was set back, and is due too.
func (n Notification) IsDue(now time.Time) bool {
	return !n.Next.IsZero() && (!n.Next.After(now) || n.Next.After(now.Add(MaxNotificationDelay)))
}

// Delivery is one notification to one recipient.
type Delivery struct {
	// Channel is the name of the channel, such as email.
	Channel string `json:"channel"`
	// To is the recipient, in a form that shows no secret.
	To     string         `json:"to"`
	Status DeliveryStatus `json:"status"`
	// Answer is the server's last answer, or the reason why there was none.
	Answer string `json:"answer"`
	// Tried is the time of the last attempt; zero before the first.
	Tried time.Time `json:"tried,omitzero"`
}

// DeliveryStatus is the status of a delivery.
type DeliveryStatus string

// The statuses of a delivery. A failed delivery is not tried again.
const (
	DeliveryPending DeliveryStatus = "pending"
	DeliverySent    DeliveryStatus = "sent"
	DeliveryFailed  DeliveryStatus = "failed"
)

// NotificationID returns the id of a notification about an incident. An incident has at most one notification of each
// kind, except reminders, which are numbered from 1.
func NotificationID(monitorID string, incident int, kind NotificationKind, reminder int) string {
	id := fmt.Sprintf("%s-%d-%s", monitorID, incident, kind)
	if kind == KindReminder {
		id = fmt.Sprintf("%s-%d", id, reminder)
	}
	return id
}

// WarningNotificationID returns the id of the notification about a warning of a monitor that began at since.
func WarningNotificationID(monitorID string, since time.Time) string {
	return fmt.Sprintf("%s-%s-%d", monitorID, KindWarning, since.UnixMilli())
}

// AboutRunner reports whether notifications of this kind are about a runner.
func (k NotificationKind) AboutRunner() bool {
	return k == KindRunnerOffline || k == KindRunnerProblem || k == KindStoreUnavailable || k.beginning() != ""
}

// beginning returns the kind that reported the beginning of what k ends; empty for other kinds.
func (k NotificationKind) beginning() NotificationKind {
	switch k {
	case KindRunnerOnline:
		return KindRunnerOffline
	case KindStoreAvailable:
		return KindStoreUnavailable
	}
	return ""
}

// RunnerBeginning returns the id of the notification that reported the beginning of what n ends; empty unless n is
// about a runner and ends something.
func (n Notification) RunnerBeginning() string {
	if kind := n.Kind.beginning(); kind != "" {
		return RunnerNotificationID(kind, n.Opened)
	}
	return ""
}

// RunnerNotificationID returns the id of a notification about a problem of a runner that began at opened.
func RunnerNotificationID(kind NotificationKind, opened time.Time) string {
	return fmt.Sprintf("%s-%d", kind, opened.UnixMilli())
}

// Reminder returns the number of a reminder, which is the last part of its id, and 0 for other kinds.
func (n Notification) Reminder() int {
	if n.Kind != KindReminder {
		return 0
	}
	number, err := strconv.Atoi(n.ID[strings.LastIndexByte(n.ID, '-')+1:])
	if err != nil {
		return 0
	}
	return number
}

// NotificationFilter selects notifications, newest first by (date, id).
type NotificationFilter struct {
	// MonitorID selects the notifications of one monitor; empty selects all.
	MonitorID string
	// Before continues a listing after this position.
	Before *Cursor
	// Limit is the maximum number of notifications; it must be positive.
	Limit int
}
