package alerting

import (
	"net/url"
	"strings"

	"nanomon/services/common/config"
	"nanomon/services/common/store"
)

// slackText makes a text that Slack shows as it is: its mentions and links begin with a <.
var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func newSlack(settings config.Alerts, d delivery) Sender {
	if len(settings.SlackURL) == 0 {
		return nil
	}
	return &hook{
		channel: "slack", urls: settings.SlackURL, client: d.web,
		post: func(m store.Notification, to *url.URL) post {
			return post{url: to, document: slackMessage(d.words.notice(m))}
		},
	}
}

// slackMessage is a message of an incoming webhook. All that isn't ours is in plain_text objects, which know no markup.
func slackMessage(n notice) any {
	literal := func(text string) map[string]any {
		return map[string]any{"type": "plain_text", "text": slackText.Replace(text), "emoji": false}
	}
	blocks := []any{map[string]any{"type": "section", "text": literal(n.Title)}}
	if n.Text != "" {
		blocks = append(blocks, map[string]any{"type": "section", "text": literal(shorten(n.Text, 500))})
	}
	var lines []any
	for _, r := range n.Rows {
		lines = append(lines, literal(r.Label+": "+r.Value))
	}
	link := map[string]any{"type": "mrkdwn", "text": "<" + slackText.Replace(n.Link) + "|" + n.LinkText + ">"}
	blocks = append(blocks, map[string]any{"type": "context", "elements": lines}, map[string]any{"type": "section", "text": link})
	return map[string]any{
		"text":        slackText.Replace(n.Title),
		"attachments": []any{map[string]any{"color": colours[n.Tone], "blocks": blocks}},
	}
}
