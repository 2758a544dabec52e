package render

import (
	"fmt"
	"slices"

	g "maragu.dev/gomponents"

	"nanomon/services/api/statuspage/view"
)

// manyEntries is the number of entries from which a wide page has two columns.
const manyEntries = 12

func sections(v *view.Page) g.Node {
	entries := 0
	for _, s := range v.Sections {
		entries += len(s.Entries)
	}
	if entries == 0 {
		return el("p", class("empty"), words("This page has no entries yet."))
	}
	kind := "sections"
	if entries >= manyEntries {
		kind += " many"
	}
	return el("div", class(kind),
		g.Map(v.Sections, func(s view.Section) g.Node { return section(v, s) }),
		g.If(v.Show.Uptime, legend()),
	)
}

func section(v *view.Page, s view.Section) g.Node {
	heading := el("h2", attr("dir", "auto"), words(s.Title))
	if s.Title == "" {
		heading = el("h2", class("hidden"), words("Services"))
	}
	return el("section", g.If(s.Title == "", class("untitled")), heading, el("ul", class("card entries"), g.Map(s.Entries, func(e view.Entry) g.Node { return entry(v, e) })))
}

func entry(v *view.Page, e view.Entry) g.Node {
	return el("li", class("entry"),
		el("div", class("head"),
			el("h3", attr("dir", "auto"), words(e.Name)),
			response(v, e),
			levelText(e.Level),
		),
		g.Iff(v.Show.Uptime, func() g.Node { return g.Group{bars(e), uptimes(v, e)} }),
	)
}

func levelText(l view.Level) g.Node {
	return el("span", class("level "+levelOf(l).name), icon(l), words(levelOf(l).text))
}

// response shows the response time of an entry that responds and is not in maintenance.
func response(v *view.Page, e view.Entry) g.Node {
	if !v.Show.ResponseTime || e.Response == nil || e.Level != view.Operational && e.Level != view.Partial {
		return nil
	}
	return el("span", class("response"), words("Responds in "+milliseconds(*e.Response)))
}

// uptimes describes the ends of the bars and the uptime. Details show what the tips of the bars contain.
func uptimes(v *view.Page, e view.Entry) g.Node {
	if len(e.Days) == 0 {
		return nil
	}
	total := el("p", class("total"), words("Not checked in 90 days"))
	if uptime, known := e.Uptimes["90d"]; known {
		total = el("details", class("total"), attr("id", "uptime-"+e.ID),
			el("summary", words(percent(uptime)+" uptime"), el("span", class("range"), words(" "+sinceFirstDay(e.Days))), el("span", class("hidden"), words(", "+e.Name))),
			windows(v, e), notableDays(e))
	}
	return el("div", class("scale"), el("span", words(date(e.Days[0].Date, shortDay))), el("span", words("Today")), total)
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
	return el("dl", g.Map([]struct{ name, text string }{
		{"24h", "Uptime in 24 hours"}, {"7d", "7 days"}, {"30d", "30 days"}, {"90d", "90 days"},
	}, func(w struct{ name, text string }) g.Node {
		value := "Not checked"
		if uptime, known := e.Uptimes[w.name]; known {
			value = percent(uptime)
		}
		return el("div", el("dt", words(w.text)), el("dd", words(value)))
	}), g.Iff(v.Show.ResponseTime && e.Response != nil, func() g.Node {
		return el("div", el("dt", words("Median response time, 24 hours")), el("dd", words(milliseconds(*e.Response))))
	}))
}

// notableDays lists the days with an outage or maintenance, newest first.
func notableDays(e view.Entry) g.Node {
	var days []g.Node
	for i := len(e.Days) - 1; i >= 0; i-- {
		if d := e.Days[i]; d.Down > 0 || d.Maintenance > 0 {
			days = append(days, el("li", el("strong", words(date(d.Date, day)+":")), words(" "+joined(dayLines(d)))))
		}
	}
	if len(days) == 0 {
		return el("p", words("No outage and no maintenance in the last 90 days."))
	}
	return el("ul", days...)
}
