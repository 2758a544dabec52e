package render

import (
	"strconv"
	"strings"

	g "maragu.dev/gomponents"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/plain"
	"nanomon/services/common/web"
)

// badge is a label with a value, as in the badges of build systems.
type badge struct {
	label, message string
	// color is that of the message, shield its name at shields.io.
	color, shield string
}

// maxLabel is the maximum length of a label in characters.
const maxLabel = 40

const neutral, neutralShield = "#1d4ed8", "blue"

// StatusBadge returns the current level of an entry of a page as SVG. All badges of an old page are gray.
func StatusBadge(v *view.Page, e view.Entry) []byte { return statusBadge(v, e).svg() }

// StatusShield returns the same for the endpoint badge of shields.io.
func StatusShield(v *view.Page, e view.Entry) []byte { return statusBadge(v, e).json() }

// UptimeBadge returns the uptime of a window (24h, 7d, 30d or 90d) as SVG. It returns false if there is no such window.
// A window without checked time has the value "unknown".
func UptimeBadge(v *view.Page, e view.Entry, window string) ([]byte, bool) {
	b, ok := uptimeBadge(e, window)
	return b.ofPage(v).svg(), ok
}

// UptimeShield returns the same for the endpoint badge of shields.io.
func UptimeShield(v *view.Page, e view.Entry, window string) ([]byte, bool) {
	b, ok := uptimeBadge(e, window)
	return b.ofPage(v).json(), ok
}

// ResponseBadge returns the median response time of the last 24 hours as SVG.
func ResponseBadge(v *view.Page, e view.Entry) []byte { return responseBadge(e).ofPage(v).svg() }

// ResponseShield returns the same for the endpoint badge of shields.io.
func ResponseShield(v *view.Page, e view.Entry) []byte { return responseBadge(e).ofPage(v).json() }

func statusBadge(v *view.Page, e view.Entry) badge {
	l := levelOf(e.Level)
	b := badge{plain.Shorten(e.Name, maxLabel), strings.ToLower(l.text), l.color, l.shield}
	if !v.Since.IsZero() {
		b.message = "not updated"
	}
	return b.ofPage(v)
}

// ofPage returns the badge in gray if the page is old.
func (b badge) ofPage(v *view.Page) badge {
	if !v.Since.IsZero() {
		b.color, b.shield = levelOf(view.Unknown).color, levelOf(view.Unknown).shield
	}
	return b
}

func uptimeBadge(e view.Entry, window string) (badge, bool) {
	switch window {
	case "24h", "7d", "30d", "90d":
	default:
		return badge{}, false
	}
	b := badge{"uptime " + window, "unknown", levelOf(view.Unknown).color, levelOf(view.Unknown).shield}
	if uptime, ok := e.Uptimes[window]; ok {
		l := levelOf(uptimeLevel(uptime))
		b.message, b.color, b.shield = percent(uptime), l.color, l.shield
	}
	return b, true
}

// uptimeLevel returns the level whose color fits an uptime.
func uptimeLevel(uptime float64) view.Level {
	switch {
	case uptime >= 99:
		return view.Operational
	case uptime >= severe:
		return view.Partial
	}
	return view.Down
}

func responseBadge(e view.Entry) badge {
	if e.Response == nil {
		return badge{"response time", "unknown", levelOf(view.Unknown).color, levelOf(view.Unknown).shield}
	}
	return badge{"response time", milliseconds(*e.Response), neutral, neutralShield}
}

// json returns the badge in the format of https://shields.io/badges/endpoint-badge.
func (b badge) json() []byte {
	data, err := web.Encode(struct {
		SchemaVersion int    `json:"schemaVersion"`
		Label         string `json:"label"`
		Message       string `json:"message"`
		Color         string `json:"color"`
	}{1, b.label, b.message, b.shield})
	if err != nil {
		panic(err) // texts always encode
	}
	return data
}

// The measures of a badge in pixels.
const (
	badgeHeight  = 20
	badgePadding = 6
)

func (b badge) svg() []byte {
	label, message := plainXML(b.label), plainXML(b.message)
	left, right := textWidth(label)+2*badgePadding, textWidth(message)+2*badgePadding
	width, size := strconv.Itoa(left+right), strconv.Itoa(badgeHeight)
	title := label + ": " + message
	rect := func(x, w int, fill string) g.Node {
		return el("rect", attr("x", strconv.Itoa(x)), attr("width", strconv.Itoa(w)), attr("height", size), attr("fill", fill))
	}
	part := func(x, w int, content string) g.Node {
		return el("text", attr("x", strconv.Itoa(x)), attr("y", "14"), attr("textLength", strconv.Itoa(w)), words(content))
	}
	return markup(el("svg", attr("xmlns", "http://www.w3.org/2000/svg"), attr("width", width), attr("height", size),
		attr("role", "img"), attr("aria-label", title),
		el("title", words(title)),
		el("clipPath", attr("id", "r"), el("rect", attr("width", width), attr("height", size), attr("rx", "3"))),
		el("g", attr("clip-path", "url(#r)"), rect(0, left, "#444c56"), rect(left, right, b.color)),
		el("g", attr("fill", "#fff"), attr("font-family", "Verdana,DejaVu Sans,Geneva,sans-serif"), attr("font-size", "11"),
			part(badgePadding, left-2*badgePadding, label), part(left+badgePadding, right-2*badgePadding, message)),
	))
}
