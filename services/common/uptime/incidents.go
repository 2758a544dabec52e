package uptime

import "time"

// Incident is the time from the first not-OK result to the recovery, within the periods of a monitor. Periods that do
// not count (in maintenance, blocked and not checked) neither begin nor end it. A disabled monitor has no incident.
type Incident struct {
	// From is the start of the first not-OK period, To the end of the last one.
	From, To time.Time
	// Down is the time in between that was not OK. Periods that do not count are left out.
	Down time.Duration
	// Worst is [Error] or [Failed].
	Worst Kind
	// BeganBefore reports that the periods begin within the incident.
	BeganBefore bool
	// Open reports that the periods end without a recovery.
	Open bool
}

// Incidents returns the incidents of periods, oldest first.
func Incidents(periods []Period) []Incident {
	var found []Incident
	open := false
	for i, p := range periods {
		switch p.Kind {
		case Error, Failed:
			if !open {
				found = append(found, Incident{From: p.From, Worst: Error, BeganBefore: i == 0})
				open = true
			}
			found[len(found)-1].extend(p)
		case OK, Disabled:
			open = false
		}
	}
	if open {
		found[len(found)-1].Open = true
	}
	return found
}

// extend adds a not-OK period.
func (i *Incident) extend(p Period) {
	i.To = p.To
	i.Down += p.Duration()
	if p.Kind == Failed {
		i.Worst = Failed
	}
}

// Down returns the time that was not OK.
func (b Breakdown) Down() time.Duration { return b.Error + b.Failed }
