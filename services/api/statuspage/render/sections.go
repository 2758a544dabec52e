package render

import (
	"io"
	"strconv"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/plain"
)

func section(v *view.Page, s view.Section) g.Node {
	return h.Section(h.Class("section"),
		g.If(s.Title != "", h.H2(h.Dir("auto"), g.Text(s.Title))),
		h.Ul(h.Class("entries"), g.Map(s.Entries, func(e view.Entry) g.Node { return entry(v, e) })),
	)
}

func entry(v *view.Page, e view.Entry) g.Node {
	l := levelOf(e.Level)
	return h.Li(h.Class("entry"),
		h.Div(h.Class("head"),
			h.H3(h.Dir("auto"), g.Text(e.Name)),
			h.Span(h.Class("level "+l.name), icon(e.Level), g.Text(l.text)),
		),
		g.Iff(v.Show.Uptime, func() g.Node { return bars(e) }),
		figures(v, e),
	)
}

// figures are the uptime and the response time of an entry.
func figures(v *view.Page, e view.Entry) g.Node {
	var texts []string
	if uptime, known := e.Uptimes["90d"]; v.Show.Uptime && known {
		texts = append(texts, percent(uptime)+" uptime")
	}
	if v.Show.ResponseTime && e.Response != nil {
		texts = append(texts, milliseconds(*e.Response)+" response time")
	}
	if !v.Show.Uptime {
		return g.If(len(texts) > 0, h.P(h.Class("figures"), g.Text(strings.Join(texts, " · "))))
	}
	return h.P(h.Class("figures"), h.Span(g.Textf("%d days ago", view.Days-1)), h.Span(g.Text(strings.Join(texts, " · "))), h.Span(g.Text("Today")))
}

// The size of the drawing of the days. It is stretched to the width of the page.
const (
	dayWidth = 10
	barWidth = 7
	height   = 32
)

// bars draws the days of an entry. For screen readers it is one image with a summary.
func bars(e view.Entry) g.Node {
	return h.SVG(h.Class("days"), g.Attr("viewBox", "0 0 "+strconv.Itoa(len(e.Days)*dayWidth)+" "+strconv.Itoa(height)),
		g.Attr("preserveAspectRatio", "none"), h.Role("img"), h.Aria("label", summary(e)),
		g.NodeFunc(func(w io.Writer) error { return drawDays(w, e.Days) }))
}

func drawDays(w io.Writer, days []view.Day) error {
	var b strings.Builder
	for i, day := range days {
		b.WriteString(`<rect class="` + dayClass(day) + `" x="` + strconv.Itoa(i*dayWidth) + `" width="` + strconv.Itoa(barWidth) +
			`" height="` + strconv.Itoa(height) + `"><title>` + dayTip(day) + `</title></rect>`)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// severe is the uptime in percent below which a day has a long outage.
const severe = 95

// dayClass returns the class of the bar of a day.
func dayClass(d view.Day) string {
	switch {
	case d.Down > 0 && d.Uptime != nil && *d.Uptime < severe:
		return "down"
	case d.Down > 0:
		return "partial"
	case d.Maintenance > 0:
		return "maintenance"
	case d.Uptime == nil:
		return "unknown"
	}
	return "operational"
}

// dayTip describes a day. It has no characters that HTML escapes.
func dayTip(d view.Day) string {
	lines := []string{date(d.Date)}
	switch {
	case d.Uptime != nil:
		lines = append(lines, percent(*d.Uptime)+" uptime")
	case d.Maintenance == 0:
		lines = append(lines, "Not checked")
	}
	if d.Down > 0 {
		lines = append(lines, "Down for "+duration(d.Down))
	}
	if d.Incidents > 0 {
		lines = append(lines, plain.Count(d.Incidents, "incident"))
	}
	if d.Maintenance > 0 {
		lines = append(lines, "Maintenance for "+duration(d.Maintenance))
	}
	if d.Uptime != nil && d.NotChecked > 0 {
		lines = append(lines, "Not checked for "+duration(d.NotChecked))
	}
	return strings.Join(lines, "\n")
}

// summary describes the days of an entry for screen readers.
func summary(e view.Entry) string {
	counts := map[string]int{}
	for _, day := range e.Days {
		counts[dayClass(day)]++
	}
	var parts []string
	for _, part := range []struct{ class, text string }{
		{"down", "with a long outage"}, {"partial", "with a short outage"}, {"maintenance", "with maintenance"}, {"unknown", "not checked"},
		{"operational", "without an outage"},
	} {
		if n := counts[part.class]; n > 0 {
			parts = append(parts, plain.Count(n, "day")+" "+part.text)
		}
	}
	return "Last " + strconv.Itoa(len(e.Days)) + " days of " + e.Name + ": " + strings.Join(parts, ", ")
}

func legend() g.Node {
	item := func(class, text string) g.Node {
		return h.Li(h.SVG(h.Class("days key"), g.Attr("viewBox", "0 0 7 16"), g.Attr("aria-hidden", "true"),
			g.El("rect", h.Class(class), h.Width("7"), h.Height("16"))), g.Text(text))
	}
	return h.Ul(h.Class("legend"), h.Aria("label", "Colors of the days"),
		item("operational", "No outage"), item("partial", "Short outage"),
		item("down", "Long outage (uptime below "+strconv.Itoa(severe)+" %)"), item("maintenance", "Maintenance"), item("unknown", "Not checked"))
}
