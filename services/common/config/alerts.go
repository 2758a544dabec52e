package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Alerts says when people are told that a monitor is bad, and by which channels.
//
// # Alerts
//
// [notifications.md](notifications.md) tells when a message is sent, and how each channel is set up.
type Alerts struct {
	// Bad results in a row that make an alert, at least 1.
	AlertFailCount Count `env:"ALERT_FAIL_COUNT" envDefault:"3"`
	// OK results in a row that make a recovery, at least 1.
	AlertRecoveryCount Count `env:"ALERT_RECOVERY_COUNT" envDefault:"1"`
	// Time between two reminders, for example `4h`; at least `1m`, or `off`.
	AlertReminder Pause `env:"ALERT_REMINDER" envDefault:"off"`
	// Address of the page, for the links in messages, such as `https://nanomon.example.org`. `standalone` has it on port
	// 8001.
	AlertLinkBase string `env:"ALERT_LINK_BASEURL" envDefault:"http://localhost:3000"`
	SMTP
	Webhooks
}

// Validate checks the values that parsed.
func (a Alerts) Validate() error {
	var faults []error
	if r := time.Duration(a.AlertReminder); r > 0 && r < time.Minute {
		faults = append(faults, fmt.Errorf("ALERT_REMINDER: %s is too short, use at least 1m", r))
	}
	if _, err := webAddress(a.AlertLinkBase); err != nil {
		faults = append(faults, fmt.Errorf("ALERT_LINK_BASEURL: %q is not an address, use for example https://nanomon.example.org", a.AlertLinkBase))
	}
	return errors.Join(append(faults, a.SMTP.Validate(), a.Webhooks.Validate())...)
}

// SMTP is the server that takes e-mails. They are on when both From and To are set.
//
// # Alerts by e-mail
type SMTP struct {
	// Sender of the e-mails, one address: `nanomon@example.org` or `NanoMon <nanomon@example.org>`.
	SMTPFrom Addresses `env:"ALERT_SMTP_FROM"`
	// Recipients of alerts by e-mail, several with commas. E-mail is on when both this and `ALERT_SMTP_FROM` are set.
	SMTPTo Addresses `env:"ALERT_SMTP_TO"`
	// Server that takes the e-mails, a host name or IP address.
	SMTPHost string `env:"ALERT_SMTP_HOST" envDefault:"smtp.gmail.com"`
	// Port of that server.
	SMTPPort Port `env:"ALERT_SMTP_PORT" envDefault:"587"`
	// Name to sign in with; unset, the address of `ALERT_SMTP_FROM`.
	SMTPUser string `env:"ALERT_SMTP_USER"`
	// Password to sign in with; unset where the server wants none. **Secret.**
	SMTPPassword string `env:"ALERT_SMTP_PASSWORD"`
	// How the connection is encrypted: `auto`, `implicit`, `starttls` or `none`. `implicit`: from the start; `starttls`: by
	// STARTTLS, and where the server doesn't offer it nothing is sent; `auto`: `implicit` on port 465, else STARTTLS where
	// the server offers it; `none`: not at all, which is refused together with `ALERT_SMTP_PASSWORD`.
	SMTPTLS TLSMode `env:"ALERT_SMTP_TLS" envDefault:"auto"`
}

// Validate checks the values that parsed.
func (s SMTP) Validate() error {
	var faults []error
	if _, err := netip.ParseAddr(s.SMTPHost); err != nil && strings.ContainsAny(s.SMTPHost, ":/[] \t") {
		faults = append(faults, fmt.Errorf("ALERT_SMTP_HOST: %q is not a host name, use for example smtp.example.org; the port is ALERT_SMTP_PORT", s.SMTPHost))
	}
	if s.SMTPPort == 0 {
		faults = append(faults, errors.New(`ALERT_SMTP_PORT: "0" is not a port, use a number from 1 to 65535`))
	}
	if len(s.SMTPFrom) > 1 {
		faults = append(faults, errors.New("ALERT_SMTP_FROM: there can be only one sender"))
	}
	if s.SMTPPassword != "" && s.SMTPTLS == TLSNone {
		faults = append(faults, errors.New("ALERT_SMTP_TLS: none would send ALERT_SMTP_PASSWORD in clear, use auto, starttls or implicit"))
	}
	return errors.Join(faults...)
}

// Webhooks are the web services that take messages. The addresses may hold tokens.
//
// # Alerts by webhooks, chats and PagerDuty
//
// Several addresses are possible for each of the chats too. They are secrets: who has one can write.
type Webhooks struct {
	// Addresses that get each message as a JSON document, several with commas or blanks (a comma inside one is `%2C`).
	// **Secret.**
	WebhookURL URLs `env:"ALERT_WEBHOOK_URL"`
	// Key of the signature of these documents; unset, they have none. **Secret.**
	WebhookSecret string `env:"ALERT_WEBHOOK_SECRET"`
	// Address of an incoming webhook of a Slack app: `https://hooks.slack.com/services/…`. **Secret.**
	SlackURL URLs `env:"ALERT_SLACK_URL"`
	// Address of a webhook of Microsoft Teams: in the channel, Workflows, "Post to a channel when a webhook request is
	// received". It gets an Adaptive Card. **Secret.**
	TeamsURL URLs `env:"ALERT_TEAMS_URL"`
	// Address of a webhook of Discord: in the channel's settings, Integrations, Webhooks. It begins with
	// `https://discord.com/api/webhooks/`. **Secret.**
	DiscordURL URLs `env:"ALERT_DISCORD_URL"`
	// Address of a topic of ntfy: `https://ntfy.sh/my-topic`. **Secret.**
	NtfyURL URLs `env:"ALERT_NTFY_URL"`
	// Access token of ntfy, where the topic wants one; it goes to each server in `ALERT_NTFY_URL`. **Secret.**
	NtfyToken string `env:"ALERT_NTFY_TOKEN"`
	// Integration key of a PagerDuty service with "Events API v2". **Secret.**
	PagerDutyKey string `env:"ALERT_PAGERDUTY_KEY"`
}

// Validate checks the values that parsed.
func (w Webhooks) Validate() error {
	for _, address := range w.NtfyURL {
		if strings.Trim(address.Path, "/") == "" {
			return errors.New("ALERT_NTFY_URL: there is no topic in it, use for example https://ntfy.sh/my-topic")
		}
	}
	return nil
}

// Count is a number from 1 on.
type Count int

// UnmarshalText reads a count.
func (c *Count) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a count, use a number from 1 on", text)
	}
	*c = Count(n)
	return nil
}

// Pause is a time between two events, 0 when it is off.
type Pause time.Duration

// UnmarshalText reads a duration, or off.
func (p *Pause) UnmarshalText(text []byte) error {
	if word := strings.ToLower(string(text)); word == "off" || word == "0" {
		*p = 0
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a duration, use for example 1h, or off", text)
	}
	*p = Pause(d)
	return nil
}

// TLSMode says how the connection to an SMTP server is encrypted.
type TLSMode string

// The modes. Auto is implicit on port 465, else STARTTLS where the server offers it.
const (
	TLSAuto     TLSMode = "auto"
	TLSNone     TLSMode = "none"
	TLSStart    TLSMode = "starttls"
	TLSImplicit TLSMode = "implicit"
)

// UnmarshalText reads a mode.
func (m *TLSMode) UnmarshalText(text []byte) error {
	switch mode := TLSMode(strings.ToLower(string(text))); mode {
	case TLSAuto, TLSNone, TLSStart, TLSImplicit:
		*m = mode
		return nil
	}
	return fmt.Errorf("%q is not one of auto, none, starttls, implicit", text)
}

// Addresses are e-mail addresses, which may have names: NanoMon <alerts@example.org>.
type Addresses []*mail.Address

// UnmarshalText reads a list with commas.
func (a *Addresses) UnmarshalText(text []byte) error {
	list, err := mail.ParseAddressList(string(text))
	if err != nil {
		return fmt.Errorf("%q is not an e-mail address or a list of them with commas", text)
	}
	*a = list
	return nil
}

// URLs are addresses of web services. Since each may hold a token, no error shows them.
type URLs []*url.URL

// UnmarshalText reads a list with commas or blanks.
func (u *URLs) UnmarshalText(text []byte) error {
	fields := strings.FieldsFunc(string(text), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	list := make(URLs, 0, len(fields))
	for i, field := range fields {
		address, err := webAddress(field)
		if err != nil {
			return fmt.Errorf("address %d of %d %w", i+1, len(fields), err)
		}
		list = append(list, address)
	}
	*u = list
	return nil
}

// webAddress parses an absolute URL of the web; the error doesn't show it.
func webAddress(text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Hostname() == "" {
		return nil, errors.New("is not of the form https://host/path")
	}
	return address, nil
}
