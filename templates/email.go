// Package templates renders the two parts of a notification e-mail.
package templates

import (
	"fmt"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"nanomon/services/runner/alerting/notify"
)

// E-mail programs support little CSS. So the styles are inline, the layout consists of tables, and the style sheet
// contains only rules that an e-mail program may ignore.
const (
	emailStyles = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #14171c !important; }
  .card { background: #1d2128 !important; border-color: #333a45 !important; }
  .text { color: #e6e9ee !important; }
  .muted { color: #9aa5b4 !important; }
  .line { border-color: #333a45 !important; }
}
@media (max-width: 480px) {
  .inner { padding: 20px !important; }
  .button { display: block !important; text-align: center !important; }
}
`
	fonts     = "font-family: system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif;"
	breakLong = "overflow-wrap: anywhere; word-break: break-word;"
	pageStyle = "background: #f5f6f8;"
	cardStyle = "max-width: 600px; background: #ffffff; border: 1px solid #dde1e7; border-radius: 8px;" +
		" border-collapse: separate; overflow: hidden; " + fonts
	barStyle   = "height: 6px; line-height: 6px; font-size: 0; border-radius: 8px 8px 0 0; background: "
	badgeStyle = "display: inline-block; padding: 3px 12px; border-radius: 999px; color: #ffffff; font-size: 13px;" +
		" line-height: 20px; font-weight: 600; background: "
	titleStyle = "margin: 0 0 12px; color: #1b2027; font-size: 22px; line-height: 28px; font-weight: 600; " + breakLong
	textStyle  = "margin: 0 0 20px; color: #1b2027; font-size: 16px; line-height: 24px; " + breakLong
	rowsStyle  = "margin: 0 0 24px; font-size: 14px; line-height: 20px;"
	labelStyle = "width: 84px; padding: 8px 12px 8px 0; border-top: 1px solid #dde1e7; color: #5a6472;" +
		" font-weight: 400; text-align: left; white-space: nowrap;"
	valueStyle  = "padding: 8px 0; border-top: 1px solid #dde1e7; color: #1b2027; " + breakLong
	buttonStyle = "display: inline-block; padding: 10px 20px; border-radius: 6px; background: #1d4ed8; color: #ffffff;" +
		" font-size: 15px; line-height: 20px; font-weight: 600; text-decoration: none;"
	footerStyle = "margin: 16px 0 0; color: #5a6472; font-size: 12px; line-height: 18px; " + fonts
	footer      = "NanoMon sent this message automatically."
)

// toneColor returns the colour of a tone as a CSS value.
func toneColor(tone string) string {
	switch tone {
	case "failed":
		return "#b3261e"
	case "error":
		return "#97500a"
	case "warning":
		return "#756300"
	case "ok":
		return "#15703c"
	}
	return "#1d4ed8"
}

// PlainEmail returns the plain-text part of the e-mail for c.
func PlainEmail(c notify.Content) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", c.Title)
	if c.Text != "" {
		fmt.Fprintf(&b, "%s\n\n", c.Text)
	}
	fmt.Fprintf(&b, "Status: %s\n", c.Status)
	for _, row := range c.Rows {
		fmt.Fprintf(&b, "%s: %s\n", row.Label, row.Value)
	}
	fmt.Fprintf(&b, "\n%s: %s\n\n-- \n%s\n", c.LinkText, c.Link, footer)
	return b.String()
}

// HTMLEmail returns the HTML part of the e-mail for c. It does not use html/template, because with that package the
// programs are 3 MB larger; see TestProgramIsSmall.
func HTMLEmail(c notify.Content) g.Node {
	preview := c.Text
	if preview == "" {
		preview = c.Title
	}
	return h.Doctype(h.HTML(h.Lang("en"),
		h.Head(
			h.Meta(h.Charset("utf-8")),
			h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
			h.Meta(h.Name("color-scheme"), h.Content("light dark")),
			h.Meta(h.Name("supported-color-schemes"), h.Content("light dark")),
			h.TitleEl(g.Text(c.Title)),
			h.StyleEl(g.Raw(emailStyles)),
		),
		h.Body(h.Class("page"), h.Style("margin: 0; padding: 0; -webkit-text-size-adjust: 100%; "+pageStyle),
			h.Div(h.Style("display: none; max-height: 0; overflow: hidden;"), g.Text(preview)),
			layoutTable(h.Class("page"), h.Style(pageStyle),
				h.Tr(h.Td(align("center"), h.Style("padding: 24px 12px;"),
					layoutTable(h.Class("card"), h.Style(cardStyle),
						h.Tr(h.Td(h.Style(barStyle+toneColor(c.Tone)+";"), g.Raw("&nbsp;"))),
						h.Tr(h.Td(h.Class("inner"), h.Style("padding: 28px 32px;"), emailCard(c))),
					),
					h.P(h.Class("muted"), h.Style(footerStyle), g.Text(footer)),
				)),
			),
		),
	))
}

// emailCard returns what the card of the HTML part contains.
func emailCard(c notify.Content) g.Node {
	return g.Group{
		h.P(h.Style("margin: 0 0 12px;"), h.Span(h.Style(badgeStyle+toneColor(c.Tone)+";"), g.Text(c.Status))),
		h.H1(h.Dir("auto"), h.Class("text"), h.Style(titleStyle), g.Text(c.Title)),
		g.If(c.Text != "", h.P(h.Dir("auto"), h.Class("text"), h.Style(textStyle), g.Text(c.Text))),
		table(h.Style(rowsStyle), g.Map(c.Rows, func(row notify.Row) g.Node {
			return h.Tr(
				h.Th(g.Attr("scope", "row"), align("left"), alignTop(), h.Class("muted line"), h.Style(labelStyle), g.Text(row.Label)),
				h.Td(h.Dir("auto"), alignTop(), h.Class("text line"), h.Style(valueStyle), g.Text(row.Value)),
			)
		})),
		h.A(h.Href(c.Link), h.Class("button"), h.Style(buttonStyle), g.Text(c.LinkText)),
	}
}

// layoutTable returns a table that only arranges its cells.
func layoutTable(children ...g.Node) g.Node {
	return table(append(children, h.Role("presentation"))...)
}

// table returns a table as wide as its container, without the space that e-mail programs add to cells.
func table(children ...g.Node) g.Node {
	return h.Table(h.Width("100%"), g.Attr("cellpadding", "0"), g.Attr("cellspacing", "0"), g.Attr("border", "0"), g.Group(children))
}

func align(side string) g.Node { return g.Attr("align", side) }

func alignTop() g.Node { return g.Attr("valign", "top") }
