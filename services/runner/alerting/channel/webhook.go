package channel

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/runner/alerting/notify"
)

// SignatureHeader is the header with the signature of a webhook: sha256= and the hexadecimal HMAC-SHA256 of the body,
// with ALERT_WEBHOOK_SECRET as the key.
const SignatureHeader = "X-NanoMon-Signature"

// webhookDocument is the JSON document that a webhook receives. docs/notifications.md describes it.
type webhookDocument struct {
	// ID is the same for each attempt, so that a receiver can ignore duplicates.
	ID       string         `json:"id"`
	Kind     string         `json:"kind"`
	Title    string         `json:"title"`
	Monitor  webhookMonitor `json:"monitor"`
	Incident int            `json:"incident"`
	// Reminder is the number of a reminder; 0 for other kinds.
	Reminder   int            `json:"reminder,omitempty"`
	Status     monitor.Status `json:"status"`
	StatusText string         `json:"statusText"`
	// Dependents is the number of monitors that depend on this one.
	Dependents int `json:"behind,omitempty"`
	// By is the person or API key that acknowledged the incident.
	By string `json:"by,omitempty"`
	// Runner is the id of the runner that the notification is about.
	Runner  string    `json:"runner,omitempty"`
	Message string    `json:"message"`
	Value   float64   `json:"value"`
	Opened  time.Time `json:"opened,omitzero"`
	Date    time.Time `json:"date"`
	// Sent is the time of this attempt.
	Sent time.Time `json:"sent"`
	Link string    `json:"link"`
}

type webhookMonitor struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Target string `json:"target"`
	Group  string `json:"group"`
}

func newWebhook(settings config.Alerts, o options) notify.Channel {
	if len(settings.WebhookURL) == 0 {
		return nil
	}
	secret := settings.WebhookSecret
	return &webChannel{
		name: "webhook", urls: settings.WebhookURL, client: o.client, secrets: []string{secret},
		newPost: func(m notify.Message, to *url.URL) post {
			header := func(body []byte) http.Header { return signBody(body, secret) }
			return post{url: to, document: newWebhookDocument(m), header: header}
		},
	}
}

func newWebhookDocument(m notify.Message) webhookDocument {
	return webhookDocument{
		ID: m.ID, Kind: m.Kind, Title: m.Content.Title, Incident: m.Incident, Reminder: m.Reminder,
		Status: m.Status, StatusText: m.Status.String(), Dependents: m.Dependents, By: m.By, Runner: m.Runner,
		Monitor: webhookMonitor{
			ID: m.MonitorID, Name: m.MonitorName, Type: m.MonitorType, Target: m.MonitorTarget, Group: m.Group,
		},
		Message: m.Result, Value: m.Value, Opened: m.Opened, Date: m.Date, Sent: m.Sent,
		Link: m.Content.Link,
	}
}

func signBody(body []byte, secret string) http.Header {
	header := make(http.Header)
	if secret != "" {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		header.Set(SignatureHeader, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	return header
}
