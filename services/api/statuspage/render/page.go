package render

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"nanomon/services/api/statuspage/view"
)

func content(v *view.Page) g.Node {
	return h.Div(h.Class("status-page"),
		h.Header(
			g.If(v.HasLogo, h.Img(h.Class("logo"), h.Src(path(v)+"/logo"), h.Alt(""))),
			h.H1(h.Dir("auto"), g.Text(v.Title)),
		),
		h.Main(
			old(v),
			h.P(h.Class("overall "+levelOf(v.Overall.Level).name), icon(v.Overall.Level), h.Strong(h.Dir("auto"), g.Text(v.Overall.Text))),
			introduction(v),
			openEvents(v),
			g.Map(v.Sections, func(s view.Section) g.Node { return section(v, s) }),
			g.If(v.Show.Uptime && len(v.Sections) > 0, legend()),
			past(v),
		),
		footer(
			h.P(g.Text("Times are in "+zoneName(v)+".")),
			h.P(h.A(h.Href(path(v)+".atom"), g.Text("News feed"))),
		),
	)
}

// old says that the content of the page is old, if it is.
func old(v *view.Page) g.Node {
	if v.Since.IsZero() {
		return nil
	}
	return h.P(h.Class("old"), h.Role("status"),
		g.Text("Not updated since "), moment(v, v.Since, clockSeconds),
		g.Text(". NanoMon can’t read its data at the moment."))
}

func introduction(v *view.Page) g.Node {
	if v.Introduction == "" {
		return nil
	}
	return h.Div(h.Class("introduction text"), h.Dir("auto"), g.Raw(markdown(v.Introduction)))
}
