package store

import (
	"fmt"
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
	// Severity is the worst status that was told of the incident: error or failed.
	Severity monitor.Status
	// Reminders is how many were owed in this incident.
	Reminders int
	// Reminded is the date of the result that owed the last alert, escalation or reminder.
	Reminded time.Time
}

// AlertKind says why a message is owed.
type AlertKind string

// The kinds. A closed incident is one that ended without a recovery, since its monitor was disabled or deleted: it
// stands in the log and is sent to nobody. A test is asked for by a person.
const (
	KindAlert      AlertKind = "alert"
	KindEscalation AlertKind = "escalation"
	KindReminder   AlertKind = "reminder"
	KindRecovery   AlertKind = "recovery"
	KindClosed     AlertKind = "closed"
	KindTest       AlertKind = "test"
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
	// Opened is the date of the incident's first bad result.
	Opened time.Time
	// Date is that of the result that owed the message; of a test or a closing, when it was asked for.
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

// AlertFilter selects messages, newest first by (date, id).
type AlertFilter struct {
	// MonitorID limits them to one monitor; empty means all.
	MonitorID string
	// Before continues a listing.
	Before *Cursor
	// Limit is how many to return at most; it must be positive.
	Limit int
}
