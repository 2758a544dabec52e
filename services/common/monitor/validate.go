package monitor

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The longest texts that a monitor may hold, in characters.
const (
	MaxName     = 300
	MaxTarget   = 2048
	MaxRule     = 2048
	MaxGroup    = 100
	MaxInterval = 366 * 24 * time.Hour
)

// Validate checks what can be judged without knowing the probe: presence, length and interval.
// The error is an [InvalidError]; types are the names of the known monitor types.
func (m Monitor) Validate(types []string) error {
	switch {
	case strings.TrimSpace(m.Name) == "":
		return Invalidf("missing monitor name")
	case m.Type == "":
		return Invalidf("missing monitor type")
	case !slices.Contains(types, m.Type):
		return Invalidf("invalid monitor type")
	case m.Interval == "":
		return Invalidf("missing monitor interval")
	case strings.TrimSpace(m.Target) == "":
		return Invalidf("missing monitor target")
	}
	every, err := time.ParseDuration(m.Interval)
	switch {
	case err != nil:
		return Invalidf("invalid monitor interval")
	case every < MinInterval:
		return Invalidf("monitor interval must be greater than 1s")
	case every > MaxInterval:
		return Invalidf("monitor interval must be at most %s", MaxInterval)
	}
	for _, text := range []struct {
		field, value string
		most         int
	}{
		{"name", m.Name, MaxName},
		{"target", m.Target, MaxTarget},
		{"rule", m.Rule, MaxRule},
		{"group", m.Group, MaxGroup},
	} {
		if !utf8.ValidString(text.value) {
			return Invalidf("monitor %s is not valid UTF-8", text.field)
		}
		if n := utf8.RuneCountInString(text.value); n > text.most {
			return Invalidf("monitor %s has %d characters, at most %d are allowed", text.field, n, text.most)
		}
	}
	return nil
}
