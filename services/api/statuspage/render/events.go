package render

import (
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/statuspage"
)

// openEvents are the messages that are not resolved, the open incidents and the maintenance.
func openEvents(v *view.Page) g.Node {
	return g.Group{
		g.Map(v.Messages, func(m view.Message) g.Node { return message(v, m) }),
		g.Map(v.Incidents, func(i view.Incident) g.Node { return incident(v, i) }),
		g.Map(v.Maintenance, func(m view.Maintenance) g.Node { return maintenance(v, m) }),
	}
}

func message(v *view.Page, m view.Message) g.Node {
	return h.Article(h.Class("event message"), h.ID(anchor(m.ID)),
		h.H3(h.Dir("auto"), g.Text(m.Title)),
		messageText(v, m),
	)
}

// messageText returns what a message says below its title.
func messageText(v *view.Page, m view.Message) g.Node {
	return g.Group{
		affected(m.Entries),
		h.Ol(h.Class("updates"), g.Map(m.Updates, func(u statuspage.Update) g.Node {
			return h.Li(h.P(h.Class("when"), h.Strong(g.Text(stateText(u.State))), g.Text(" "), moment(v, u.Date, minutes)),
				h.Div(h.Class("text"), h.Dir("auto"), g.Raw(markdown(u.Text))))
		})),
	}
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

func incident(v *view.Page, i view.Incident) g.Node {
	return h.Article(h.Class("event incident"), h.ID(anchor(i.ID)), h.H3(h.Dir("auto"), g.Text(incidentTitle(i))), incidentText(v, i))
}

func incidentTitle(i view.Incident) string { return "Outage: " + i.Entry }

func incidentText(v *view.Page, i view.Incident) g.Node {
	if i.End.IsZero() {
		return h.P(h.Class("when"), g.Text("Since "), moment(v, i.Start, minutes))
	}
	return h.P(h.Class("when"), moment(v, i.Start, minutes), g.Text(" to "), moment(v, i.End, minutes),
		g.Text(" ("+duration(i.End.Sub(i.Start))+")"))
}

func maintenance(v *view.Page, m view.Maintenance) g.Node {
	return h.Article(h.Class("event maintenance"), h.ID(anchor(m.ID)),
		h.H3(h.Dir("auto"), g.Text(maintenanceTitle(m))), maintenanceText(v, m))
}

func maintenanceTitle(m view.Maintenance) string {
	if m.Active {
		return "Maintenance in progress: " + m.Name
	}
	return "Planned maintenance: " + m.Name
}

func maintenanceText(v *view.Page, m view.Maintenance) g.Node {
	return g.Group{
		h.P(h.Class("when"), moment(v, m.Start, minutes), g.Text(" to "), moment(v, m.End, minutes)),
		affected(m.Entries),
	}
}

func past(v *view.Page) g.Node {
	if !v.Show.Incidents || len(v.Past) == 0 {
		return nil
	}
	return h.Section(h.Class("past"), h.H2(g.Text("Past incidents")), g.Map(v.Past, func(m view.Month) g.Node {
		return g.Group{
			h.H3(g.Text(m.Start.In(zone(v)).Format("January 2006"))),
			g.If(len(m.Events) == 0, h.P(h.Class("none"), g.Text("No incidents."))),
			g.Map(m.Events, func(e view.Event) g.Node {
				if e.Message != nil {
					return message(v, *e.Message)
				}
				return incident(v, *e.Incident)
			}),
		}
	}))
}
