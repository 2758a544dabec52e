package render

import (
	"strconv"

	g "maragu.dev/gomponents"

	"nanomon/services/api/statuspage/view"
)

// shownEvents is the number of events of a month that are shown at once.
const shownEvents = 10

// past shows what happened in the last months.
func past(v *view.Page) g.Node {
	if !v.Show.Incidents || len(v.Past) == 0 {
		return nil
	}
	return el("section", class("past"), el("h2", words("Past incidents")), g.Map(v.Past, func(m view.Month) g.Node {
		return g.Group{
			el("h3", words(m.Start.In(zone(v)).Format("January 2006"))),
			g.If(len(m.Events) == 0, el("p", class("none"), words(noEvents(v, m)))),
			monthEvents(v, m),
		}
	}))
}

func monthEvents(v *view.Page, m view.Month) g.Node {
	show := func(e view.Event) g.Node {
		if e.Message != nil {
			return message(v, "h4", *e.Message)
		}
		return incident(v, "h4", *e.Incident)
	}
	shown := len(m.Events)
	if shown > shownEvents+1 {
		shown = shownEvents
	}
	more := m.Events[shown:]
	return g.Group{
		g.Map(m.Events[:shown], show),
		g.If(len(more) > 0, el("details", attr("id", "past-"+m.Start.In(zone(v)).Format("2006-01")),
			el("summary", words(strconv.Itoa(len(more))+" earlier incidents")), g.Map(more, show))),
	}
}

// noEvents describes a month without past events.
func noEvents(v *view.Page, m view.Month) string {
	end := m.Start.In(zone(v)).AddDate(0, 1, 0)
	for _, i := range v.Incidents {
		if i.Start.Before(end) {
			return "No other incidents"
		}
	}
	for _, message := range v.Messages {
		if message.Updates[len(message.Updates)-1].Date.Before(end) {
			return "No other incidents"
		}
	}
	return "No incidents"
}
