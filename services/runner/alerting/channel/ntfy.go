package channel

import (
	"net/http"
	"net/url"
	"strings"

	"nanomon/services/common/config"
	"nanomon/services/runner/alerting/notify"
)

func newNtfy(settings config.Alerts, o options) notify.Channel {
	if len(settings.NtfyURL) == 0 {
		return nil
	}
	token := settings.NtfyToken
	return &webChannel{
		name: "ntfy", urls: settings.NtfyURL, client: o.client, secrets: []string{token},
		newPost: func(m notify.Message, to *url.URL) post {
			server, topic := ntfyTopic(to)
			return post{url: server, document: ntfyMessage(m.Content, topic), header: func([]byte) http.Header {
				header := make(http.Header)
				if token != "" {
					header.Set("Authorization", "Bearer "+token)
				}
				return header
			}}
		},
	}
}

// ntfyTopic splits the URL of a topic into the server's root and the topic, because JSON documents are posted to the
// root and contain the topic.
func ntfyTopic(to *url.URL) (server *url.URL, topic string) {
	path := strings.TrimRight(to.Path, "/")
	last := strings.LastIndexByte(path, '/')
	root := *to
	root.Path, root.RawPath = path[:last+1], ""
	return &root, path[last+1:]
}

// ntfyMessage returns the JSON document for a topic. It is plain text without Markdown, so that nothing needs escaping.
func ntfyMessage(c notify.Content, topic string) any {
	lines := make([]string, 0, len(c.Rows)+1)
	if c.Text != "" {
		lines = append(lines, c.Text)
	}
	for _, r := range c.Rows {
		lines = append(lines, r.Label+": "+r.Value)
	}
	circle := map[string]string{"failed": "red", "error": "orange", "warning": "yellow", "ok": "green", "test": "blue"}[c.Tone]
	return map[string]any{
		"topic": topic, "title": c.Title, "message": strings.Join(lines, "\n"), "click": c.Link,
		"priority": map[string]int{"failed": 5, "error": 4, "warning": 3, "ok": 3, "test": 3}[c.Tone],
		"tags":     []string{circle + "_circle"},
	}
}
