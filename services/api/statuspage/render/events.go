package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	g "maragu.dev/gomponents"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/plain"
	"nanomon/services/common/statuspage"
)

// openEvents shows the messages that are not resolved, the open incidents and the active maintenance.
func openEvents(v *view.Page) g.Node {
	return g.Group{
		g.If(len(v.Messages)+len(v.Incidents) > 0, el("section", el("h2", words("Current incidents")),
			g.Map(v.Messages, func(m view.Message) g.Node { return message(v, "h3", m) }),
			g.Map(v.Incidents, func(i view.Incident) g.Node { return incident(v, "h3", i) }),
		)),
		maintenances(v, "Maintenance", true),
	}
}

// maintenances shows the maintenance that is active, or that is not.
func maintenances(v *view.Page, heading string, active bool) g.Node {
	var found []g.Node
	for _, m := range v.Maintenance {
		if m.Active == active {
			found = append(found, maintenance(v, m))
		}
	}
	return g.If(len(found) > 0, el("section", el("h2", words(heading)), g.Group(found)))
}

// event is a box with a short state and a title, which is a heading such as "h3".
func event(level, id, heading, name, state string, children ...g.Node) g.Node {
	return el("article", class("card event "+level), attr("id", anchor(id)),
		el("div", class("head"), el(heading, attr("dir", "auto"), words(name)), el("span", class("chip"), words(state))),
		g.Group(children))
}

// shownUpdates is the number of updates of an open message that are shown at once.
const shownUpdates = 3

func message(v *view.Page, heading string, m view.Message) g.Node {
	shown, level, text := shownUpdates, "partial", currentText
	if m.State == statuspage.Resolved {
		shown, level, text = 1, "operational", pastText
	}
	if len(m.Updates) <= shown+1 {
		shown = len(m.Updates)
	}
	earlier := m.Updates[shown:]
	return event(level, m.ID, heading, m.Title, stateText(m.State),
		affected(m.Entries),
		updates(v, text, m.Updates[:shown]),
		g.If(len(earlier) > 0, el("details", attr("id", anchor(m.ID)+"-earlier"), class("earlier"),
			el("summary", words(plain.Count(len(earlier), "earlier update"))), updates(v, text, earlier))),
	)
}

// updates lists updates, newest first.
func updates(v *view.Page, text goldmark.Markdown, list []statuspage.Update) g.Node {
	return el("ol", class("updates"), g.Map(list, func(u statuspage.Update) g.Node {
		return el("li", el("p", el("strong", words(stateText(u.State))), words(" "), el("span", class("when"), moment(v, u.Date, toMinute))),
			el("div", class("text"), attr("dir", "auto"), raw(toHTML(text, u.Text))))
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

// shownNames is the number of names of entries that an event shows.
const shownNames = 3

func affected(entries []string) g.Node {
	shown := min(len(entries), shownNames)
	text := "Affects " + strings.Join(entries[:shown], ", ")
	if more := len(entries) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return g.If(shown > 0, el("p", class("affected"), attr("dir", "auto"), words(text)))
}

func incident(v *view.Page, heading string, i view.Incident) g.Node {
	level, state := levelOf(incidentLevel(v, i)).name, "Ongoing"
	if !i.End.IsZero() {
		level, state = "operational", "Resolved"
	}
	return event("incident "+level, i.ID, heading, incidentTitle(v, i), state, incidentTime(v, i))
}

func incidentTitle(v *view.Page, i view.Incident) string {
	return levelOf(incidentLevel(v, i)).text + ": " + i.Entry
}

// incidentLevel returns how bad an incident is: partial if it is open and its entry is down in part at the moment.
func incidentLevel(v *view.Page, i view.Incident) view.Level {
	isPartial := func(e view.Entry) bool { return e.Name == i.Entry && e.Level == view.Partial }
	if i.End.IsZero() && slices.ContainsFunc(v.Sections, func(s view.Section) bool { return slices.ContainsFunc(s.Entries, isPartial) }) {
		return view.Partial
	}
	return view.Down
}

func incidentTime(v *view.Page, i view.Incident) g.Node {
	if i.End.IsZero() {
		return el("p", class("when"), words("Since "), moment(v, i.Start, toMinute))
	}
	return el("p", class("when"), period(v, i.Start, i.End), words(" ("+duration(i.End.Sub(i.Start))+")"))
}

func maintenance(v *view.Page, m view.Maintenance) g.Node {
	return event("maintenance", m.ID, "h3", m.Name, maintenanceState(m), el("p", class("when"), period(v, m.Start, m.End)), affected(m.Entries))
}

func maintenanceState(m view.Maintenance) string {
	if m.Active {
		return "In progress"
	}
	return "Planned"
}
