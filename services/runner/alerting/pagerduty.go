package alerting

import (
	"fmt"
	"net/url"

	"nanomon/services/common/config"
	"nanomon/services/common/store"
)

func newPagerDuty(settings config.Alerts, options channelOptions) Channel {
	if settings.PagerDutyKey == "" {
		return nil
	}
	service := &url.URL{Scheme: "https", Host: "events.pagerduty.com", Path: "/v2/enqueue"}
	return pagerDuty(settings.PagerDutyKey, service, options)
}

// pagerDuty returns the channel that sends events to the service with the given integration key.
func pagerDuty(key string, service *url.URL, options channelOptions) Channel {
	return &webChannel{
		name: "pagerduty", sendsClosed: true, urls: config.URLs{service}, client: options.client, secrets: []string{key},
		newPost: func(n store.Notification, to *url.URL) post {
			return post{url: to, document: pagerDutyEvent(key, n, options.format.content(n))}
		},
	}
}

// pagerDutyEvent returns the event that opens, updates or resolves a PagerDuty incident. There is one PagerDuty
// incident for each incident, each test and each problem of a runner.
func pagerDutyEvent(key string, n store.Notification, c content) any {
	event := map[string]any{
		"routing_key": key, "event_action": "trigger", "dedup_key": fmt.Sprintf("%s-%d", n.MonitorID, n.Incident),
	}
	switch n.Kind {
	case store.KindResolved, store.KindClosed:
		event["event_action"] = "resolve"
		return event
	case store.KindRunnerOnline, store.KindStoreAvailable:
		event["event_action"], event["dedup_key"] = "resolve", n.RunnerBeginning()
		return event
	case store.KindTest, store.KindRunnerOffline, store.KindRunnerProblem, store.KindStoreUnavailable:
		event["dedup_key"] = n.ID
	}
	details := map[string]string{"Message": c.Text}
	for _, r := range c.Rows {
		details[r.Label] = r.Value
	}
	source := n.MonitorTarget
	if source == "" {
		source = "NanoMon"
	}
	event["client"], event["client_url"] = "NanoMon", c.Link
	event["payload"] = map[string]any{
		"summary": c.Title, "source": singleLine(source, maxName), "timestamp": n.Date,
		"severity": map[string]string{"failed": "critical", "error": "error", "test": "info"}[c.Tone],
		"group":    singleLine(n.Group, maxName), "class": n.MonitorType, "custom_details": details,
	}
	return event
}
