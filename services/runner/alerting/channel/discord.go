package channel

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"nanomon/services/common/config"
	"nanomon/services/runner/alerting/notify"
)

func newDiscord(settings config.Alerts, o options) notify.Channel {
	if len(settings.DiscordURL) == 0 {
		return nil
	}
	return &webChannel{
		name: "discord", urls: settings.DiscordURL, client: o.client,
		newPost: func(m notify.Message, to *url.URL) post {
			return post{url: to, document: discordMessage(m.Content)}
		},
	}
}

// discordMessage returns the body for a webhook. It allows no mentions.
func discordMessage(c notify.Content) any {
	fields := []any{}
	for _, r := range c.Rows {
		fields = append(fields, map[string]any{"name": r.Label, "value": discordText(r.Value), "inline": false})
	}
	colour, _ := strconv.ParseInt(colours[c.Tone][1:], 16, 32)
	return map[string]any{
		"allowed_mentions": map[string]any{"parse": []string{}},
		"embeds": []any{map[string]any{
			"title": discordText(c.Title), "description": discordText(c.Text), "url": c.Link, "color": colour, "fields": fields,
		}},
	}
}

// discordText escapes text so that Discord shows it unchanged: a backslash before a punctuation character removes its
// special meaning.
func discordText(text string) string {
	var escaped strings.Builder
	for _, r := range text {
		if r < unicode.MaxASCII && (unicode.IsPunct(r) || unicode.IsSymbol(r)) {
			escaped.WriteByte('\\')
		}
		escaped.WriteRune(r)
	}
	return escaped.String()
}
