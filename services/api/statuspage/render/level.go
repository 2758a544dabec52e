package render

import (
	"net/url"

	g "maragu.dev/gomponents"

	"nanomon/services/api/statuspage/view"
)

// level describes a level of an entry or a page.
type level struct {
	// name is the class in HTML and the value in JSON.
	name string
	// text is for people.
	text string
	// icon is the path of a drawing of 16 by 16.
	icon string
	// color is the color of a badge, shield that of shields.io.
	color, shield string
}

// levels is indexed by [view.Level].
var levels = [...]level{
	view.Unknown: {
		"unknown", "Not checked", "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM4.5 7.1h7v1.8h-7z", "#5a6472", "lightgrey",
	},
	view.Operational: {
		"operational", "Operational", "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM7 11.4 3.9 8.3l1.3-1.3L7 8.8l3.9-3.9 1.3 1.3z", "#15703c", "brightgreen",
	},
	view.InMaintenance: {
		"maintenance", "Maintenance", "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM5 4.5h2.2v7H5zM8.8 4.5H11v7H8.8z", "#1d4ed8", "blue",
	},
	view.Partial: {
		"partial", "Partial outage", "M8 1 .6 14.5h14.8zM7.1 6h1.8v4H7.1zM7.1 11h1.8v1.8H7.1z", "#97500a", "orange",
	},
	view.Down: {
		"down", "Outage", "M5.1 1 1 5.1v5.8L5.1 15h5.8l4.1-4.1V5.1L10.9 1zM5.6 4.2 8 6.6l2.4-2.4 1.4 1.4L9.4 8l2.4 2.4-1.4 1.4L8 9.4l-2.4 2.4-1.4-1.4L6.6 8 4.2 5.6z", "#b3261e", "red",
	},
}

// favicon returns the icon of a page as a data URL.
func (l level) favicon() string {
	return "data:image/svg+xml," + url.PathEscape(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="`+
		l.color+`" fill-rule="evenodd" d="`+l.icon+`"/></svg>`)
}

func levelOf(l view.Level) level { return levels[l] }

// icon draws a level. Its shape tells levels apart without colors.
func icon(l view.Level) g.Node {
	return el("svg", class("icon"), attr("viewBox", "0 0 16 16"), attr("aria-hidden", "true"),
		el("path", attr("fill-rule", "evenodd"), attr("d", levelOf(l).icon)))
}

// shownLevel returns the level of a page, which is unknown if the page is old.
func shownLevel(v *view.Page) view.Level {
	if v.Since.IsZero() {
		return v.Overall.Level
	}
	return view.Unknown
}
