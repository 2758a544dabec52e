package statuspage

import (
	"fmt"
	"testing"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/maintenance"
	document "nanomon/services/common/statuspage"
)

// eventsOf returns the events of a page with an incident every hour of the last 90 days and a resolved message.
func eventsOf(t *testing.T, showIncidents bool) []view.Month {
	t.Helper()
	c := newCollector(nil)
	c.now = now
	days := &calendar{zone: time.UTC}
	days.follow(now)
	p := &page{calendar: days}
	p.Show.Incidents = showIncidents
	at := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	p.messages = []document.Message{{ID: "m", Title: "Past", Updates: []document.Update{{Date: at, State: document.Resolved}}}}
	b := builder{collector: c, page: p, view: new(view.Page)}
	for n := range 90 * 24 {
		start := now.Add(-time.Duration(n+1) * time.Hour)
		b.incidents = append(b.incidents, &view.Incident{ID: fmt.Sprint(n), Start: start, End: start.Add(time.Minute)})
	}
	b.addEvents()
	return b.view.Past
}

// TestEventsAreLimited: a monitor that changes all the time does not make a page large, and does not hide messages.
func TestEventsAreLimited(t *testing.T) {
	past := eventsOf(t, true)
	for _, month := range past {
		if len(month.Events) != maxEvents {
			t.Errorf("%s has %d events", month.Start.Month(), len(month.Events))
		}
	}
	events := past[0].Events
	if first, last := events[0].Incident, events[maxEvents-1].Message; first == nil || first.ID != "0" || last == nil {
		t.Errorf("the first event is %+v, the last one is %+v", events[0], events[maxEvents-1])
	}
}

// TestMessagesWithoutIncidents: a page that hides incidents has resolved messages.
func TestMessagesWithoutIncidents(t *testing.T) {
	past := eventsOf(t, false)
	if len(past) != 3 || len(past[0].Events) != 1 || past[0].Events[0].Message == nil || len(past[1].Events)+len(past[2].Events) != 0 {
		t.Errorf("the events are %+v", past)
	}
}

// TestDateOfMaintenance: feed readers show maintenance as new after it was changed, when it is announced and when it
// begins, but not after other changes.
func TestDateOfMaintenance(t *testing.T) {
	for name, test := range map[string]struct{ start, updated, want time.Duration }{
		"changed since it was announced":     {2 * 24 * time.Hour, -time.Hour, -time.Hour},
		"announced long after it was stored": {13 * 24 * time.Hour, -90 * 24 * time.Hour, -24 * time.Hour},
		"begun":                              {-2 * time.Hour, -24 * time.Hour, -2 * time.Hour},
		"changed since it has begun":         {-2 * time.Hour, -time.Hour, -time.Hour},
	} {
		c := newCollector(nil)
		c.now = now
		w := maintenance.Window{Start: now.Add(test.start), End: now.Add(test.start + 3*time.Hour), Updated: now.Add(test.updated)}
		b := builder{collector: c, page: &page{windows: []publicWindow{{w, nil}}}, view: &view.Page{Updated: now}}
		b.addMaintenance()
		if got := b.view.Maintenance; len(got) != 1 || !got[0].Updated.Equal(now.Add(test.want)) {
			t.Errorf("%s: maintenance is %+v, want the date %s from now", name, got, test.want)
		}
	}
}
