package alerting

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"time"

	"nanomon/services/common/config"
)

// FromSettings is an alerter as the settings, which are valid, ask for it.
func FromSettings(runner string, settings config.Alerts, s Store, log *slog.Logger) *Alerter {
	return New(Config{Runner: runner, Rules: Rules{
		FailCount: int(settings.AlertFailCount), RecoveryCount: int(settings.AlertRecoveryCount), Reminder: time.Duration(settings.AlertReminder),
	}}, s, Channels(settings, nil), log)
}

// Senders are those that settings, which are valid, switch on. They trust the authorities in roots, or those of the
// system where it is nil.
func Channels(settings config.Alerts, roots *x509.CertPool) []Channel {
	options := channelOptions{
		format: formatter{baseURL: settings.AlertLinkBase, timeZone: time.Local},
		tls:   &tls.Config{RootCAs: roots},
		client:   webClient(roots),
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

// delivery is what the senders share. Each is made by a function that returns nil where the settings don't ask for it.
type channelOptions struct {
	format formatter
	tls   *tls.Config
	client   *http.Client
}
