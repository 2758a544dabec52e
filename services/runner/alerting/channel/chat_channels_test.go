package channel

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
)

// postedTo sends n through the channel that set configures and returns the request that the server received.
func postedTo(t *testing.T, channel string, n store.Notification, set func(w *config.Webhooks, u config.URLs)) webRequest {
	t.Helper()
	server := serve(t, accept)
	settings := config.Alerts{}
	set(&settings.Webhooks, urls(t, server.URL+"/path/t0ken"))
	s := onlyChannel(t, settings, nil)
	if outcome := deliver(t, s, n)[0]; outcome.Err != nil || s.Name() != channel {
		t.Fatalf("%s: %+v", s.Name(), outcome)
	}
	return server.one(t)
}

// Only PagerDuty has incidents that would stay open.
func TestOnlyPagerDutyReceivesClosedIncidents(t *testing.T) {
	u := urls(t, "https://a.example/x")
	settings := config.Alerts{Webhooks: config.Webhooks{
		WebhookURL: u, SlackURL: u, TeamsURL: u, DiscordURL: u, NtfyURL: u, PagerDutyKey: "key",
	}, SMTP: config.SMTP{SMTPFrom: config.Addresses{{Address: "a@example.org"}}, SMTPTo: config.Addresses{{Address: "b@example.org"}}}}
	channels := All(settings, nil)
	if n := len(channels); n != 7 {
		t.Fatalf("%d channels", n)
	}
	for _, c := range channels {
		if c.SendsClosed() != (c.Name() == "pagerduty") {
			t.Errorf("%s sends closed incidents: %v", c.Name(), c.SendsClosed())
		}
	}
}

// hostile returns a notification whose texts contain the markup of all chats.
func hostile(kind store.NotificationKind) store.Notification {
	n := alertingtest.Notification(kind)
	n.MonitorName = "<!channel> @everyone <@U1> [x](https://evil.example) *b* & `c`"
	n.MonitorTarget, n.Group, n.Message = n.MonitorName, n.MonitorName, n.MonitorName
	return n
}

// at returns the value at the path keys, which consists of names and of positions such as #0.
func at(t *testing.T, body []byte, keys string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	for key := range strings.SplitSeq(keys, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			if i := int(key[1] - '0'); i < len(v) {
				value = v[i]
				continue
			}
			return nil
		}
	}
	return value
}

// expectValues compares values of a document, by path. A nil value must be missing.
func expectValues(t *testing.T, body []byte, values map[string]any) {
	t.Helper()
	for keys, value := range values {
		if got := at(t, body, keys); got != value {
			t.Errorf("%s is %v, want %v", keys, got, value)
		}
	}
}

func TestSlack(t *testing.T) {
	set := func(w *config.Webhooks, u config.URLs) { w.SlackURL = u }
	got := postedTo(t, "slack", alertingtest.Notification(store.KindOpened), set)
	expectValues(t, got.body, map[string]any{
		"text": "Payments API failed", "attachments.#0.color": "#b3261e", "attachments.#0.blocks.#0.text.text": "Payments API failed",
		"attachments.#0.blocks.#1.text.text": "connection refused", "attachments.#0.blocks.#2.elements.#0.text": "Target: https://pay.example.org/health",
		"attachments.#0.blocks.#3.text.text": "<https://nanomon.example.org/#monitor/65f2c0ffee65f2c0ffee65f2|Open the monitor>",
	})
	// The values are compared after parsing, because the JSON encoder escapes < and > and & in the raw body.
	got = postedTo(t, "slack", hostile(store.KindResolved), set)
	const escaped = "&lt;!channel&gt; @everyone &lt;@U1&gt; [x](https://evil.example) *b* &amp; `c`"
	expectValues(t, got.body, map[string]any{
		"text": escaped + " is OK again", "attachments.#0.color": "#15703c", "attachments.#0.blocks.#2.elements.#0.type": "plain_text",
		"attachments.#0.blocks.#2.elements.#0.text": "Target: " + escaped, "attachments.#0.blocks.#0.text.type": "plain_text",
	})
}

func TestTeams(t *testing.T) {
	got := postedTo(t, "teams", hostile(store.KindOpened), func(w *config.Webhooks, u config.URLs) { w.TeamsURL = u })
	const card = "attachments.#0.content."
	name := hostile(store.KindOpened).MonitorName
	expectValues(t, got.body, map[string]any{
		"type": "message", "attachments.#0.contentType": "application/vnd.microsoft.card.adaptive", card + "type": "AdaptiveCard",
		card + "body.#0.type": "RichTextBlock", card + "body.#0.inlines.#0.type": "TextRun", card + "body.#0.inlines.#0.text": name + " failed",
		card + "body.#0.inlines.#0.color": "Attention", card + "body.#1.inlines.#0.text": name, card + "body.#2.inlines.#0.text": "Target: ",
		card + "actions.#0.url": "https://nanomon.example.org/#monitor/65f2c0ffee65f2c0ffee65f2",
	})
	if strings.Contains(string(got.body), `"TextBlock"`) {
		t.Error("a TextBlock interprets markup")
	}
}

func TestDiscord(t *testing.T) {
	got := postedTo(t, "discord", hostile(store.KindOpened), func(w *config.Webhooks, u config.URLs) { w.DiscordURL = u })
	const escaped = "\\<\\!channel\\> \\@everyone \\<\\@U1\\> \\[x\\]\\(https\\:\\/\\/evil\\.example\\) \\*b\\* \\& \\`c\\`"
	expectValues(t, got.body, map[string]any{
		"embeds.#0.title": escaped + " failed", "embeds.#0.description": escaped, "embeds.#0.color": float64(0xb3261e), "content": nil,
		"embeds.#0.url":             "https://nanomon.example.org/#monitor/65f2c0ffee65f2c0ffee65f2",
		"embeds.#0.fields.#0.name":  "Target",
		"embeds.#0.fields.#0.value": escaped,
	})
	if !strings.Contains(string(got.body), `"allowed_mentions":{"parse":[]}`) {
		t.Errorf("mentions are allowed: %s", got.body)
	}
}

func TestNtfy(t *testing.T) {
	n := alertingtest.Notification(store.KindOpened)
	n.Status = monitor.StatusError
	since := testFormat.Message(n).Content.Rows
	got := postedTo(t, "ntfy", n, func(w *config.Webhooks, u config.URLs) { w.NtfyURL, w.NtfyToken = u, "tk_s3cret" })
	if got.path != "/path/" || got.header.Get("Authorization") != "Bearer tk_s3cret" {
		t.Errorf("%s %v", got.path, got.header)
	}
	expectValues(t, got.body, map[string]any{
		"topic": "t0ken", "title": "Payments API has an error", "priority": 4.0, "tags.#0": "orange_circle",
		"message": "connection refused\nTarget: https://pay.example.org/health\nGroup: Shop\nValue: 0\nSince: " + since[len(since)-1].Value,
		"click":   "https://nanomon.example.org/#monitor/65f2c0ffee65f2c0ffee65f2",
	})
	got = postedTo(t, "ntfy", n, func(w *config.Webhooks, u config.URLs) { w.NtfyURL = u })
	if _, set := got.header["Authorization"]; set {
		t.Error("a token is sent although none is set")
	}
}

func TestPagerDuty(t *testing.T) {
	for kind, wanted := range map[store.NotificationKind]map[string]any{
		store.KindOpened: {
			"event_action": "trigger", "dedup_key": "65f2c0ffee65f2c0ffee65f2-3", "routing_key": "k3y of ours", "payload.summary": "Payments API failed",
			"payload.severity": "critical", "payload.source": "https://pay.example.org/health", "payload.timestamp": "2026-03-14T10:01:30Z",
			"client_url": "https://nanomon.example.org/#monitor/65f2c0ffee65f2c0ffee65f2",
		},
		store.KindEscalated:    {"event_action": "trigger", "dedup_key": "65f2c0ffee65f2c0ffee65f2-3"},
		store.KindReminder:     {"event_action": "trigger", "dedup_key": "65f2c0ffee65f2c0ffee65f2-3"},
		store.KindAcknowledged: {"event_action": "acknowledge", "dedup_key": "65f2c0ffee65f2c0ffee65f2-3", "payload": nil},
		store.KindResolved:     {"event_action": "resolve", "dedup_key": "65f2c0ffee65f2c0ffee65f2-3", "payload": nil},
		store.KindClosed:       {"event_action": "resolve", "dedup_key": "65f2c0ffee65f2c0ffee65f2-3", "payload": nil},
		store.KindWarning: {
			"event_action": "trigger", "dedup_key": "65f2c0ffee65f2c0ffee65f2-warning-1773482400000", "payload.severity": "warning",
			"payload.summary": "Payments API has a warning",
		},
		store.KindTest: {"event_action": "trigger", "dedup_key": "65f2c0ffee65f2c0ffee65f2-3-test", "payload.severity": "info"},
		store.KindRunnerOffline: {
			"event_action": "trigger", "dedup_key": "cutoff-1773482400000", "payload.severity": "critical", "payload.summary": "Runner shop-1 may be offline",
			"payload.source": "NanoMon",
		},
		store.KindRunnerProblem: {
			"event_action": "trigger", "dedup_key": "problem-1773482400000-1", "payload.severity": "critical",
			"payload.summary": "Runner shop-1 has a problem", "payload.custom_details.Message": "Some monitors are not checked.",
		},
		store.KindRunnerOnline: {"event_action": "resolve", "dedup_key": "cutoff-1773482400000", "payload": nil},
	} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			w.Write([]byte(`{"status":"success","routing_key":"k3y of ours"}`))
		})
		s := pagerDuty("k3y of ours", urls(t, server.URL+"/v2/enqueue")[0], options{client: newWebClient(nil)})
		outcome := deliver(t, s, alertingtest.Notification(kind))[0]
		if outcome.Err != nil || outcome.Answer != `202 Accepted {"status":"success","routing_key":"***"}` {
			t.Errorf("%+v", outcome)
		}
		expectValues(t, server.one(t).body, wanted)
	}
}
