package report

import (
	"math"
	"time"

	"nanomon/services/common/uptime"
)

// newTotal returns the figures of one monitor.
func newTotal(spent uptime.Breakdown, incidents []uptime.Incident) Total {
	t := Total{
		Times: Times{
			OK: spent.OK.Seconds(), Error: spent.Error.Seconds(), Failed: spent.Failed.Seconds(),
			Maintenance: spent.Maintenance.Seconds(), Blocked: spent.Blocked.Seconds(),
			Disabled: spent.Disabled.Seconds(), NotChecked: spent.Unchecked.Seconds(),
		},
		Incidents: Incidents{Count: len(incidents), Total: spent.Down().Seconds()},
	}
	for _, incident := range incidents {
		t.Incidents.Longest = max(t.Incidents.Longest, incident.Down.Seconds())
	}
	if percent, known := spent.Percent(); known {
		t.Uptime = &percent
	}
	return t
}

// add adds the figures of another monitor. A [time.Duration] is too short for the sum of ten thousand monitors.
func (t *Total) add(other Total) {
	sum, times := &t.Times, other.Times
	for into, seconds := range map[*float64]float64{
		&sum.OK: times.OK, &sum.Error: times.Error, &sum.Failed: times.Failed, &sum.Maintenance: times.Maintenance,
		&sum.Blocked: times.Blocked, &sum.Disabled: times.Disabled, &sum.NotChecked: times.NotChecked,
		&t.Incidents.Total: other.Incidents.Total,
	} {
		*into = math.Round((*into+seconds)*1e3) / 1e3 // Dates have milliseconds.
	}
	t.Incidents.Count += other.Incidents.Count
	t.Incidents.Longest = max(t.Incidents.Longest, other.Incidents.Longest)
	if checked := sum.OK + sum.Error + sum.Failed; checked > 0 {
		percent := 100 * sum.OK / checked
		t.Uptime = &percent
	}
}

// Incidents counts incidents. Durations are seconds that were not OK.
type Incidents struct {
	Count   int     `json:"count"`
	Total   float64 `json:"total"`
	Longest float64 `json:"longest"`
	// List contains the newest incidents, newest first; nil if none are listed.
	List []Incident `json:"list,omitempty"`
}

// Incident is an [uptime.Incident].
type Incident struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Seconds is the time that was not OK.
	Seconds float64 `json:"seconds"`
	// Status is the worst status: "error" or "failed".
	Status string `json:"status"`
	// BeganBefore reports that the incident began at the start of the period or before.
	BeganBefore bool `json:"beganBefore,omitempty"`
	// Open reports that the monitor has not recovered by the end of the period.
	Open bool `json:"open,omitempty"`
}

// list lists the newest of the incidents.
func (list *Incidents) list(incidents []uptime.Incident, zone *time.Location) {
	for i := len(incidents) - 1; i >= 0 && len(list.List) < maxListed; i-- {
		incident := incidents[i]
		list.List = append(list.List, Incident{
			From: incident.From.In(zone), To: incident.To.In(zone), Seconds: incident.Down.Seconds(),
			Status: string(incident.Worst), BeganBefore: incident.BeganBefore, Open: incident.Open,
		})
	}
}
