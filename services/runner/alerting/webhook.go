package alerting

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// SignatureHeader is the header with the signature of a webhook: sha256= and the hexadecimal HMAC-SHA256 of the body,
// with ALERT_WEBHOOK_SECRET as the key.
const SignatureHeader = "X-NanoMon-Signature"

// webhookDocument is the JSON document that a webhook receives. docs/notifications.md describes it.
type webhookDocument struct {
	// ID is the same for each attempt, so that a receiver can ignore duplicates.
	ID       string                 `json:"id"`
	Kind     store.NotificationKind `json:"kind"`
	Title    string                 `json:"title"`
	Monitor  webhookMonitor         `json:"monitor"`
	Incident int                    `json:"incident"`
	// Reminder is the number of a reminder; 0 for other kinds.
	Reminder   int            `json:"reminder,omitempty"`
	Status     monitor.Status `json:"status"`
	StatusText string         `json:"statusText"`
	// Dependents is the number of monitors that depend on this one.
	Dependents int `json:"behind,omitempty"`
	// Runner is the id of the runner that has a problem, or is offline or online again.
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

func newWebhook(settings config.Alerts, options channelOptions) Channel {
	if len(settings.WebhookURL) == 0 {
		return nil
	}
	secret := settings.WebhookSecret
	return &webChannel{
		name: "webhook", urls: settings.WebhookURL, client: options.client, secrets: []string{secret},
		newPost: func(n store.Notification, to *url.URL) post {
			header := func(body []byte) http.Header { return signBody(body, secret) }
			return post{url: to, document: options.format.document(n), header: header}
		},
	}
}

func (f formatter) document(n store.Notification) webhookDocument {
	c := f.content(n)
	return webhookDocument{
		ID: n.ID, Kind: n.Kind, Title: c.Title, Incident: n.Incident, Reminder: n.Reminder(),
		Status: n.Status, StatusText: n.Status.String(), Dependents: n.Dependents, Runner: n.Runner,
		Monitor: webhookMonitor{
			ID: n.MonitorID, Name: n.MonitorName, Type: n.MonitorType, Target: n.MonitorTarget, Group: n.Group,
		},
		Message: n.Message, Value: n.Value, Opened: n.Opened, Date: n.Date, Sent: monitor.Date(time.Now()), Link: c.Link,
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
