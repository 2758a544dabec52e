package config_test

import (
	"strings"
	"testing"
	"time"

	"nanomon/services/common/config"
)

func TestAlertDefaults(t *testing.T) {
	c, err := config.Parse[config.Runner](map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if c.AlertFailCount != 3 || c.AlertRecoveryCount != 1 || c.AlertReminder != 0 || c.AlertLinkBase != "http://localhost:3000" ||
		c.SMTPHost != "smtp.gmail.com" || c.SMTPPort != 587 || c.SMTPTLS != config.TLSAuto || c.SMTPFrom != nil || c.SMTPTo != nil || c.WebhookURL != nil {
		t.Errorf("the defaults are %+v", c.Alerts)
	}
}

func TestAlertValues(t *testing.T) {
	c, err := config.Parse[config.Standalone](map[string]string{
		"ALERT_FAIL_COUNT": "1", "ALERT_REMINDER": "90m", "ALERT_SMTP_TLS": "Implicit", "ALERT_SMTP_HOST": "::1",
		"ALERT_SMTP_FROM": "NanoMon <nanomon@example.org>", "ALERT_SMTP_TO": "a@example.org, Bea <b@example.org>",
		"ALERT_WEBHOOK_URL": "https://a.example/x?token=1,http://b.example\n https://c.example", "ALERT_NTFY_URL": "https://ntfy.sh/topic",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.AlertFailCount != 1 || time.Duration(c.AlertReminder) != 90*time.Minute || c.SMTPTLS != config.TLSImplicit ||
		c.SMTPFrom[0].Address != "nanomon@example.org" || c.SMTPFrom[0].Name != "NanoMon" || len(c.SMTPTo) != 2 || c.SMTPTo[1].Address != "b@example.org" ||
		len(c.WebhookURL) != 3 || c.WebhookURL[0].String() != "https://a.example/x?token=1" || c.WebhookURL[2].Host != "c.example" {
		t.Errorf("read %+v", c.Alerts)
	}
}

func TestChannelsWithWarnings(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "off": "", "OFF": "", "all": strings.Join(config.Channels, " "), "Slack, ntfy": "slack ntfy", "email": "email",
	} {
		c, err := config.Parse[config.Runner](map[string]string{"ALERT_WARNINGS": text})
		if err != nil || strings.Join(c.AlertWarnings, " ") != want {
			t.Errorf("%q: %v, %v", text, c.AlertWarnings, err)
		}
	}
}

func TestAlertFaultsShowNoSecret(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"ALERT_FAIL_COUNT", "0", `ALERT_FAIL_COUNT "0" is not a count: use a number of at least 1`},
		{"ALERT_FAIL_COUNT", "many", `ALERT_FAIL_COUNT "many" is not a count: use a number of at least 1`},
		{"ALERT_RECOVERY_COUNT", "-1", `ALERT_RECOVERY_COUNT "-1" is not a count: use a number of at least 1`},
		{"ALERT_REMINDER", "daily", `ALERT_REMINDER "daily" is not a duration: use for example 1h, or off`},
		{"ALERT_REMINDER", "10s", `ALERT_REMINDER "10s" is too short: use at least 1m, or off`},
		{"ALERT_WARNINGS", "email,sms", `ALERT_WARNINGS "sms" is not a channel: use all, off or a list of email, webhook, slack, teams, discord, ntfy, pagerduty`},
		{"ALERT_LINK_BASEURL", "nanomon", `ALERT_LINK_BASEURL "nanomon" is not a URL: use for example https://nanomon.example.org`},
		{"ALERT_LINK_BASEURL", "javascript:alert(1)", `ALERT_LINK_BASEURL "javascript:alert(1)" is not a URL: use for example https://nanomon.example.org`},
		{"ALERT_SMTP_HOST", "smtp.example.org:25", `ALERT_SMTP_HOST "smtp.example.org:25" is not a host name: use for example smtp.example.org, and ALERT_SMTP_PORT for the port`},
		{"ALERT_SMTP_PORT", "0", `ALERT_SMTP_PORT "0" is not a port: use a number from 1 to 65535`},
		{"ALERT_SMTP_PORT", "smtp", `ALERT_SMTP_PORT "smtp" is not a port: use a number from 1 to 65535`},
		{"ALERT_SMTP_FROM", "nobody", `ALERT_SMTP_FROM "nobody" is not an e-mail address: use for example a@example.org, or several with commas`},
		{"ALERT_SMTP_FROM", "a@example.org,b@example.org", `ALERT_SMTP_FROM "a@example.org,b@example.org" has more than one address: use one sender`},
		{"ALERT_SMTP_TO", "a@example.org, b", `ALERT_SMTP_TO "a@example.org, b" is not an e-mail address: use for example a@example.org, or several with commas`},
		{"ALERT_SMTP_TO", "a@example.org\r\nBcc: b@example.org", `ALERT_SMTP_TO "a@example.org\r\nBcc: b@example.org" is not an e-mail address: use for example a@example.org, or several with commas`},
		{"ALERT_SMTP_TLS", "ssl", `ALERT_SMTP_TLS "ssl" is not a mode: use auto, starttls, implicit or none`},
		{"ALERT_SMTP_TLS", "none", `ALERT_SMTP_TLS "none" would send ALERT_SMTP_PASSWORD unencrypted: use auto, starttls or implicit`},
		{"ALERT_WEBHOOK_URL", "https://a.example/s3cret ftp://b.example/s3cret", `ALERT_WEBHOOK_URL has an invalid address, number 2 of 2: use the form https://host/path`},
		{"ALERT_SLACK_URL", "s3cret", `ALERT_SLACK_URL has an invalid address, number 1 of 1: use the form https://host/path`},
		{"ALERT_TEAMS_URL", "https://%s3cret", `ALERT_TEAMS_URL has an invalid address, number 1 of 1: use the form https://host/path`},
		{"ALERT_DISCORD_URL", "https:///s3cret", `ALERT_DISCORD_URL has an invalid address, number 1 of 1: use the form https://host/path`},
		{"ALERT_NTFY_URL", "https://ntfy.sh/", `ALERT_NTFY_URL has an address without a topic: use for example https://ntfy.sh/my-topic`},
	} {
		_, err := config.Parse[config.Runner](map[string]string{"ALERT_SMTP_PASSWORD": "s3cret", c.name: c.value})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s=%q:\n got %v\nwant %s", c.name, c.value, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s=%q: the message shows a secret", c.name, c.value)
		}
	}
}
