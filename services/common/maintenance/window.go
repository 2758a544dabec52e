// Package maintenance is the vocabulary of maintenance windows: times in which monitors are expected to be down, so that what
// their checks find counts neither in uptime nor for alerts.
package maintenance

import "time"

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
	// At is when it starts, such as 02:30, from 00:00 to 23:59. Where the clocks skip that time, it starts when they have skipped it.
	At string `json:"at"`
	// Duration is how long it lasts, a Go duration of at least 1m and at most 168h.
	Duration string `json:"duration"`
	// Zone is the name of a time zone, such as Europe/Amsterdam or UTC.
	Zone string `json:"zone"`
}
