package monitor

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The maximum lengths of texts in characters, and the maximum interval.
const (
	MaxName     = 300
	MaxTarget   = 2048
	MaxRule     = 2048
	MaxGroup    = 100
	MaxInterval = 366 * 24 * time.Hour
)

// Validate checks everything that does not depend on the probe: required fields, lengths and the interval.
// types lists the known monitor types. The error is an [InvalidError].
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
	interval, err := time.ParseDuration(m.Interval)
	switch {
	case err != nil:
		return Invalidf("invalid monitor interval")
	case interval < MinInterval:
		return Invalidf("monitor interval must be greater than 1s")
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
	return nil
}
