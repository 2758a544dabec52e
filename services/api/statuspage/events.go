package statuspage

import (
	"slices"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/localtime"
	document "nanomon/services/common/statuspage"
)

// maxEvents is the maximum number of events of a month. 90 days have parts of at most four months, so a page has at most
// 200 events.
const maxEvents = 50

// addMaintenance adds the active and the planned maintenance.
func (b *builder) addMaintenance() {
	now := b.collector.now
	var found []*view.Maintenance
	for _, w := range b.page.windows {
		name := w.PublicName
		if name == "" {
			name = defaultWindowName
		}
		for _, o := range announced(w.Window, now) {
			m := &view.Maintenance{
				ID:   publicID(b.page.ID, w.ID, o.start.UTC().Format(time.RFC3339)),
				Name: name, Entries: slices.Clone(w.names), Start: o.start, End: o.end, Active: !o.start.After(now),
			}
			m.Updated = o.start.Add(-planned)
			if m.Active {
				m.Updated = o.start
			}
			if w.Updated.After(m.Updated) {
				m.Updated = w.Updated
			}
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(a, b *view.Maintenance) int { return a.Start.Compare(b.Start) })
	for _, m := range found {
		b.view.Maintenance = append(b.view.Maintenance, *m)
	}
}

// addMessages adds the messages that are not resolved. They are ordered newest first already.
func (b *builder) addMessages() {
	for _, m := range b.page.messages {
		b.update(m.Updates[len(m.Updates)-1].Date)
		if m.State() != document.Resolved {
			b.view.Messages = append(b.view.Messages, b.message(m))
		}
	}
}

// update notes a change of the content.
func (b *builder) update(at time.Time) {
	if at.After(b.view.Updated) {
		b.view.Updated = at
	}
}

// message returns what the page shows of a message.
func (b *builder) message(m document.Message) view.Message {
	v := view.Message{ID: publicID(b.page.ID, m.ID), Title: m.Title, State: m.State(), Updates: slices.Clone(m.Updates)}
	slices.Reverse(v.Updates)
	for _, s := range b.page.sections {
		for _, e := range s.entries {
			if slices.Contains(m.Entries, e.id) {
				v.Entries = append(v.Entries, e.name)
			}
		}
	}
	return v
}

// event is an event of the past with its time.
type event struct {
	at time.Time
	view.Event
}

// addEvents adds the open incidents, and the events of the past by month.
func (b *builder) addEvents() {
	first := b.page.calendar.starts[0]
	slices.SortStableFunc(b.incidents, func(a, b *view.Incident) int { return b.Start.Compare(a.Start) })
	var past []*event
	for _, i := range b.incidents {
		switch {
		case i.End.IsZero():
			b.update(i.Start)
			b.view.Incidents = append(b.view.Incidents, *i)
		case b.page.Show.Incidents && i.End.After(first):
			b.update(i.End)
			past = append(past, &event{i.Start, view.Event{Incident: i}})
		}
	}
	for _, m := range b.page.messages {
		if last := m.Updates[len(m.Updates)-1]; last.State == document.Resolved && last.Date.After(first) {
			v := b.message(m)
			past = append(past, &event{m.Updates[0].Date, view.Event{Message: &v}})
		}
	}
	slices.SortStableFunc(past, func(a, b *event) int { return b.at.Compare(a.at) })
	b.view.Past = b.months(past)
}

// months divides events, newest first, into the months of the days that the page shows. What began before belongs to
// the first of them.
func (b *builder) months(past []*event) []view.Month {
	in, first := b.page.calendar.zone, b.page.calendar.starts[0]
	var months []view.Month
	year, month, _ := b.collector.now.In(in).Date()
	for i := 0; ; i++ {
		next := view.Month{Start: localtime.StartOfDay(year, month-time.Month(i), 1, in)}
		isLast := !next.Start.After(first)
		for len(past) > 0 && (isLast || !past[0].at.Before(next.Start)) {
			next.Events = append(next.Events, past[0].Event)
			past = past[1:]
		}
		next.Events = limited(next.Events)
		if months = append(months, next); isLast {
			return months
		}
	}
}

// limited returns the newest of the events of a month. Messages come before incidents if there are too many.
func limited(events []view.Event) []view.Event {
	messages := 0
	for _, e := range events {
		if e.Message != nil {
			messages++
		}
	}
	incidents := max(0, maxEvents-messages)
	events = slices.DeleteFunc(events, func(e view.Event) bool {
		if e.Incident == nil {
			return false
		}
		incidents--
		return incidents < 0
	})
	return slices.Clip(events[:min(len(events), maxEvents)])
}
