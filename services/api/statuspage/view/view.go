// Package view defines the public content of status pages. Whatever is in it may be shown to everyone who may see the
// page; nothing else reaches the code that renders pages, feeds and badges.
package view

import (
	"time"

	"nanomon/services/common/statuspage"
)

// Days is the number of days that bars and uptimes cover. The last one is today.
const Days = 90

// Page is the public content of a status page.
type Page struct {
	// ID is a stable text for the feed that says nothing about the id of the page.
	ID          string
	Slug, Title string
	// Introduction is Markdown.
	Introduction string
	// HasLogo reports whether /status/{slug}/logo exists.
	HasLogo bool
	NoIndex bool
	Show    statuspage.Show
	// Zone is the time zone of all dates that are shown.
	Zone *time.Location
	// Since is set if the page is old, because the store is unavailable: the time at which the content was last known to
	// be current.
	Since time.Time
	// Updated is the time of the last change of a status, message or incident, for the feed.
	Updated time.Time

	Overall  Overall
	Sections []Section
	// Messages lists the messages that are not resolved, newest first.
	Messages []Message
	// Incidents lists the open incidents, newest first.
	Incidents []Incident
	// Maintenance lists the active and the planned maintenance of the next 14 days that is marked public, by start.
	Maintenance []Maintenance
	// Past lists the months of the last 90 days, newest first. A month without events is listed. Without
	// Show.Incidents, there are messages only.
	Past []Month
}

// Level says how bad something is.
type Level int

// The levels of an entry and of a page.
const (
	// Unknown means that the entry is not checked at the moment.
	Unknown Level = iota
	Operational
	// InMaintenance means that the entry is in maintenance, or that this is the only thing to report of a page.
	InMaintenance
	// Partial means that some monitors of the entry, or some entries of the page, are down.
	Partial
	// Down means that the entry, or everything on the page, is down.
	Down
)

// Overall describes the page in a sentence.
type Overall struct {
	Level Level
	// Text is such as "All systems operational" or "Partial outage: Payments".
	Text string
}

// Section is a section of the page with at least one entry.
type Section struct {
	Title   string
	Entries []Entry
}

// Entry is one line of the page.
type Entry struct {
	// ID is that of [statuspage.Entry].
	ID, Name string
	Level    Level
	// Days has [Days] elements.
	Days []Day
	// Uptimes contains the uptime of the windows 24h, 7d, 30d and 90d in percent, rounded down to two decimals. A window
	// without checked time is missing.
	Uptimes map[string]float64
	// Response is the median response time of the last 24 hours in milliseconds; nil if there is none.
	Response *float64
}

// Day describes an entry on one day. The durations are means over the monitors of the entry.
type Day struct {
	// Date is the local date, such as 2026-11-30.
	Date string
	// Uptime is a percentage, rounded down to two decimals; nil if no time was checked.
	Uptime *float64
	// Length is the length of the day up to now.
	Length, Down, Maintenance, NotChecked time.Duration
	// Incidents is the number of incidents on this day.
	Incidents int
}

// Incident is an outage of one entry. Incidents of an entry that overlap are one.
type Incident struct {
	// ID is a stable text for the feed that says nothing about monitors.
	ID string
	// Entry is the name of the entry.
	Entry string
	Start time.Time
	// End is zero while the incident is open.
	End time.Time
}

// Maintenance is a maintenance window that is marked public.
type Maintenance struct {
	ID string
	// Name is the public name.
	Name string
	// Entries lists the names of the affected entries.
	Entries    []string
	Start, End time.Time
	Active     bool
	// Updated is the time at which it was changed, announced or begun, whichever is the latest, for the feed.
	Updated time.Time
}

// Message is a message of an operator.
type Message struct {
	ID, Title string
	State     statuspage.State
	// Entries lists the names of the affected entries.
	Entries []string
	// Updates is ordered newest first. The texts are Markdown.
	Updates []statuspage.Update
}

// Month lists what happened in a month.
type Month struct {
	// Start is the first moment of the month.
	Start time.Time
	// Events is ordered newest first.
	Events []Event
}

// Event is a resolved message or an ended incident: exactly one field is set.
type Event struct {
	Message  *Message
	Incident *Incident
}
