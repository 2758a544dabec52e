package statuspage

import (
	"testing"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// TestLateResults: results that are stored a day late change that day.
func TestLateResults(t *testing.T) {
	s := newScene(t)
	s.check(12 * 40)
	s.refresh(topics{})
	_, e := s.view()
	same(t, "time down before", e.Days[view.Days-2].Down, 0)
	id, at := s.monitors[0].ID, s.now.Add(-38*time.Hour)
	change := func(after time.Duration, from, to string) store.StatusChange {
		return store.StatusChange{MonitorID: id, Date: at.Add(after), Kind: store.ChangeStatus, From: from, To: to}
	}
	must(t, s.store.AppendBatch(t.Context(), store.Batch{
		Results: []monitor.Result{
			{ID: monitor.NewID(at), MonitorID: id, Date: at, Status: monitor.StatusFailed, Outputs: map[string]any{}},
		},
		StatusChanges: []store.StatusChange{change(0, "ok", "failed"), change(2*time.Minute, "failed", "ok")},
	}))
	s.refresh(topics{})
	_, e = s.view()
	same(t, "time down", e.Days[view.Days-2].Down+e.Days[view.Days-3].Down, 2*time.Minute)
	if late := s.collector.pages[0].members[0].late; !late.IsZero() {
		t.Errorf("the date of the late result is still %s", late)
	}
}

// TestClockBackOverMidnight: the days are right after the clock went back a little, so that the last day is an earlier
// one.
func TestClockBackOverMidnight(t *testing.T) {
	s := newScene(t)
	s.monitors[0].status = monitor.StatusFailed
	s.check(126) // until midnight in Amsterdam
	s.refresh(topics{})
	_, e := s.view()
	same(t, "last day", e.Days[view.Days-1].Date, "2026-12-01")
	want := e.Days[view.Days-2]
	s.now = s.now.Add(-time.Second / 2)
	s.refresh(topics{})
	_, e = s.view()
	same(t, "last day", e.Days[view.Days-1].Date, "2026-11-30")
	if got := e.Days[view.Days-1].Down; (want.Down - got).Abs() > time.Second {
		t.Errorf("time down: %s, want %s", got, want.Down)
	}
}

// TestLateIncidents: an incident that is stored long after it opened is on the page within an hour.
func TestLateIncidents(t *testing.T) {
	s := newScene(t)
	add := func(number int, start time.Time) {
		id := s.monitors[0].ID
		must(t, s.store.MergeIncidents(t.Context(), []store.Incident{{
			ID: store.IncidentID(id, number), MonitorID: id, Number: number, FirstNotOK: start, Opened: start,
			Resolved: start.Add(time.Minute), Severity: monitor.StatusFailed, Dependents: []string{},
		}}))
		s.refresh(topics{incidents: true})
	}
	add(1, s.now.Add(-time.Minute))
	add(2, s.now.AddDate(0, 0, -1))
	s.now = s.now.Add(time.Hour)
	s.refresh(topics{})
	v, _ := s.view()
	same(t, "incidents", len(v.Past[0].Events), 2)
}
