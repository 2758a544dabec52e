package store

import (
	"encoding/json"
	"fmt"
	"time"

	"nanomon/services/common/monitor"
)

// storedNotification is the stored JSON of the fields of a [Notification] that never change. The keys are fixed: old
// and new programs read each other's notifications while a rolling update runs.
type storedNotification struct {
	ID, MonitorID, MonitorName, MonitorType, MonitorTarget, Group string

	To       []string
	Incident int
	Kind     NotificationKind
	Status   monitor.Status
	Message  string
	Value    float64

	Dependents int `json:"Behind"`

	By       string `json:",omitempty"`
	Silenced bool   `json:",omitempty"`

	Runner       string
	Opened, Date time.Time
}

// storedDelivery is the stored JSON of a [Delivery]. The keys are fixed, too.
type storedDelivery struct {
	Channel string         `json:"channel"`
	To      string         `json:"to"`
	Status  DeliveryStatus `json:"fate"`
	Answer  string         `json:"answer"`
	Tried   time.Time      `json:"tried,omitzero"`
}

// storedPending is the stored form of [DeliveryPending].
const storedPending DeliveryStatus = "waiting"

// EncodeNotification returns the JSON that stores keep of a notification: content holds the fields that never change.
// Next and Attempts are in neither.
func EncodeNotification(n Notification) (content, deliveries string, err error) {
	fixed, err := json.Marshal(storedNotification{
		ID: n.ID, MonitorID: n.MonitorID, MonitorName: n.MonitorName, MonitorType: n.MonitorType,
		MonitorTarget: n.MonitorTarget, Group: n.Group, To: n.To, Incident: n.Incident, Kind: n.Kind, Status: n.Status,
		Message: n.Message, Value: n.Value, Dependents: n.Dependents, By: n.By, Silenced: n.Silenced, Runner: n.Runner,
		Opened: n.Opened, Date: n.Date,
	})
	if err != nil {
		return "", "", fmt.Errorf("encode the notification %s: %w", n.ID, err)
	}
	deliveries, err = EncodeDeliveries(n.Deliveries)
	return string(fixed), deliveries, err
}

// EncodeDeliveries returns the JSON that stores keep of deliveries.
func EncodeDeliveries(deliveries []Delivery) (string, error) {
	var stored []storedDelivery
	for _, d := range deliveries {
		if d.Status == DeliveryPending {
			d.Status = storedPending
		}
		stored = append(stored, storedDelivery(d))
	}
	text, err := json.Marshal(stored)
	if err != nil {
		return "", fmt.Errorf("encode deliveries: %w", err)
	}
	return string(text), nil
}

// DecodeNotification reverses [EncodeNotification].
func DecodeNotification(content, deliveries []byte) (Notification, error) {
	var fixed storedNotification
	if err := json.Unmarshal(content, &fixed); err != nil {
		return Notification{}, fmt.Errorf("decode a notification: %w", err)
	}
	n := Notification{
		ID: fixed.ID, MonitorID: fixed.MonitorID, MonitorName: fixed.MonitorName, MonitorType: fixed.MonitorType,
		MonitorTarget: fixed.MonitorTarget, Group: fixed.Group, To: fixed.To, Incident: fixed.Incident, Kind: fixed.Kind,
		Status: fixed.Status, Message: fixed.Message, Value: fixed.Value, Dependents: fixed.Dependents,
		By: fixed.By, Silenced: fixed.Silenced, Runner: fixed.Runner,
		Opened: fixed.Opened, Date: fixed.Date,
	}
	var stored []storedDelivery
	if err := json.Unmarshal(deliveries, &stored); err != nil {
		return Notification{}, fmt.Errorf("decode the deliveries of notification %s: %w", n.ID, err)
	}
	for _, d := range stored {
		if d.Status == storedPending {
			d.Status = DeliveryPending
		}
		n.Deliveries = append(n.Deliveries, Delivery(d))
	}
	return n, nil
}
