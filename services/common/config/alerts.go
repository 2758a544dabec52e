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
type Alerts struct {
	// AlertFailCount is how many bad results in a row open an incident.
	AlertFailCount Count `env:"ALERT_FAIL_COUNT" envDefault:"3"`
	// AlertRecoveryCount is how many OK results in a row end one.
	AlertRecoveryCount Count `env:"ALERT_RECOVERY_COUNT" envDefault:"1"`
	// AlertReminder is the time between two reminders of an incident.
	AlertReminder Pause `env:"ALERT_REMINDER" envDefault:"off"`
	// AlertLinkBase is the address of the page, for the links in messages.
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
type SMTP struct {
	SMTPHost string `env:"ALERT_SMTP_HOST" envDefault:"smtp.gmail.com"`
	SMTPPort Port   `env:"ALERT_SMTP_PORT" envDefault:"587"`
	// SMTPFrom holds one address at most.
	SMTPFrom Addresses `env:"ALERT_SMTP_FROM"`
	SMTPTo   Addresses `env:"ALERT_SMTP_TO"`
	// SMTPUser signs in in place of the address of From.
	SMTPUser string `env:"ALERT_SMTP_USER"`
	// SMTPPassword is blank where the server wants none.
	SMTPPassword string  `env:"ALERT_SMTP_PASSWORD"`
	SMTPTLS      TLSMode `env:"ALERT_SMTP_TLS" envDefault:"auto"`
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
type Webhooks struct {
	WebhookURL URLs `env:"ALERT_WEBHOOK_URL"`
	// WebhookSecret signs the documents that go to WebhookURL.
	WebhookSecret string `env:"ALERT_WEBHOOK_SECRET"`
	SlackURL      URLs   `env:"ALERT_SLACK_URL"`
	TeamsURL      URLs   `env:"ALERT_TEAMS_URL"`
	DiscordURL    URLs   `env:"ALERT_DISCORD_URL"`
	// NtfyURL ends in the topic.
	NtfyURL      URLs   `env:"ALERT_NTFY_URL"`
	NtfyToken    string `env:"ALERT_NTFY_TOKEN"`
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
