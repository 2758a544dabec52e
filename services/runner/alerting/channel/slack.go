package channel

import (
	"net/url"
	"strings"

	"nanomon/services/common/config"
	"nanomon/services/common/plain"
	"nanomon/services/runner/alerting/notify"
)

// slackText escapes text so that Slack shows it unchanged: mentions and links begin with <.
var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func newSlack(settings config.Alerts, o options) notify.Channel {
	if len(settings.SlackURL) == 0 {
		return nil
	}
	return &webChannel{
		name: "slack", urls: settings.SlackURL, client: o.client,
		newPost: func(m notify.Message, to *url.URL) post {
			return post{url: to, document: slackMessage(m.Content)}
		},
	}
}

// slackMessage returns the body for an incoming webhook. Texts from monitors are in plain_text objects, which support
// no markup.
func slackMessage(c notify.Content) any {
	literal := func(text string) map[string]any {
		return map[string]any{"type": "plain_text", "text": slackText.Replace(text), "emoji": false}
	}
	blocks := []any{map[string]any{"type": "section", "text": literal(c.Title)}}
	if c.Text != "" {
		blocks = append(blocks, map[string]any{"type": "section", "text": literal(plain.Shorten(c.Text, 500))})
	}
	var lines []any
	for _, r := range c.Rows {
		lines = append(lines, literal(r.Label+": "+r.Value))
	}
	link := map[string]any{"type": "mrkdwn", "text": "<" + slackText.Replace(c.Link) + "|" + c.LinkText + ">"}
	blocks = append(blocks,
		map[string]any{"type": "context", "elements": lines}, map[string]any{"type": "section", "text": link})
	return map[string]any{
		"text":        slackText.Replace(c.Title),
		"attachments": []any{map[string]any{"color": colours[c.Tone], "blocks": blocks}},
	}
}
