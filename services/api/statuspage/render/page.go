package render

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"nanomon/services/api/statuspage/view"
)

// content returns what the body of a page contains. The element main has the part that changes.
func content(v *view.Page, main func(...g.Node) g.Node) g.Node {
	return h.Div(h.Class("status-page"),
		h.Header(
			g.If(v.HasLogo, h.Img(h.Class("logo"), h.Src(path(v)+"/logo"), h.Alt(""))),
			h.H1(h.Dir("auto"), g.Text(v.Title)),
		),
		main(
			overall(v),
			introduction(v),
			openEvents(v),
			sections(v),
			past(v),
		),
		footer(
			h.P(g.Text("Times are in "+zoneName(v)+".")),
			h.P(h.A(h.Href(path(v)+".atom"), g.Text("Follow updates in a feed reader"))),
		),
	)
}

// overall describes the page in a sentence, and says if it is old.
func overall(v *view.Page) g.Node {
	level, isOld := shownLevel(v), !v.Since.IsZero()
	return g.Group{
		g.Iff(isOld, func() g.Node {
			return h.P(h.Class("old"), icon(view.Partial), h.Span(g.Text("Not updated since "), moment(v, v.Since, toSecond),
				g.Text(". Current data is not available at the moment.")))
		}),
		h.P(h.Class("overall "+levelOf(level).name), icon(level), h.Span(h.Dir("auto"),
			g.If(isOld, h.Span(h.Class("last"), g.Text("Last known status"))), g.Text(v.Overall.Text))),
	}
}

func introduction(v *view.Page) g.Node {
	if v.Introduction == "" {
		return nil
	}
	return h.Div(h.Class("introduction text"), h.Dir("auto"), g.Raw(toHTML(introductionText, v.Introduction)))
}
