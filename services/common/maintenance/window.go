// Package maintenance is the vocabulary of maintenance windows: times in which monitors are expected to be down, so that what
// their checks find counts neither in uptime nor for alerts.
package maintenance

import (
	"slices"
	"strings"
	"time"

	"nanomon/services/common/monitor"
)

// Window is a time, once or every week, in which some monitors are in maintenance.
type Window struct {
	// ID is 24 lower-case hexadecimal digits.
	ID string `json:"id"`
	// Name says what is done, for people; it need not be unique.
	Name string `json:"name"`
	// Monitors are the ids of the monitors that it is for, and Groups the headings whose monitors it is for; never nil,
	// and at least one of the two has an element. Those that don't exist (any more) are no fault.
	Monitors []string `json:"monitors"`
	Groups   []string `json:"groups"`
	// Start and End bound a window that is there once: Start <= t < End. Both are zero when Weekly is set.
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
	// Weekly is set when the window comes every week.
	Weekly *Weekly `json:"weekly,omitempty"`
	// Updated is when the window was last written.
	Updated time.Time `json:"updated"`
}

// Weekly is a time that comes every week, by the clocks of a place.
type Weekly struct {
	// Days are those on which the window starts: monday to sunday, at least one, each once.
	Days []string `json:"days"`
	// At is when it starts, such as 02:30, from 00:00 to 23:59. Where the clocks skip that time, it starts when they have skipped it;
	// where they show it twice, it starts the first time.
	At string `json:"at"`
	// Duration is how long it lasts, a Go duration of at least 1m and at most 168h. Occurrences that touch or overlap are one.
	Duration string `json:"duration"`
	// Zone is the name of a time zone, such as Europe/Amsterdam or UTC.
	Zone string `json:"zone"`
}

// Normalize gives the window the form in which it is stored: lists that are never nil, ids in lower case, and dates in UTC
// and whole milliseconds.
func (w *Window) Normalize() {
	ids := make([]string, len(w.Monitors))
	for i, id := range w.Monitors {
		ids[i] = strings.ToLower(id)
	}
	w.ID, w.Monitors, w.Groups = strings.ToLower(w.ID), ids, append([]string{}, w.Groups...)
	for _, date := range []*time.Time{&w.Start, &w.End, &w.Updated} {
		if !date.IsZero() {
			*date = monitor.Date(*date)
		}
	}
}

// Covers reports whether the window is for m.
func (w Window) Covers(m monitor.Monitor) bool {
	return slices.Contains(w.Monitors, m.ID) || m.Group != "" && slices.Contains(w.Groups, m.Group)
}
