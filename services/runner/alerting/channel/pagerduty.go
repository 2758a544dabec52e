package channel

import (
	"cmp"
	"net/url"

	"nanomon/services/common/config"
	"nanomon/services/common/plain"
	"nanomon/services/runner/alerting/notify"
)

// maxField is the maximum length of a field of an event, in characters.
const maxField = 300

func newPagerDuty(settings config.Alerts, o options) notify.Channel {
	if settings.PagerDutyKey == "" {
		return nil
	}
	service := &url.URL{Scheme: "https", Host: "events.pagerduty.com", Path: "/v2/enqueue"}
	return pagerDuty(settings.PagerDutyKey, service, o)
}

// pagerDuty returns the channel that sends events to the service with the given integration key.
func pagerDuty(key string, service *url.URL, o options) notify.Channel {
	return &webChannel{
		name: "pagerduty", sendsClosed: true, urls: config.URLs{service}, client: o.client, secrets: []string{key},
		newPost: func(m notify.Message, to *url.URL) post {
			return post{url: to, document: pagerDutyEvent(key, m)}
		},
	}
}

// pagerDutyEvent returns the event that opens, updates, acknowledges or resolves a PagerDuty incident. There is one PagerDuty
// incident for each incident, each test and each problem of a runner.
func pagerDutyEvent(key string, m notify.Message) any {
	event := map[string]any{"routing_key": key, "event_action": "trigger", "dedup_key": m.Key}
	switch {
	case m.Ends:
		event["event_action"] = "resolve"
		return event
	case m.Acknowledges:
		event["event_action"] = "acknowledge"
		return event
	}
	c := m.Content
	details := map[string]string{"Message": c.Text}
	for _, r := range c.Rows {
		details[r.Label] = r.Value
	}
	source := cmp.Or(m.MonitorTarget, "NanoMon")
	event["client"], event["client_url"] = "NanoMon", c.Link
	event["payload"] = map[string]any{
		"summary": c.Title, "source": plain.Line(source, maxField), "timestamp": m.Date,
		"severity": map[string]string{"failed": "critical", "error": "error", "warning": "warning", "test": "info"}[c.Tone],
		"group":    plain.Line(m.Group, maxField), "class": m.MonitorType, "custom_details": details,
	}
	return event
}
