package channel

import (
	"net/url"

	"nanomon/services/common/config"
	"nanomon/services/runner/alerting/notify"
)

func newTeams(settings config.Alerts, o options) notify.Channel {
	if len(settings.TeamsURL) == 0 {
		return nil
	}
	return &webChannel{
		name: "teams", urls: settings.TeamsURL, client: o.client,
		newPost: func(m notify.Message, to *url.URL) post {
			return post{url: to, document: teamsMessage(m.Content)}
		},
	}
}

// teamsMessage returns an Adaptive Card for a Workflows webhook. Its texts are TextRuns, which support no markup; a
// mention would need a declaration in the card.
func teamsMessage(c notify.Content) any {
	colour := map[string]string{"failed": "Attention", "error": "Warning", "warning": "Warning", "ok": "Good", "test": "Accent"}[c.Tone]
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
	body := []any{line(run(c.Title, map[string]any{"size": "Large", "weight": "Bolder", "color": colour}))}
	if c.Text != "" {
		body = append(body, line(run(c.Text, nil)))
	}
	for _, r := range c.Rows {
		body = append(body, line(run(r.Label+": ", map[string]any{"isSubtle": true}), run(r.Value, nil)))
	}
	card := map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"msteams": map[string]any{"width": "Full"}, "body": body,
		"actions": []any{map[string]any{"type": "Action.OpenUrl", "title": c.LinkText, "url": c.Link}},
	}
	attachment := map[string]any{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card,
	}
	return map[string]any{"type": "message", "attachments": []any{attachment}}
}
