// Package uptime computes when and how long a monitor had each status, from the log of its status changes.
package uptime

import "time"

// Breakdown divides a period by status. Its fields add up to the length of the period.
type Breakdown struct {
	// OK, Error and Failed are the times with that status whose results counted.
	OK, Error, Failed time.Duration
	// Unchecked is the time without results, before the first result or while no runner checked the monitor.
	Unchecked time.Duration
	// Disabled is the time while the monitor was disabled.
	Disabled time.Duration
	// Maintenance and Blocked are the times whose results were ignored, by reason.
	Maintenance, Blocked time.Duration
}

// Percent returns the percentage of the checked time that was OK, or false if no time was checked.
func (b Breakdown) Percent() (float64, bool) {
	if b.Checked() == 0 {
		return 0, false
	}
	return 100 * float64(b.OK) / float64(b.Checked()), true
}

// Checked returns the time whose results counted.
func (b Breakdown) Checked() time.Duration {
	return b.OK + b.Error + b.Failed
}

// Sum returns the breakdown of the time of periods. from is the start of the first period that counts for
// [Breakdown.Percent]; zero if there is none.
func Sum(periods []Period) (spent Breakdown, from time.Time) {
	for _, p := range periods {
		*spent.field(p.Kind) += p.Duration()
		if from.IsZero() && spent.Checked() > 0 {
			from = p.From
		}
	}
	return spent, from
}

// Divide returns a breakdown for each time between two limits that follow each other, from the periods in it. The limits
// are in order.
func Divide(periods []Period, limits []time.Time) []Breakdown {
	parts := make([]Breakdown, len(limits)-1)
	first := 0
	for _, p := range periods {
		for first < len(parts) && !limits[first+1].After(p.From) {
			first++
		}
		for i := first; i < len(parts) && limits[i].Before(p.To); i++ {
			from, to := p.From, p.To
			if from.Before(limits[i]) {
				from = limits[i]
			}
			if to.After(limits[i+1]) {
				to = limits[i+1]
			}
			*parts[i].field(p.Kind) += to.Sub(from)
		}
	}
	return parts
}

// field returns the field that adds up the periods of a kind.
func (b *Breakdown) field(kind Kind) *time.Duration {
	switch kind {
	case OK:
		return &b.OK
	case Error:
		return &b.Error
	case Maintenance:
		return &b.Maintenance
	case Blocked:
		return &b.Blocked
	case Disabled:
		return &b.Disabled
	case Unchecked:
		return &b.Unchecked
	default:
		return &b.Failed
	}
}
