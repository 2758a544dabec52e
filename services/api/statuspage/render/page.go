package render

import (
	g "maragu.dev/gomponents"

	"nanomon/services/api/statuspage/view"
)

// content returns what the body of a page contains. The element main has the part that changes.
func content(v *view.Page, main string) g.Node {
	return el("div", class("status-page"),
		el("header",
			g.If(v.HasLogo, el("img", class("logo"), attr("src", path(v)+"/logo"), attr("alt", ""))),
			el("h1", attr("dir", "auto"), words(v.Title)),
		),
		el(main,
			overall(v),
			introduction(v),
			openEvents(v),
			sections(v),
			maintenances(v, "Planned maintenance", false),
			past(v),
		),
		footer(
			el("p", words("Times are in "+zoneName(v)+".")),
			el("p", el("a", attr("href", path(v)+".atom"), words("Follow updates in a feed reader"))),
		),
	)
}

// overall describes the page in a sentence, and says if it is old.
func overall(v *view.Page) g.Node {
	level, isOld := shownLevel(v), !v.Since.IsZero()
	return g.Group{
		g.Iff(isOld, func() g.Node {
			return el("p", class("old"), icon(view.Partial), el("span", words("Not updated since "), moment(v, v.Since, toSecond),
				words(". Current data is not available at the moment.")))
		}),
		el("p", class("overall "+levelOf(level).name), icon(level), el("span", attr("dir", "auto"),
			g.If(isOld, el("span", class("last"), words("Last known status"))), words(v.Overall.Text))),
	}
}

func introduction(v *view.Page) g.Node {
	if v.Introduction == "" {
		return nil
	}
	return el("div", class("introduction text"), attr("dir", "auto"), raw(toHTML(introductionText, v.Introduction)))
}
