package alerting

import (
	"net/url"

	"nanomon/services/common/config"
	"nanomon/services/common/store"
)

func newTeams(settings config.Alerts, d delivery) Sender {
	if len(settings.TeamsURL) == 0 {
		return nil
	}
	return &hook{
		channel: "teams", urls: settings.TeamsURL, client: d.web,
		post: func(m store.Notification, to *url.URL) post {
			return post{url: to, document: teamsMessage(d.words.notice(m))}
		},
	}
}

// teamsMessage is an Adaptive Card for a Workflows webhook. Its texts are runs, which know no markup; mentions would
// have to be declared.
func teamsMessage(n notice) any {
	colour := map[string]string{"failed": "Attention", "error": "Warning", "ok": "Good", "test": "Accent"}[n.Tone]
	run := func(text string, style map[string]any) map[string]any {
		r := map[string]any{"type": "TextRun", "text": text}
		for key, value := range style {
			r[key] = value
		}
		return r
	}
	line := func(runs ...any) map[string]any {
		return map[string]any{"type": "RichTextBlock", "inlines": runs}
	}
	body := []any{line(run(n.Title, map[string]any{"size": "Large", "weight": "Bolder", "color": colour}))}
	if n.Text != "" {
		body = append(body, line(run(n.Text, nil)))
	}
	for _, r := range n.Rows {
		body = append(body, line(run(r.Label+": ", map[string]any{"isSubtle": true}), run(r.Value, nil)))
	}
	card := map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"msteams": map[string]any{"width": "Full"}, "body": body,
		"actions": []any{map[string]any{"type": "Action.OpenUrl", "title": n.LinkText, "url": n.Link}},
	}
	return map[string]any{
		"type":        "message",
		"attachments": []any{map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card}},
	}
}
