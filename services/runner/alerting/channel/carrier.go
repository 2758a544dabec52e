package channel

import (
	"net/url"

	"nanomon/services/common/config"
	"nanomon/services/runner/alerting/notify"
)

func newCarrier(settings config.Alerts, o options) notify.Channel {
	if len(settings.CarrierURL) == 0 {
		return nil
	}
	return &webChannel{
		name: "carrier", urls: settings.CarrierURL, client: o.client,
		newPost: func(m notify.Message, to *url.URL) post {
			return post{url: to, document: map[string]any{"title": m.Content.Title, "text": m.Content.Text}}
		},
	}
}
