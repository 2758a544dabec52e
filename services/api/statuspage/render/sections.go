package render

import (
	"fmt"
	"slices"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"nanomon/services/api/statuspage/view"
)

// manyEntries is the number of entries from which a wide page has two columns.
const manyEntries = 12

func sections(v *view.Page) g.Node {
	entries := 0
	for _, s := range v.Sections {
		entries += len(s.Entries)
	}
	class := "sections"
	if entries >= manyEntries {
		class += " many"
	}
	return h.Div(h.Class(class),
		g.Map(v.Sections, func(s view.Section) g.Node { return section(v, s) }),
		g.If(v.Show.Uptime && entries > 0, legend()),
	)
}

func section(v *view.Page, s view.Section) g.Node {
	heading := h.H2(h.Dir("auto"), g.Text(s.Title))
	if s.Title == "" {
		heading = h.H2(h.Class("hidden"), g.Text("Services"))
	}
	return h.Section(g.If(s.Title == "", h.Class("untitled")), heading, h.Ul(h.Class("card entries"), g.Map(s.Entries, func(e view.Entry) g.Node { return entry(v, e) })))
}

func entry(v *view.Page, e view.Entry) g.Node {
	return h.Li(h.Class("entry"),
		h.Div(h.Class("head"),
			h.H3(h.Dir("auto"), g.Text(e.Name)),
			response(v, e),
			levelText(e.Level),
		),
		g.Iff(v.Show.Uptime, func() g.Node { return g.Group{bars(e), uptimes(v, e)} }),
	)
}

func levelText(l view.Level) g.Node {
	return h.Span(h.Class("level "+levelOf(l).name), icon(l), g.Text(levelOf(l).text))
}

// response shows the response time of an entry that responds.
func response(v *view.Page, e view.Entry) g.Node {
	if !v.Show.ResponseTime || e.Response == nil || e.Level == view.Down || e.Level == view.Unknown {
		return nil
	}
	return h.Span(h.Class("response"), g.Text("Responds in "+milliseconds(*e.Response)))
}

// uptimes describes the ends of the bars and the uptime. Details show what the tips of the bars contain.
func uptimes(v *view.Page, e view.Entry) g.Node {
	if len(e.Days) == 0 {
		return nil
	}
	total := h.P(h.Class("total"), g.Text("Not checked in 90 days"))
	if uptime, known := e.Uptimes["90d"]; known {
		total = h.Details(h.Class("total"), h.ID("uptime-"+e.ID),
			h.Summary(g.Text(percent(uptime)+" uptime"), h.Span(h.Class("range"), g.Text(" "+sinceFirstDay(e.Days))), h.Span(h.Class("hidden"), g.Text(", "+e.Name))),
			windows(v, e), notableDays(e))
	}
	return h.Div(h.Class("scale"), h.Span(g.Text(date(e.Days[0].Date, shortDay))), h.Span(g.Text("Today")), total)
}

// sinceFirstDay returns the time that the uptime of the days covers, such as "since 12 Nov".
func sinceFirstDay(days []view.Day) string {
	first := slices.IndexFunc(days, func(d view.Day) bool { return d.Uptime != nil })
	switch {
	case first <= 0:
		return fmt.Sprintf("in %d days", len(days))
	case first == len(days)-1:
		return "today"
	}
	return "since " + date(days[first].Date, shortDay)
}

// windows lists the uptime of the last day, week, month and quarter, and the response time.
func windows(v *view.Page, e view.Entry) g.Node {
	return h.Dl(g.Map([]struct{ name, text string }{
		{"24h", "Uptime in 24 hours"}, {"7d", "7 days"}, {"30d", "30 days"}, {"90d", "90 days"},
	}, func(w struct{ name, text string }) g.Node {
		value := "Not checked"
		if uptime, known := e.Uptimes[w.name]; known {
			value = percent(uptime)
		}
		return h.Div(h.Dt(g.Text(w.text)), h.Dd(g.Text(value)))
	}), g.Iff(v.Show.ResponseTime && e.Response != nil, func() g.Node {
		return h.Div(h.Dt(g.Text("Median response time, 24 hours")), h.Dd(g.Text(milliseconds(*e.Response))))
	}))
}

// notableDays lists the days with an outage or maintenance, newest first.
func notableDays(e view.Entry) g.Node {
	var days []g.Node
	for i := len(e.Days) - 1; i >= 0; i-- {
		if d := e.Days[i]; d.Down > 0 || d.Maintenance > 0 {
			days = append(days, h.Li(h.Strong(g.Text(date(d.Date, day))), g.Text(" "+joined(dayLines(d)))))
		}
	}
	if len(days) == 0 {
		return h.P(g.Text("No outage and no maintenance in the last 90 days."))
	}
	return h.Ul(days...)
}
