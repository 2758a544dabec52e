package render

import (
	"io"
	"strconv"
	"strings"
	"time"

	g "maragu.dev/gomponents"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/plain"
)

// The size of the drawing of the days. It is stretched to the width of the page.
const (
	dayWidth  = 10
	barWidth  = 6
	barHeight = 32
)

// severe is the uptime in percent below which a day has a long outage.
const severe = 95

// minNotChecked is the time without checks that is worth mentioning on a day.
const minNotChecked = time.Minute

// bars draws the days of an entry. For screen readers it is one image with a summary.
func bars(e view.Entry) g.Node {
	width := strconv.Itoa(len(e.Days)*dayWidth - dayWidth + barWidth)
	return el("svg", class("days"), attr("viewBox", "0 0 "+width+" "+strconv.Itoa(barHeight)),
		attr("preserveAspectRatio", "none"), attr("role", "img"), attr("aria-label", summary(e)),
		g.NodeFunc(func(w io.Writer) error { return drawDays(w, e.Days) }))
}

// drawDays writes elements directly, because there are thousands of them on a page.
func drawDays(w io.Writer, days []view.Day) error {
	b := make([]byte, 0, 160*len(days))
	for i, d := range days {
		b = appendBar(b, dayClass(d), i*dayWidth, barWidth)
		b = append(b, "><title>"...)
		b = append(b, date(d.Date, day)...)
		for _, line := range dayLines(d) {
			b = append(append(b, '\n'), line...)
		}
		b = append(b, "</title></rect>"...)
	}
	_, err := w.Write(b)
	return err
}

// dayClass returns the class of the bar of a day.
func dayClass(d view.Day) string {
	switch {
	case d.Down > 0 && d.Uptime != nil && *d.Uptime < severe:
		return levelOf(view.Down).name
	case d.Down > 0:
		return levelOf(view.Partial).name
	case d.Maintenance > 0:
		return levelOf(view.InMaintenance).name
	case d.Uptime == nil:
		return levelOf(view.Unknown).name
	}
	return levelOf(view.Operational).name
}

// appendBar appends the beginning of a bar. Days with an outage are larger, with maintenance wider, and
// without a check smaller, so that nobody needs to see the colors.
func appendBar(b []byte, class string, x, width int) []byte {
	top, height := 5, barHeight-5
	switch class {
	case levelOf(view.Down).name, levelOf(view.Partial).name:
		top, height, x, width = 0, barHeight, x-1, width+2
	case levelOf(view.InMaintenance).name:
		x, width = x-1, width+2
	case levelOf(view.Unknown).name:
		top, height = barHeight-10, 10
	}
	b = append(append(b, `<rect class="`...), class...)
	b = strconv.AppendInt(append(b, `" x="`...), int64(x), 10)
	b = strconv.AppendInt(append(b, `" y="`...), int64(top), 10)
	b = strconv.AppendInt(append(b, `" width="`...), int64(width), 10)
	b = strconv.AppendInt(append(b, `" height="`...), int64(height), 10)
	return append(b, '"')
}

// dayLines describes a day. The lines contain nothing that HTML escapes.
func dayLines(d view.Day) []string {
	var lines []string
	switch {
	case d.Uptime != nil && *d.Uptime == 100:
		lines = append(lines, "100 % uptime")
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
	if d.Uptime != nil && d.NotChecked >= minNotChecked {
		lines = append(lines, "Not checked for "+duration(d.NotChecked))
	}
	return lines
}

// joined joins lines to one, in which only the first begins with a capital letter.
func joined(lines []string) string {
	for i := 1; i < len(lines); i++ {
		lines[i] = strings.ToLower(lines[i])
	}
	return strings.Join(lines, ", ")
}

// summary describes the days of an entry for screen readers.
func summary(e view.Entry) string {
	counts := map[string]int{}
	for _, d := range e.Days {
		counts[dayClass(d)]++
	}
	var parts []string
	for _, part := range []struct {
		level view.Level
		text  string
	}{
		{view.Down, "with a long outage"}, {view.Partial, "with a short outage"}, {view.InMaintenance, "with maintenance"},
		{view.Unknown, "not checked"}, {view.Operational, "without an outage"},
	} {
		if n := counts[levelOf(part.level).name]; n > 0 {
			parts = append(parts, plain.Count(n, "day")+" "+part.text)
		}
	}
	return e.Name + ", last " + plain.Count(len(e.Days), "day") + ": " + strings.Join(parts, ", ")
}

// legend explains the bars.
func legend() g.Node {
	item := func(l view.Level, text string) g.Node {
		return el("li", el("svg", class("key"), attr("viewBox", "0 0 10 32"), attr("aria-hidden", "true"),
			raw(string(appendBar(nil, levelOf(l).name, 1, 8))+"/>")), words(text))
	}
	return el("ul", class("legend"), attr("aria-label", "Colors of the days"),
		item(view.Operational, "No outage"), item(view.Partial, "Short outage"),
		item(view.Down, "Long outage (less than "+strconv.Itoa(severe)+" % uptime)"),
		item(view.InMaintenance, "Maintenance"), item(view.Unknown, "Not checked"))
}
