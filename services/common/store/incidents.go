package store

import (
	"fmt"
	"time"

	"nanomon/services/common/monitor"
)

// MaxDependents is the maximum number of dependents in an [Incident].
const MaxDependents = 1000

// Incident is the time from the first not-OK result of a monitor to its recovery, once the failure count is reached. A
// monitor has at most one open incident.
type Incident struct {
	// ID is unique, see [IncidentID].
	ID        string
	MonitorID string
	// Number counts the incidents of the monitor from 1. It is 0 if the incident is from before incidents were counted.
	Number int
	// MonitorName and Group are the monitor's name and group at the opening.
	MonitorName, Group string
	// FirstNotOK is the date of the first not-OK result.
	FirstNotOK time.Time
	// Opened is the date of the result that opened the incident.
	Opened time.Time
	// Resolved is the date of its end; zero while it is open.
	Resolved time.Time
	// Closed reports that the incident ended without a recovery, because the monitor was disabled or deleted.
	Closed bool
	// Severity is the worst status so far: error or failed.
	Severity monitor.Status
	// FirstMessage and Message are the messages of the result that opened the incident and of a recent not-OK result.
	FirstMessage, Message string
	// Dependents contains the ids of the enabled monitors that depended on the monitor at the opening, directly or
	// indirectly, up to [MaxDependents]. None of them opens an incident while this one is open.
	Dependents []string
	// Acknowledgement is nil while nobody has acknowledged the incident.
	Acknowledgement *Acknowledgement
	// Reconstructed reports that the incident is from before incidents were stored. It was derived from notifications or
	// status changes.
	Reconstructed bool
}

// Acknowledgement records that somebody takes care of an incident.
type Acknowledgement struct {
	// By is the name of the person or the API key; empty while sign-in is off.
	By   string    `json:"by"`
	Note string    `json:"note"`
	Date time.Time `json:"date"`
}

// IncidentID returns the id of an incident. The ids of its notifications begin with it and a hyphen.
func IncidentID(monitorID string, number int) string { return fmt.Sprintf("%s-%d", monitorID, number) }

// AcknowledgedNotification returns the notification that i was acknowledged. It is due at once, or never if its monitor m
// is muted. m is the zero value if the monitor was deleted. i must have an acknowledgement.
func (i Incident) AcknowledgedNotification(m monitor.Monitor) Notification {
	a := i.Acknowledgement
	recipients, _ := monitor.ParseRecipients(m.Properties[monitor.AlertTo])
	n := Notification{
		ID: NotificationID(i.MonitorID, i.Number, KindAcknowledged, 0), MonitorID: i.MonitorID, MonitorName: i.MonitorName,
		MonitorType: m.Type, MonitorTarget: m.Target, Group: i.Group, To: recipients[:min(len(recipients), monitor.MaxRecipients)],
		Incident: i.Number, Kind: KindAcknowledged, Status: i.Severity, Message: a.Note, By: a.By, Opened: i.FirstNotOK,
		Date: a.Date,
	}
	if !m.IsMuted() {
		n.Next = a.Date
	}
	return n
}

// IncidentFilter selects incidents, newest first by (opened, id).
type IncidentFilter struct {
	// Open selects open incidents, or ended ones; nil selects both.
	Open *bool
	// MonitorID selects the incidents of one monitor; empty selects all.
	MonitorID string
	// Group selects the incidents whose monitor was in a group at the opening; nil selects all.
	Group *string
	// Severity selects the incidents of one severity; 0 selects all.
	Severity monitor.Status
	// From and To limit the date of the opening: From <= Opened < To. Zero means no limit.
	From, To time.Time
	// Before continues a listing: it selects the incidents that are older than the cursor.
	Before *Cursor
	// Limit is the maximum number of incidents; it must be positive.
	Limit int
}

// MaxSilence is the maximum duration of a [Silence].
const MaxSilence = 7 * 24 * time.Hour

// Silence is a time in which no notification about a monitor is sent.
type Silence struct {
	MonitorID string `json:"monitor_id"`
	// Until is the end of the silence.
	Until time.Time `json:"until"`
	// By is the name of the person or the API key; empty while sign-in is off.
	By string `json:"by"`
}
