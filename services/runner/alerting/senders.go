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
	}}, s, Senders(settings, nil), log)
}

// Senders are those that settings, which are valid, switch on. They trust the authorities in roots, or those of the
// system where it is nil.
func Senders(settings config.Alerts, roots *x509.CertPool) []Sender {
	d := delivery{
		words: wording{base: settings.AlertLinkBase, zone: time.Local},
		tls:   &tls.Config{RootCAs: roots},
		web:   webClient(roots),
	}
	var senders []Sender
	for _, configured := range []func(config.Alerts, delivery) Sender{
		newEmail,
		newWebhook,
		newSlack,
		newTeams,
		newDiscord,
		newNtfy,
		newPagerDuty,
	} {
		if sender := configured(settings, d); sender != nil {
			senders = append(senders, sender)
		}
	}
	return senders
}

// delivery is what the senders share. Each is made by a function that returns nil where the settings don't ask for it.
type delivery struct {
	words wording
	tls   *tls.Config
	web   *http.Client
}
