// Package maintenance defines maintenance windows: periods in which monitors are expected to be down. Results of these
// periods are ignored in uptime and for incidents.
package maintenance

import (
	"slices"
	"strings"
	"time"

	"nanomon/services/common/monitor"
)

// Window is a period, once or every week, in which some monitors are in maintenance.
type Window struct {
	// ID is 24 lower-case hexadecimal digits.
	ID string `json:"id"`
	// Name describes the maintenance; it need not be unique.
	Name string `json:"name"`
	// Monitors lists ids of monitors and Groups lists groups of monitors to which the window applies. Neither is nil,
	// and at least one has an element. Ids and groups that don't exist are ignored.
	Monitors []string `json:"monitors"`
	Groups   []string `json:"groups"`
	// Start (inclusive) and End (exclusive) bound a window that occurs once. Both are zero if Weekly is set.
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
	// Weekly is set if the window repeats every week.
	Weekly *Weekly `json:"weekly,omitempty"`
	// Public is set if status pages show the window. They show PublicName instead of Name, and "Planned maintenance" if it
	// is empty.
	Public     bool   `json:"public,omitempty"`
	PublicName string `json:"publicName,omitempty"`
	// Updated is the time of the last change.
	Updated time.Time `json:"updated"`
}

// Weekly is a period that repeats every week in local time.
type Weekly struct {
	// Days lists the days on which the window starts: monday to sunday, at least one, without duplicates.
	Days []string `json:"days"`
	// At is the local time at which the window starts, from 00:00 to 23:59. If a clock change skips that time, the
	// window starts at the change. If the time occurs twice, the window starts at the first one.
	At string `json:"at"`
	// Duration is a Go duration from 1m to 168h. Adjacent or overlapping occurrences are joined.
	Duration string `json:"duration"`
	// Zone is the name of the time zone, such as Europe/Amsterdam or UTC.
	Zone string `json:"zone"`
}

// Normalize converts the window to its stored form: lists are not nil, ids are in lower case, dates are in UTC and
// whole milliseconds, and the duration has no blanks around it.
func (w *Window) Normalize() {
	ids := make([]string, len(w.Monitors))
	for i, id := range w.Monitors {
		ids[i] = strings.ToLower(id)
	}
	w.ID, w.Monitors, w.Groups = strings.ToLower(w.ID), ids, append([]string{}, w.Groups...)
	if w.Weekly != nil {
		weekly := *w.Weekly
		weekly.Duration = strings.TrimSpace(weekly.Duration)
		w.Weekly = &weekly
	}
	for _, date := range []*time.Time{&w.Start, &w.End, &w.Updated} {
		if !date.IsZero() {
			*date = monitor.Date(*date)
		}
	}
}

// Covers reports whether the window applies to m.
func (w Window) Covers(m monitor.Monitor) bool {
	return slices.Contains(w.Monitors, m.ID) || m.Group != "" && slices.Contains(w.Groups, m.Group)
}
