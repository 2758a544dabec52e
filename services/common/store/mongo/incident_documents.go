package mongo

import (
	"encoding/json"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Incident states and notifications are stored in two forms: as fields that a query can select, and as JSON, the only
// form that version 0.1.0 reads and writes. So a reader uses the other fields only if the JSON in Text or Content is
// missing. A later version can write the fields alone, if it deletes the JSON of each document that it changes.

// incidentStateDoc is a document of the collection alert_states. Its _id is the id of the monitor. Number is the
// sequence number as a date, which it usually equals: earlier versions stored the date of evaluation.
type incidentStateDoc struct {
	ID           bson.ObjectID  `bson:"_id"`
	Number       time.Time      `bson:"seen"`
	Text         string         `bson:"state,omitempty"`
	Phase        string         `bson:"phase"`
	Evaluated    time.Time      `bson:"evaluated"`
	Sequence     int64          `bson:"seq,omitempty"`
	Count        int            `bson:"count"`
	Incident     int            `bson:"incident"`
	Opened       time.Time      `bson:"opened,omitempty"`
	WaitingSince time.Time      `bson:"waiting_since,omitempty"`
	Severity     monitor.Status `bson:"severity"`
	Reminders    int            `bson:"reminders"`
	LastNotified time.Time      `bson:"last_notified,omitempty"`
	Silenced     bool           `bson:"silenced,omitempty"`
}

func (d incidentStateDoc) key() any { return d.ID }

func toIncidentStateDoc(s store.IncidentState) (incidentStateDoc, error) {
	id, err := toID("monitor id of an incident state", s.MonitorID)
	if err != nil {
		return incidentStateDoc{}, err
	}
	text, err := json.Marshal(s)
	return incidentStateDoc{
		ID: id, Number: time.UnixMilli(s.Number()), Text: string(text), Phase: string(s.Phase), Evaluated: s.Evaluated,
		Sequence: s.Sequence, Count: s.Count, Incident: s.Incident, Opened: s.Opened, WaitingSince: s.WaitingSince,
		Severity: s.Severity, Reminders: s.Reminders, LastNotified: s.LastNotified, Silenced: s.Silenced,
	}, err
}

func (d incidentStateDoc) incidentState() (s store.IncidentState, err error) {
	if d.Text != "" {
		return s, json.Unmarshal([]byte(d.Text), &s)
	}
	return store.IncidentState{
		MonitorID: d.ID.Hex(), Phase: store.IncidentPhase(d.Phase), Evaluated: d.Evaluated.UTC(), Sequence: d.Sequence,
		Count: d.Count, Incident: d.Incident, Opened: d.Opened.UTC(), WaitingSince: d.WaitingSince.UTC(),
		Severity: d.Severity, Reminders: d.Reminders, LastNotified: d.LastNotified.UTC(), Silenced: d.Silenced,
	}, nil
}

// notificationDoc is a document of the collection alerts. The names of its fields are fixed.
type notificationDoc struct {
	ID string `bson:"_id"`
	// MonitorID is empty for a test.
	MonitorID string     `bson:"monitor_id"`
	Date      time.Time  `bson:"date"`
	Next      *time.Time `bson:"next,omitempty"`
	Attempts  int        `bson:"attempts"`

	// Content and Deliveries are JSON, see [store.EncodeNotification].
	Content    string `bson:"owed,omitempty"`
	Deliveries string `bson:"deliveries,omitempty"`

	MonitorName   string         `bson:"monitor_name,omitempty"`
	MonitorType   string         `bson:"monitor_type,omitempty"`
	MonitorTarget string         `bson:"monitor_target,omitempty"`
	Group         string         `bson:"group,omitempty"`
	To            []string       `bson:"to,omitempty"`
	Incident      int            `bson:"incident"`
	Kind          string         `bson:"kind"`
	Status        monitor.Status `bson:"status"`
	Message       string         `bson:"message,omitempty"`
	Value         float64        `bson:"value"`
	Dependents    int            `bson:"dependents,omitempty"`
	By            string         `bson:"by,omitempty"`
	Silenced      bool           `bson:"silenced,omitempty"`
	Runner        string         `bson:"runner,omitempty"`
	Opened        time.Time      `bson:"opened,omitempty"`
	Recipients    []deliveryDoc  `bson:"recipients,omitempty"`
}

// deliveryDoc is a delivery in a notificationDoc.
type deliveryDoc struct {
	Channel string    `bson:"channel"`
	To      string    `bson:"to"`
	Status  string    `bson:"status"`
	Answer  string    `bson:"answer"`
	Tried   time.Time `bson:"tried,omitempty"`
}

func (d notificationDoc) key() any { return d.ID }

func toNotificationDoc(n store.Notification) (notificationDoc, error) {
	content, deliveries, err := store.EncodeNotification(n)
	doc := notificationDoc{
		ID: n.ID, MonitorID: n.MonitorID, Date: n.Date, Attempts: n.Attempts, Content: content, Deliveries: deliveries,
		MonitorName: n.MonitorName, MonitorType: n.MonitorType, MonitorTarget: n.MonitorTarget, Group: n.Group, To: n.To,
		Incident: n.Incident, Kind: string(n.Kind), Status: n.Status, Message: n.Message, Value: n.Value,
		Dependents: n.Dependents, By: n.By, Silenced: n.Silenced, Runner: n.Runner, Opened: n.Opened,
		Recipients: toDeliveryDocs(n.Deliveries),
	}
	if !n.Next.IsZero() {
		doc.Next = &n.Next
	}
	return doc, err
}

func toDeliveryDocs(deliveries []store.Delivery) []deliveryDoc {
	docs := make([]deliveryDoc, len(deliveries))
	for i, d := range deliveries {
		docs[i] = deliveryDoc{Channel: d.Channel, To: d.To, Status: string(d.Status), Answer: d.Answer, Tried: d.Tried}
	}
	return docs
}

func (d notificationDoc) notification() (n store.Notification, err error) {
	if d.Content != "" {
		n, err = store.DecodeNotification([]byte(d.Content), []byte(d.Deliveries))
	} else {
		n = d.ofFields()
	}
	n.Attempts = d.Attempts
	if d.Next != nil {
		n.Next = d.Next.UTC()
	}
	return n, err
}

// ofFields returns the notification in the fields that are not JSON, without Next and Attempts.
func (d notificationDoc) ofFields() store.Notification {
	n := store.Notification{
		ID: d.ID, MonitorID: d.MonitorID, MonitorName: d.MonitorName, MonitorType: d.MonitorType,
		MonitorTarget: d.MonitorTarget, Group: d.Group, To: d.To, Incident: d.Incident, Kind: store.NotificationKind(d.Kind),
		Status: d.Status, Message: d.Message, Value: d.Value, Dependents: d.Dependents, By: d.By,
		Silenced: d.Silenced, Runner: d.Runner,
		Opened: d.Opened.UTC(), Date: d.Date.UTC(),
	}
	for _, r := range d.Recipients {
		n.Deliveries = append(n.Deliveries, store.Delivery{
			Channel: r.Channel, To: r.To, Status: store.DeliveryStatus(r.Status), Answer: r.Answer, Tried: r.Tried.UTC(),
		})
	}
	return n
}
