package maintenance

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"nanomon/services/common/localtime"
	"nanomon/services/common/monitor"
)

// MinDuration and MaxDuration limit the duration of a weekly window.
const (
	MinDuration = time.Minute
	MaxDuration = 7 * 24 * time.Hour
)

// days lists the names of the days, in the order of [time.Weekday].
var days = [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// Validate checks all fields except ID and Updated. The error is a [monitor.InvalidError] that names the field.
func (w Window) Validate() error {
	if strings.TrimSpace(w.Name) == "" {
		return monitor.Invalidf("name is missing: describe the maintenance")
	}
	if err := validText("name", w.Name, monitor.MaxName); err != nil {
		return err
	}
	if err := monitor.ValidateName("name", w.Name); err != nil {
		return err
	}
	if err := w.validatePublicName(); err != nil {
		return err
	}
	if len(w.Monitors) == 0 && len(w.Groups) == 0 {
		return monitor.Invalidf("monitors or groups must contain at least one element")
	}
	for _, id := range w.Monitors {
		if !monitor.ValidID(id) {
			return monitor.Invalidf("monitors must be ids of 24 hexadecimal digits, not %.50q", id)
		}
	}
	for _, group := range w.Groups {
		if strings.TrimSpace(group) == "" {
			return monitor.Invalidf("groups must not contain an empty name")
		}
		if err := validText("groups", group, monitor.MaxGroup); err != nil {
			return err
		}
	}
	if w.Weekly == nil {
		return w.validateDates()
	}
	if !w.Start.IsZero() || !w.End.IsZero() {
		return monitor.Invalidf("start and end can't be combined with weekly")
	}
	return w.Weekly.validate()
}

func validText(field, text string, limit int) error {
	if !utf8.ValidString(text) {
		return monitor.Invalidf("%s is not valid UTF-8", field)
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return monitor.Invalidf("%s has %d characters, at most %d are allowed", field, n, limit)
	}
	return nil
}

func (w Window) validatePublicName() error {
	switch {
	case w.PublicName == "":
		return nil
	case !w.Public:
		return monitor.Invalidf("publicName needs public to be true")
	case strings.TrimSpace(w.PublicName) == "":
		return monitor.Invalidf("publicName contains only spaces")
	}
	if err := validText("publicName", w.PublicName, monitor.MaxName); err != nil {
		return err
	}
	return monitor.ValidateName("publicName", w.PublicName)
}

func (w Window) validateDates() error {
	for _, date := range []struct {
		field string
		time.Time
	}{{"start", w.Start}, {"end", w.End}} {
		if date.IsZero() {
			return monitor.Invalidf("%s is missing: set start and end, or weekly", date.field)
		}
		// RFC 3339 can't express later years. An earlier year is a typing error.
		if year := date.UTC().Year(); year < 1970 || year > 9999 {
			return monitor.Invalidf("%s must be between the years 1970 and 9999", date.field)
		}
	}
	if !w.End.After(w.Start) {
		return monitor.Invalidf("end must be after start")
	}
	return nil
}

func (w Weekly) validate() error {
	if len(w.Days) == 0 {
		return monitor.Invalidf("weekly.days must contain at least one day")
	}
	for i, day := range w.Days {
		if !slices.Contains(days[:], day) {
			return monitor.Invalidf("weekly.days must be days from monday to sunday, not %.50q", day)
		}
		if slices.Contains(w.Days[:i], day) {
			return monitor.Invalidf("weekly.days contains %s twice", day)
		}
	}
	if _, err := time.Parse("15:04", w.At); err != nil || len(w.At) != len("15:04") {
		return monitor.Invalidf("weekly.at must be a time from 00:00 to 23:59, such as 02:30, not %.50q", w.At)
	}
	if d, err := time.ParseDuration(w.Duration); err != nil || d < MinDuration || d > MaxDuration {
		return monitor.Invalidf(
			"weekly.duration must be a duration from 1m to 168h, such as 1h30m, not %.50q", w.Duration)
	}
	if _, err := localtime.Zone(w.Zone); err != nil {
		return monitor.Invalidf(
			"weekly.zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not %.50q", w.Zone)
	}
	return nil
}
