package alerting

import (
	"fmt"
	"net/url"

	"nanomon/services/common/config"
	"nanomon/services/common/store"
)

func newPagerDuty(settings config.Alerts, d delivery) Sender {
	if settings.PagerDutyKey == "" {
		return nil
	}
	return pagerDuty(settings.PagerDutyKey, &url.URL{Scheme: "https", Host: "events.pagerduty.com", Path: "/v2/enqueue"}, d)
}

// pagerDuty is the sender of events to the service with the given integration key.
func pagerDuty(key string, service *url.URL, d delivery) Sender {
	return &hook{
		channel: "pagerduty", closes: true, urls: config.URLs{service}, client: d.web, secrets: []string{key},
		post: func(m store.Notification, to *url.URL) post {
			return post{url: to, document: pagerDutyEvent(key, m, d.words.notice(m))}
		},
	}
}

// pagerDutyEvent opens an incident, adds to it or resolves it; there is one for each of ours. A test is one of its own, and so
// is a runner that may be cut off.
func pagerDutyEvent(key string, m store.Notification, n notice) any {
	event := map[string]any{
		"routing_key": key, "event_action": "trigger", "dedup_key": fmt.Sprintf("%s-%d", m.MonitorID, m.Incident),
	}
	switch m.Kind {
	case store.KindResolved, store.KindClosed:
		event["event_action"] = "resolve"
		return event
	case store.KindRunnerOnline:
		event["event_action"], event["dedup_key"] = "resolve", store.RunnerNotificationID(store.KindRunnerOffline, m.Opened)
		return event
	case store.KindTest, store.KindRunnerOffline:
		event["dedup_key"] = m.ID
	}
	details := map[string]string{"Message": n.Text}
	for _, r := range n.Rows {
		details[r.Label] = r.Value
	}
	source := m.MonitorTarget
	if source == "" {
		source = "NanoMon"
	}
	event["client"], event["client_url"] = "NanoMon", n.Link
	event["payload"] = map[string]any{
		"summary": n.Title, "source": plain(source, maxName), "timestamp": m.Date,
		"severity": map[string]string{"failed": "critical", "error": "error", "test": "info"}[n.Tone],
		"group":    plain(m.Group, maxName), "class": m.MonitorType, "custom_details": details,
	}
	return event
}
