package channel

import (
	"slices"
	"testing"

	"nanomon/services/common/config"
)

func TestChannelsFromSettings(t *testing.T) {
	for _, c := range []struct {
		environment map[string]string
		channels    []string
	}{
		{nil, nil},
		{map[string]string{"ALERT_SMTP_FROM": "a@example.org"}, nil},
		{map[string]string{"ALERT_SMTP_TO": "a@example.org"}, nil},
		{map[string]string{
			"ALERT_SMTP_FROM": "a@example.org", "ALERT_SMTP_TO": "b@example.org", "ALERT_WEBHOOK_URL": "https://a.example", "ALERT_SLACK_URL": "https://b.example",
			"ALERT_TEAMS_URL": "https://c.example", "ALERT_DISCORD_URL": "https://d.example", "ALERT_NTFY_URL": "https://e.example/topic", "ALERT_PAGERDUTY_KEY": "key",
		}, config.Channels},
	} {
		settings, err := config.Parse[config.Alerts](c.environment)
		if err != nil {
			t.Fatal(err)
		}
		var channels []string
		for _, s := range All(settings, nil) {
			channels = append(channels, s.Name())
			if len(s.Recipients(nil)) != 1 {
				t.Errorf("%s: recipients %q", s.Name(), s.Recipients(nil))
			}
		}
		if !slices.Equal(channels, c.channels) {
			t.Errorf("%v: %q, want %q", c.environment, channels, c.channels)
		}
	}
}
