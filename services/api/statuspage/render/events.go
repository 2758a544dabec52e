package render

import (
	"strings"

	"github.com/yuin/goldmark"
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/plain"
	"nanomon/services/common/statuspage"
)

// openEvents shows the messages that are not resolved, the open incidents and the maintenance.
func openEvents(v *view.Page) g.Node {
	return g.Group{
		g.If(len(v.Messages)+len(v.Incidents) > 0, h.Section(h.H2(g.Text("Current incidents")),
			g.Map(v.Messages, func(m view.Message) g.Node { return message(v, h.H3, m) }),
			g.Map(v.Incidents, func(i view.Incident) g.Node { return incident(v, h.H3, i) }),
		)),
		g.If(len(v.Maintenance) > 0, h.Section(h.H2(g.Text("Maintenance")),
			g.Map(v.Maintenance, func(m view.Maintenance) g.Node { return maintenance(v, m) }),
		)),
	}
}

// heading is an element such as h.H3.
type heading func(...g.Node) g.Node

// event is a box with a title and a short state.
func event(class, id string, title heading, name, state string, children ...g.Node) g.Node {
	return h.Article(h.Class("card event "+class), h.ID(anchor(id)),
		h.Div(h.Class("head"), title(h.Dir("auto"), g.Text(name)), h.Span(h.Class("chip"), g.Text(state))),
		g.Group(children))
}

// shownUpdates is the number of updates of an open message that are shown at once.
const shownUpdates = 3

func message(v *view.Page, title heading, m view.Message) g.Node {
	shown, class, text := shownUpdates, "partial", currentText
	if m.State == statuspage.Resolved {
		shown, class, text = 1, "operational", pastText
	}
	if len(m.Updates) <= shown+1 {
		shown = len(m.Updates)
	}
	earlier := m.Updates[shown:]
	return event(class, m.ID, title, m.Title, stateText(m.State),
		affected(m.Entries),
		updates(v, text, m.Updates[:shown]),
		g.If(len(earlier) > 0, h.Details(h.ID(anchor(m.ID)+"-earlier"), h.Class("earlier"),
			h.Summary(g.Text(plain.Count(len(earlier), "earlier update"))), updates(v, text, earlier))),
	)
}

// updates lists updates, newest first.
func updates(v *view.Page, text goldmark.Markdown, list []statuspage.Update) g.Node {
	return h.Ol(h.Class("updates"), g.Map(list, func(u statuspage.Update) g.Node {
		return h.Li(h.P(h.Strong(g.Text(stateText(u.State))), g.Text(" "), h.Span(h.Class("when"), moment(v, u.Date, toMinute))),
			h.Div(h.Class("text"), h.Dir("auto"), g.Raw(toHTML(text, u.Text))))
	}))
}

// stateText returns the name of a state for people.
func stateText(s statuspage.State) string {
	switch s {
	case statuspage.Investigating:
		return "Investigating"
	case statuspage.Identified:
		return "Identified"
	case statuspage.Monitoring:
		return "Monitoring"
	case statuspage.Resolved:
		return "Resolved"
	}
	return "Update"
}

func affected(entries []string) g.Node {
	return g.If(len(entries) > 0, h.P(h.Class("affected"), h.Dir("auto"), g.Text("Affects "+strings.Join(entries, ", "))))
}

func incident(v *view.Page, title heading, i view.Incident) g.Node {
	class, state := "down", "Ongoing"
	if !i.End.IsZero() {
		class, state = "operational", "Resolved"
	}
	return event("incident "+class, i.ID, title, incidentTitle(i), state, incidentTime(v, i))
}

func incidentTitle(i view.Incident) string { return "Outage: " + i.Entry }

func incidentTime(v *view.Page, i view.Incident) g.Node {
	if i.End.IsZero() {
		return h.P(h.Class("when"), g.Text("Since "), moment(v, i.Start, toMinute))
	}
	return h.P(h.Class("when"), period(v, i.Start, i.End), g.Text(" ("+duration(i.End.Sub(i.Start))+")"))
}

func maintenance(v *view.Page, m view.Maintenance) g.Node {
	return event("maintenance", m.ID, h.H3, m.Name, maintenanceState(m), h.P(h.Class("when"), period(v, m.Start, m.End)), affected(m.Entries))
}

func maintenanceState(m view.Maintenance) string {
	if m.Active {
		return "In progress"
	}
	return "Planned"
}
