package notify

import (
	"cmp"
	"fmt"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Message is a notification as channels receive it. It contains no secrets.
type Message struct {
	// ID identifies the notification. It is the same for each attempt and each recipient.
	ID string
	// Kind is the kind of the notification, such as alert. docs/notifications.md lists them.
	Kind string
	// Content is the text for people.
	Content Content

	// Key identifies what the message is about: an incident, a warning, a problem of a runner, or a test. It is the same in all
	// messages about it.
	Key string
	// Thread is the ID of the first message about the same incident or problem. The first message has its own ID.
	Thread string
	// Ends reports whether the incident or the problem of the runner has ended.
	Ends bool

	// Acknowledges reports whether the message says that somebody takes care of the incident.
	Acknowledges bool

	// The monitor; empty if the message is about a runner.
	MonitorID, MonitorName, MonitorType, MonitorTarget, Group string
	// Incident is the number of the monitor's incident.
	Incident int
	// Reminder is the number of a reminder; 0 for other kinds.
	Reminder int
	// Dependents is the number of monitors that depend on this one.
	Dependents int
	// By is the person or API key that acknowledged the incident; empty for other kinds.
	By string
	// Runner is the id of the runner that the message is about.
	Runner string
	// Status, Result and Value are the status, the message and the value of the result that caused the notification.
	Status monitor.Status
	Result string
	Value  float64
	// Opened is the date of the incident's first not-OK result, or when the problem of the runner began; zero for a test.
	Opened time.Time
	// Date is the date of the result.
	Date time.Time
	// Sent is the date of the attempt to send the message.
	Sent time.Time
}

// Message returns the message of a notification without secrets.
func (f Formatter) Message(n store.Notification) Message {
	return Message{
		ID: n.ID, Kind: string(n.Kind), Content: f.content(n), Key: key(n), Thread: thread(n), Ends: ends(n.Kind),
		Acknowledges: n.Kind == store.KindAcknowledged,
		MonitorID:    n.MonitorID, MonitorName: n.MonitorName, MonitorType: n.MonitorType, MonitorTarget: n.MonitorTarget,
		Group: n.Group, Incident: n.Incident, Reminder: n.Reminder(), Dependents: n.Dependents, By: n.By, Runner: n.Runner,
		Status: n.Status, Result: n.Message, Value: n.Value, Opened: n.Opened, Date: n.Date,
	}
}

// key returns the key of what n is about.
func key(n store.Notification) string {
	if n.Kind == store.KindTest || n.Kind == store.KindWarning || n.Kind.AboutRunner() {
		return cmp.Or(n.RunnerBeginning(), n.ID)
	}
	return fmt.Sprintf("%s-%d", n.MonitorID, n.Incident)
}

// thread returns the id of the first notification about the same incident or problem as n.
func thread(n store.Notification) string {
	switch n.Kind {
	case store.KindEscalated, store.KindReminder, store.KindAcknowledged, store.KindResolved:
		return store.NotificationID(n.MonitorID, n.Incident, store.KindOpened, 0)
	}
	return cmp.Or(n.RunnerBeginning(), n.ID)
}

// ends reports whether a notification of this kind ends an incident or a problem of a runner.
func ends(kind store.NotificationKind) bool {
	switch kind {
	case store.KindResolved, store.KindClosed, store.KindRunnerOnline, store.KindStoreAvailable:
		return true
	}
	return false
}
