package monitor

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The maximum lengths of a monitor's texts, in characters, and the maximum interval.
const (
	MaxName     = 300
	MaxTarget   = 2048
	MaxRule     = 2048
	MaxGroup    = 100
	MaxInterval = 366 * 24 * time.Hour
)

const intervalHint = "Use a Go duration such as 30s or 5m."

func typeHint(types []string) string { return "Use one of " + strings.Join(types, ", ") + "." }

// Validate checks everything that does not depend on the probe: presence, length and interval. types are the names of
// the known monitor types. The error is an [InvalidError].
func (m Monitor) Validate(types []string) error {
	switch {
	case strings.TrimSpace(m.Name) == "":
		return Invalid("missing monitor name", "Enter a name. It is shown in lists and notifications.")
	case m.Type == "":
		return Invalid("missing monitor type", typeHint(types))
	case !slices.Contains(types, m.Type):
		return Invalid("invalid monitor type", typeHint(types))
	case m.Interval == "":
		return Invalid("missing monitor interval", intervalHint)
	case strings.TrimSpace(m.Target) == "":
		return Invalid("missing monitor target", "Enter the URL, host or domain name to check, or the schedule of a push monitor.")
	}
	interval, err := time.ParseDuration(strings.TrimSpace(m.Interval))
	switch {
	case err != nil:
		return Invalid("invalid monitor interval", intervalHint)
	case interval < MinInterval:
		return Invalid("monitor interval must be greater than 1s", "The shortest interval is 1s.")
	case interval > MaxInterval:
		return Invalidf("monitor interval must be at most %s", MaxInterval)
	}
	for _, text := range []struct {
		field, value string
		limit        int
	}{
		{"name", m.Name, MaxName},
		{"target", m.Target, MaxTarget},
		{"rule", m.Rule, MaxRule},
		{"group", m.Group, MaxGroup},
	} {
		if !utf8.ValidString(text.value) {
			return Invalidf("monitor %s is not valid UTF-8", text.field)
		}
		if n := utf8.RuneCountInString(text.value); n > text.limit {
			return Invalidf("monitor %s has %d characters, at most %d are allowed", text.field, n, text.limit)
		}
	}
	return m.validateLabels()
}
