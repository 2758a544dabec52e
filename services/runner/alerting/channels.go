package alerting

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"time"

	"nanomon/services/common/config"
)

// FromSettings returns an alerter with the given settings, which must be valid.
func FromSettings(runner string, now func() time.Time, settings config.Alerts, s Store, log *slog.Logger) *Alerter {
	rules := Rules{
		FailCount:     int(settings.AlertFailCount),
		RecoveryCount: int(settings.AlertRecoveryCount),
		Reminder:      time.Duration(settings.AlertReminder),
	}
	return New(Config{Runner: runner, Rules: rules, Now: now}, s, Channels(settings, nil), log)
}

// Channels returns the channels that the settings, which must be valid, configure. They trust the certificate
// authorities in roots, or the system's if roots is nil.
func Channels(settings config.Alerts, roots *x509.CertPool) []Channel {
	options := channelOptions{
		format: formatter{baseURL: settings.AlertLinkBase, timeZone: time.Local},
		tls:    &tls.Config{RootCAs: roots},
		client: newWebClient(roots),
	}
	var channels []Channel
	for _, newChannel := range []func(config.Alerts, channelOptions) Channel{
		newEmail,
		newWebhook,
		newSlack,
		newTeams,
		newDiscord,
		newNtfy,
		newPagerDuty,
	} {
		if channel := newChannel(settings, options); channel != nil {
			channels = append(channels, channel)
		}
	}
	return channels
}

// channelOptions are shared by all channels. The constructor of a channel returns nil if it is not configured.
type channelOptions struct {
	format formatter
	tls    *tls.Config
	client *http.Client
}
