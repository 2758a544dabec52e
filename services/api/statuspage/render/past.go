package render

import (
	"slices"
	"strconv"
	"time"

	g "maragu.dev/gomponents"

	"nanomon/services/api/statuspage/view"
)

// shownEvents is the number of events of a month that are shown at once.
const shownEvents = 10

// past shows what happened in the last months. Without incidents, it shows only the months with messages.
func past(v *view.Page) g.Node {
	list, title := v.Past, "Past incidents"
	if !v.Show.Incidents {
		title = "Past messages"
		list = slices.DeleteFunc(slices.Clone(list), func(m view.Month) bool { return len(m.Events) == 0 })
	}
	if len(list) == 0 {
		return nil
	}
	var months []g.Node
	for i := 0; i < len(list); {
		quiet := 0
		for i+quiet < len(list) && isQuiet(v, list[i+quiet]) {
			quiet++
		}
		if quiet > 1 {
			months = append(months, quietMonths(v, list[i+quiet-1], list[i], quiet))
			i += quiet
			continue
		}
		months = append(months, month(v, list[i]))
		i++
	}
	return el("section", class("past"), el("h2", words(title)), g.Group(months))
}

func month(v *view.Page, m view.Month) g.Node {
	text := "No other incidents"
	if isQuiet(v, m) {
		text = "No incidents"
	}
	return g.Group{
		el("h3", words(m.Start.In(zone(v)).Format("January 2006"))),
		g.If(len(m.Events) == 0, el("p", class("none"), words(text))),
		monthEvents(v, m),
	}
}

// quietMonths shows months without incidents in one line, such as "No incidents in September and October 2026".
func quietMonths(v *view.Page, first, last view.Month, count int) g.Node {
	from, to := first.Start.In(zone(v)), last.Start.In(zone(v))
	text, layout, conjunction := "No incidents from ", "January", " to "
	if from.Year() != to.Year() {
		layout = "January 2006"
	}
	if count == 2 {
		text, conjunction = "No incidents in ", " and "
	}
	return el("h3", class("none"), words(text+from.Format(layout)+conjunction+to.Format("January 2006")))
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
	more, kind := m.Events[shown:], "incidents"
	if !v.Show.Incidents {
		kind = "messages"
	}
	return g.Group{
		g.Map(m.Events[:shown], show),
		g.If(len(more) > 0, el("details", attr("id", "past-"+m.Start.In(zone(v)).Format("2006-01")),
			el("summary", words(strconv.Itoa(len(more))+" earlier "+kind)), g.Map(more, show))),
	}
}

// isQuiet reports whether nothing began in a month, neither what has ended nor what is open.
func isQuiet(v *view.Page, m view.Month) bool {
	end := m.Start.In(zone(v)).AddDate(0, 1, 0)
	isIn := func(t time.Time) bool { return !t.Before(m.Start) && t.Before(end) }
	return len(m.Events) == 0 &&
		!slices.ContainsFunc(v.Incidents, func(i view.Incident) bool { return isIn(i.Start) }) &&
		!slices.ContainsFunc(v.Messages, func(m view.Message) bool { return isIn(m.Updates[len(m.Updates)-1].Date) })
}
