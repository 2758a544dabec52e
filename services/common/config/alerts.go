package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Alerts configures when an incident opens and which channels send its notifications.
//
// # Notifications
//
// [notifications.md](notifications.md) explains when a notification is sent and how to set up each channel.
type Alerts struct {
	// Failure count: how many results in a row must be not OK to open an incident. At least 1.
	AlertFailCount Count `env:"ALERT_FAIL_COUNT" envDefault:"3"`
	// How many OK results in a row resolve an incident. At least 1.
	AlertRecoveryCount Count `env:"ALERT_RECOVERY_COUNT" envDefault:"1"`
	// Time between two reminders of an open incident, for example `4h`. At least `1m`; `off` sends none.
	AlertReminder OptionalDuration `env:"ALERT_REMINDER" envDefault:"off"`
	// Channels that notify of warnings of monitors, separated by commas: `email`, `webhook`, `slack`, `teams`, `discord`,
	// `ntfy`, `pagerduty`. `all` stands for all of them, `off` for none.
	AlertWarnings ChannelNames `env:"ALERT_WARNINGS" envDefault:"off"`
	SMTP
	Webhooks
}

// Validate checks the ranges of the values.
func (a Alerts) Validate() []Fault {
	var faults []Fault
	if r := time.Duration(a.AlertReminder); r > 0 && r < time.Minute {
		faults = append(faults, Fault{"ALERT_REMINDER", "is too short: use at least 1m, or off"})
	}
	return slices.Concat(faults, a.SMTP.Validate(), a.Webhooks.Validate())
}

// Links configures the links in the notifications of a runner.
//
// # Notifications
type Links struct {
	// Address of the page, for the links in notifications, for example `https://nanomon.example.org`. If unset,
	// `standalone` uses `http://localhost` with the port of its page.
	AlertLinkBase string `env:"ALERT_LINK_BASEURL" envDefault:"http://localhost:3000"`
}

// Validate checks the form of the address.
func (l Links) Validate() []Fault { return validateLinkBase(l.AlertLinkBase) }

// OwnLinks configures the links in the notifications of standalone, which serves the page itself.
//
// # Notifications
type OwnLinks struct {
	// Address of the page, for the links in notifications, for example `https://nanomon.example.org`. If unset,
	// `standalone` uses `http://localhost` with the port of its page.
	AlertLinkBase string `env:"ALERT_LINK_BASEURL"`
}

// Validate checks the form of the address if it is set.
func (l OwnLinks) Validate() []Fault {
	if l.AlertLinkBase == "" {
		return nil
	}
	return validateLinkBase(l.AlertLinkBase)
}

func validateLinkBase(address string) []Fault {
	if _, err := webAddress(address); err != nil {
		return []Fault{{"ALERT_LINK_BASEURL", "is not a URL: use for example https://nanomon.example.org"}}
	}
	return nil
}

// SMTP configures the server that sends e-mails. The channel is on if both SMTPFrom and SMTPTo are set.
//
// # Notifications by e-mail
type SMTP struct {
	// Sender of the e-mails: one address, `nanomon@example.org` or `NanoMon <nanomon@example.org>`.
	SMTPFrom Addresses `env:"ALERT_SMTP_FROM"`
	// Recipients of notifications by e-mail, separated by commas. E-mail is on if this and `ALERT_SMTP_FROM` are set.
	SMTPTo Addresses `env:"ALERT_SMTP_TO"`
	// Host name or IP address of the mail server.
	SMTPHost string `env:"ALERT_SMTP_HOST" envDefault:"smtp.gmail.com"`
	// Port of the mail server.
	SMTPPort Port `env:"ALERT_SMTP_PORT" envDefault:"587"`
	// User name at the mail server. If unset, the address in `ALERT_SMTP_FROM`.
	SMTPUser string `env:"ALERT_SMTP_USER"`
	// Password at the mail server. Leave it unset if the server requires none. **Secret.**
	SMTPPassword string `env:"ALERT_SMTP_PASSWORD"`
	// Encryption of the connection to the mail server. `implicit`: TLS from the start. `starttls`: STARTTLS; nothing is
	// sent if the server does not offer it. `auto`: `implicit` on port 465, otherwise STARTTLS if the server offers it.
	// `none`: no encryption; not possible together with `ALERT_SMTP_PASSWORD`.
	SMTPTLS TLSMode `env:"ALERT_SMTP_TLS" envDefault:"auto"`
}

// Validate checks the ranges of the values.
func (s SMTP) Validate() []Fault {
	var faults []Fault
	if _, err := netip.ParseAddr(s.SMTPHost); err != nil && strings.ContainsAny(s.SMTPHost, ":/[] \t") {
		faults = append(faults, Fault{
			"ALERT_SMTP_HOST", "is not a host name: use for example smtp.example.org, and ALERT_SMTP_PORT for the port",
		})
	}
	if s.SMTPPort == 0 {
		faults = append(faults, Fault{"ALERT_SMTP_PORT", "is not a port: use a number from 1 to 65535"})
	}
	if len(s.SMTPFrom) > 1 {
		faults = append(faults, Fault{"ALERT_SMTP_FROM", "has more than one address: use one sender"})
	}
	if s.SMTPPassword != "" && s.SMTPTLS == TLSNone {
		faults = append(faults, Fault{
			"ALERT_SMTP_TLS", "would send ALERT_SMTP_PASSWORD unencrypted: use auto, starttls or implicit",
		})
	}
	return faults
}

// Webhooks configures the web services that receive notifications. The addresses may contain tokens.
//
// # Notifications by webhook, chat and PagerDuty
//
// Each of these settings except keys and tokens can have several addresses, separated by commas or spaces. The
// addresses are secrets: anyone who has one can post to it.
type Webhooks struct {
	// Addresses that receive each notification as a JSON document. Write a comma inside an address as `%2C`. **Secret.**
	WebhookURL URLs `env:"ALERT_WEBHOOK_URL"`
	// Key that signs these documents. If unset, they are not signed. **Secret.**
	WebhookSecret string `env:"ALERT_WEBHOOK_SECRET"`
	// Address of an incoming webhook of a Slack app: `https://hooks.slack.com/services/…`. **Secret.**
	SlackURL URLs `env:"ALERT_SLACK_URL"`
	// Address of a Microsoft Teams webhook, which receives an Adaptive Card. Create it in the channel: Workflows, "Post to
	// a channel when a webhook request is received". **Secret.**
	TeamsURL URLs `env:"ALERT_TEAMS_URL"`
	// Address of a Discord webhook, which begins with `https://discord.com/api/webhooks/`. Create it in the channel's
	// settings: Integrations, Webhooks. **Secret.**
	DiscordURL URLs `env:"ALERT_DISCORD_URL"`
	// Address of an ntfy topic, for example `https://ntfy.sh/my-topic`. **Secret.**
	NtfyURL URLs `env:"ALERT_NTFY_URL"`
	// Access token for ntfy topics that require one. It is sent to every server in `ALERT_NTFY_URL`. **Secret.**
	NtfyToken string `env:"ALERT_NTFY_TOKEN"`
	// Integration key of a PagerDuty service with "Events API v2". **Secret.**
	PagerDutyKey string `env:"ALERT_PAGERDUTY_KEY"`
}

// Validate checks that each ntfy address has a topic.
func (w Webhooks) Validate() []Fault {
	for _, address := range w.NtfyURL {
		if strings.Trim(address.Path, "/") == "" {
			return []Fault{{"ALERT_NTFY_URL", "has an address without a topic: use for example https://ntfy.sh/my-topic"}}
		}
	}
	return nil
}

// Channels lists the names of all channels.
var Channels = []string{"email", "webhook", "slack", "teams", "discord", "ntfy", "pagerduty"}

// ChannelNames is a list of names in [Channels].
type ChannelNames []string

// UnmarshalText parses a list separated by commas or spaces, all or off.
func (c *ChannelNames) UnmarshalText(text []byte) error {
	*c = nil
	switch word := strings.ToLower(string(text)); word {
	case "off":
	case "all":
		*c = Channels
	default:
		*c = splitList(word)
	}
	for _, name := range *c {
		if !slices.Contains(Channels, name) {
			return fmt.Errorf("%q is not a channel: use all, off or a list of %s", name, strings.Join(Channels, ", "))
		}
	}
	return nil
}

// Includes reports whether a channel is in the list.
func (c ChannelNames) Includes(name string) bool { return slices.Contains(c, name) }

// Count is a number of at least 1.
type Count int

// UnmarshalText parses a count.
func (c *Count) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not a count: use a number of at least 1", text)
	}
	*c = Count(n)
	return nil
}

// OptionalDuration is a duration that can be off, which is 0.
type OptionalDuration time.Duration

// UnmarshalText parses a duration, or off.
func (p *OptionalDuration) UnmarshalText(text []byte) error {
	if word := strings.ToLower(string(text)); word == "off" || word == "0" {
		*p = 0
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a duration: use for example 1h, or off", text)
	}
	*p = OptionalDuration(d)
	return nil
}

// TLSMode is the encryption of the connection to an SMTP server.
type TLSMode string

// TLSAuto stands for TLSImplicit on port 465, and for STARTTLS, if the server offers it, on other ports. TLSStart fails
// if the server does not offer STARTTLS.
const (
	TLSAuto     TLSMode = "auto"
	TLSNone     TLSMode = "none"
	TLSStart    TLSMode = "starttls"
	TLSImplicit TLSMode = "implicit"
)

// UnmarshalText parses a mode.
func (m *TLSMode) UnmarshalText(text []byte) error {
	switch mode := TLSMode(strings.ToLower(string(text))); mode {
	case TLSAuto, TLSNone, TLSStart, TLSImplicit:
		*m = mode
		return nil
	}
	return fmt.Errorf("%q is not a mode: use auto, starttls, implicit or none", text)
}

// Addresses are e-mail addresses, with or without a name: NanoMon <alerts@example.org>.
type Addresses []*mail.Address

// UnmarshalText parses a list separated by commas.
func (a *Addresses) UnmarshalText(text []byte) error {
	list, err := mail.ParseAddressList(string(text))
	if err != nil {
		return fmt.Errorf("%q is not an e-mail address: use for example a@example.org, or several with commas", text)
	}
	*a = list
	return nil
}

// URLs are addresses of web services. No error shows them, because an address may contain a token.
type URLs []*url.URL

// UnmarshalText parses a list separated by commas or spaces.
func (u *URLs) UnmarshalText(text []byte) error {
	fields := splitList(string(text))
	list := make(URLs, 0, len(fields))
	for i, field := range fields {
		address, err := webAddress(field)
		if err != nil {
			return fmt.Errorf("has an invalid address, number %d of %d: use the form https://host/path", i+1, len(fields))
		}
		list = append(list, address)
	}
	*u = list
	return nil
}

// webAddress parses an absolute http or https URL. The error does not show it.
func webAddress(text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Hostname() == "" {
		return nil, errors.New("not of the form https://host/path")
	}
	return address, nil
}
