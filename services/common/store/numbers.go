package store

import (
	"time"

	"nanomon/services/common/monitor"
)

// NumberFilter selects numbers in the outputs of the results of a monitor.
type NumberFilter struct {
	MonitorID string
	// From and To limit the date of the results: From <= date < To.
	From, To time.Time
	// Outputs lists the names of the outputs.
	Outputs []string
	// Limit is the number of results up to which all are read; it must be positive.
	Limit int
	// Section is the length of the sections, which begin at From. If there are more results than Limit, a sample of the
	// results of each section may be read.
	Section time.Duration
}

// Validate returns a [monitor.InvalidError] if a filter can't be used.
func (f NumberFilter) Validate() error {
	if f.Limit <= 0 || f.Section <= 0 {
		return monitor.Invalidf("limit and section must be positive")
	}
	return nil
}

// Sections returns the number of sections.
func (f NumberFilter) Sections() int {
	return int((f.To.Sub(f.From) + f.Section - 1) / f.Section)
}

// PerSection returns the number of results in the sample of a section: the same for each, at least one. A store that
// keeps the results of an hour together may read more: up to about 31 times as many, and all results of three more
// hours.
func (f NumberFilter) PerSection() int { return max(1, f.Limit/max(1, f.Sections())) }

// SectionOf returns the index of the section of a date from From on.
func (f NumberFilter) SectionOf(date time.Time) int { return int(date.Sub(f.From) / f.Section) }
