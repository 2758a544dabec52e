// Package render turns the public content of status pages into HTML, JSON, feeds and badges. Its functions are pure: they
// know no store, no clock and no request.
package render

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the style sheet and the script
	"encoding/base64"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"nanomon/services/api/statuspage/view"
)

// The content types of what this package returns.
const (
	TypeHTML = "text/html; charset=utf-8"
	TypeJSON = "application/json"
	TypeAtom = "application/atom+xml; charset=utf-8"
	TypeSVG  = "image/svg+xml; charset=utf-8"
)

var (
	//go:embed style.css
	styleFile string
	//go:embed script.js
	scriptFile string

	style, script = compact(styleFile), compact(scriptFile)
)

// compact removes the indentation, empty lines and lines with a comment.
func compact(file string) string {
	var b strings.Builder
	for line := range strings.Lines(file) {
		if line = strings.TrimLeft(line, " \n"); !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "/*") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// ContentSecurityPolicy is the policy of all HTML that this package returns. It allows the embedded style sheet and
// script by their hashes, and nothing else that is inline.
var ContentSecurityPolicy = "default-src 'none'; style-src '" + hash(style) + "'; script-src '" + hash(script) +
	"'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors *"

// hash returns the hash of an inline element as a content security policy names it.
func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Style returns the style sheet. It also works inside a shadow root, for what [Content] returns.
func Style() string { return style }

// Page returns a status page as HTML. It works without JavaScript.
func Page(v *view.Page) []byte {
	state := v.Overall.Text
	if !v.Since.IsZero() {
		state = "Last known status: " + state
	}
	return document(state+" – "+v.Title, g.Group{
		g.If(v.NoIndex, el("meta", attr("name", "robots"), attr("content", "noindex"))),
		el("link", attr("rel", "alternate"), attr("type", "application/atom+xml"), attr("title", v.Title), attr("href", path(v)+".atom")),
		el("meta", attr("name", "description"), attr("content", state)),
		el("link", attr("rel", "icon"), attr("href", levelOf(shownLevel(v)).favicon())),
	}, content(v, "main"), el("p", class("live"), attr("role", "status")), el("p", class("news"), attr("role", "status")), el("div", class("tip")), el("script", raw(script)))
}

// Content returns the part of a status page below its body, for a preview. It needs the style sheet of [Style].
func Content(v *view.Page) []byte { return markup(content(v, "div")) }

// path returns the path of the status page. Its feed, data and logo begin with it.
func path(v *view.Page) string { return "/status/" + v.Slug }

// document returns an HTML document with the style sheet.
func document(title string, head g.Node, body ...g.Node) []byte {
	return markup(h.Doctype(el("html", attr("lang", "en"),
		el("head",
			el("meta", attr("charset", "utf-8")),
			el("meta", attr("name", "viewport"), attr("content", "width=device-width, initial-scale=1")),
			el("meta", attr("name", "color-scheme"), attr("content", "light dark")),
			el("title", words(title)),
			head,
			el("style", raw(style)),
		),
		el("body", body...),
	)))
}

func markup(node g.Node) []byte {
	var b bytes.Buffer
	if err := node.Render(&b); err != nil {
		panic(err) // a buffer does not fail
	}
	return b.Bytes()
}
