// Package channel contains the channels that send notifications, one file each. A new one is a file, its test and a
// line in [All].
package channel

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"nanomon/services/common/config"
	"nanomon/services/runner/alerting/notify"
)

// All returns the channels that the settings, which must be valid, configure. They trust the certificate authorities in
// roots, or the system's if roots is nil.
func All(settings config.Alerts, roots *x509.CertPool) []notify.Channel {
	o := options{tls: &tls.Config{RootCAs: roots}, client: newWebClient(roots)}
	var channels []notify.Channel
	for _, newChannel := range []func(config.Alerts, options) notify.Channel{
		newEmail,
		newWebhook,
		newSlack,
		newTeams,
		newDiscord,
		newNtfy,
		newPagerDuty,
	} {
		if channel := newChannel(settings, o); channel != nil {
			if settings.AlertWarnings.Includes(channel.Name()) {
				channel = notify.WithWarnings(channel)
			}
			channels = append(channels, channel)
		}
	}
	return channels
}

// options are shared by all channels. The constructor of a channel returns nil if it is not configured.
type options struct {
	tls    *tls.Config
	client *http.Client
}
