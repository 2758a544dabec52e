package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/monitor"
)

// AlertClaimAge is the age at which a claim to an attempt goes.
const AlertClaimAge = 7 * 24 * time.Hour

// AlertPhase is where a monitor's alerting stands.
type AlertPhase string

// The phases. Failing is bad, but not yet for long enough; recovering is good, but not yet for long enough.
const (
	PhaseOK         AlertPhase = "ok"
	PhaseFailing    AlertPhase = "failing"
	PhaseAlerting   AlertPhase = "alerting"
	PhaseRecovering AlertPhase = "recovering"
)

// AlertState is how far a monitor's results have been judged for alerts. It is written whole, and only if Seen is
// newer than that of the state it replaces. One that was never written is that of PhaseOK and no incident.
type AlertState struct {
	MonitorID string
	Phase     AlertPhase
	// Seen is the date of the newest result that was taken into account.
	Seen time.Time
	// Count is how many results in a row made the phase: bad ones while failing, OK ones while recovering; else 0.
	Count int
	// Incident is the number of the current incident, or of the last one, from 1 on; 0 before the first.
	Incident int
	// Opened is the date of the first bad result of the streak or incident; zero while all is well.
	Opened time.Time
	// Due is the date of the result that owes an alert as soon as the monitor that this one depends on is found well; zero
	// while nothing waits for that.
	Due time.Time
	// Severity is the worst status that was told of the incident: error or failed.
	Severity monitor.Status
	// Reminders is how many were owed in this incident.
	Reminders int
	// Reminded is the date of the result that owed the last alert, escalation or reminder.
	Reminded time.Time
}

// AlertKind says why a message is owed.
type AlertKind string

// The kinds. A closed incident is one that ended without a recovery, since its monitor was disabled or deleted: it stands
// in the log, and is sent only to where an incident would stay open. A test is asked for by a person. A runner that may be cut
// off, and is connected again, has messages of no monitor.
const (
	KindAlert       AlertKind = "alert"
	KindEscalation  AlertKind = "escalation"
	KindReminder    AlertKind = "reminder"
	KindRecovery    AlertKind = "recovery"
	KindClosed      AlertKind = "closed"
	KindTest        AlertKind = "test"
	KindCutOff      AlertKind = "cutoff"
	KindReconnected AlertKind = "reconnected"
)

// Alert is a message that is owed, with the fate of each of its deliveries. All but the fields from Next on
// never change.
type Alert struct {
	// ID is the natural key, see [AlertID]: the same message can't be owed twice.
	ID            string
	MonitorID     string
	MonitorName   string
	MonitorType   string
	MonitorTarget string
	Group         string
	// To replaces the recipients of e-mails, where the monitor has its own.
	To       []string
	Incident int
	Kind     AlertKind
	// Status, Message and Value are those of the result that owed the message.
	Status  monitor.Status
	Message string
	Value   float64
	// Behind is how many enabled monitors depend on this one, directly or through others; 0 when it is well.
	Behind int
	// Runner is the runner that may be cut off, or is connected again; no other kind has it.
	Runner string
	// Opened is the date of the incident's first bad result, or that from which on the runner may be cut off.
	Opened time.Time
	// Date is that of the result that owed the message; of a test or a closing, when it was asked for; of what a runner
	// says of itself, when it was found.
	Date time.Time

	// Next is when the message is to be sent, or tried again; zero when nothing is left to do.
	Next time.Time
	// Attempts is how often it was tried.
	Attempts int
	// Deliveries are made by the first attempt, one for each channel and recipient.
	Deliveries []Delivery
}

// Delivery is a message on its way to one recipient.
type Delivery struct {
	// Channel is the name of its sender, such as email.
	Channel string `json:"channel"`
	// To is who gets it, in a form that shows no secret.
	To   string       `json:"to"`
	Fate DeliveryFate `json:"fate"`
	// Answer is what the server said last, or why it couldn't be asked.
	Answer string `json:"answer"`
	// Tried is when that was; zero before the first attempt.
	Tried time.Time `json:"tried,omitzero"`
}

// DeliveryFate is what has become of a delivery.
type DeliveryFate string

// The fates. A failed delivery is not tried again.
const (
	FateWaiting DeliveryFate = "waiting"
	FateSent    DeliveryFate = "sent"
	FateFailed  DeliveryFate = "failed"
)

// AlertID is the natural key of a message of an incident: there is one of each kind, but for reminders, which are counted from 1.
func AlertID(monitorID string, incident int, kind AlertKind, reminder int) string {
	id := fmt.Sprintf("%s-%d-%s", monitorID, incident, kind)
	if kind == KindReminder {
		id = fmt.Sprintf("%s-%d", id, reminder)
	}
	return id
}

// CutOffID is the natural key of a message, [KindCutOff] or [KindReconnected], about a runner that may be cut off from opened on.
func CutOffID(kind AlertKind, opened time.Time) string {
	return fmt.Sprintf("%s-%d", kind, opened.UnixMilli())
}

// Reminder is the number of a reminder, which is the end of its id; 0 for all other kinds.
func (a Alert) Reminder() int {
	if a.Kind != KindReminder {
		return 0
	}
	n, err := strconv.Atoi(a.ID[strings.LastIndexByte(a.ID, '-')+1:])
	if err != nil {
		return 0
	}
	return n
}

// AlertFilter selects messages, newest first by (date, id).
type AlertFilter struct {
	// MonitorID limits them to one monitor; empty means all.
	MonitorID string
	// Before continues a listing.
	Before *Cursor
	// Limit is how many to return at most; it must be positive.
	Limit int
}
