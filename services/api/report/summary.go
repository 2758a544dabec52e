package report

import (
	"time"

	"nanomon/services/common/uptime"
)

// summary adds up the periods of one or several monitors.
type summary struct {
	spent uptime.Breakdown
	// checkedFrom is the start of the first time that counts; zero if there is none. It has no meaning for several
	// monitors.
	checkedFrom time.Time
	// incidents are those of one monitor, oldest first.
	incidents     []uptime.Incident
	count         int
	down, longest time.Duration
}

func (s *summary) addIncident(i uptime.Incident) {
	s.incidents = append(s.incidents, i)
	s.count++
	s.down += i.Down
	s.longest = max(s.longest, i.Down)
}

// add adds another monitor.
func (s *summary) add(other summary) {
	s.spent = s.spent.Plus(other.spent)
	s.count += other.count
	s.down += other.down
	s.longest = max(s.longest, other.longest)
}

func (s summary) total() Total {
	t := Total{
		Times: Times{
			OK: s.spent.OK.Seconds(), Error: s.spent.Error.Seconds(), Failed: s.spent.Failed.Seconds(),
			Maintenance: s.spent.Maintenance.Seconds(), Blocked: s.spent.Blocked.Seconds(),
			Disabled: s.spent.Disabled.Seconds(), NotChecked: s.spent.Unchecked.Seconds(),
		},
		Incidents: Incidents{Count: s.count, Total: s.down.Seconds(), Longest: s.longest.Seconds()},
	}
	if percent, known := s.spent.Percent(); known {
		t.Uptime = &percent
	}
	return t
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
