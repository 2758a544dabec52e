package render

import (
	g "maragu.dev/gomponents"
)

// Form describes the form that asks for the password of a status page.
type Form struct {
	// Action is the path to which the form is sent, with the field "password".
	Action string
	// Message says why an attempt failed; empty before the first one.
	Message string
}

// PasswordForm returns the page that asks for a password. It says nothing about the status page.
func PasswordForm(f Form) []byte {
	described := g.If(f.Message != "", g.Group{attr("aria-invalid", "true"), attr("aria-describedby", "problem")})
	return notice("Password required",
		el("p", words("This status page is protected. Enter its password to see it.")),
		el("form", attr("method", "post"), attr("action", f.Action),
			el("label", attr("for", "password"), words("Password")),
			el("input", attr("id", "password"), attr("name", "password"), attr("type", "password"), attr("autocomplete", "current-password"),
				g.Attr("required"), g.Attr("autofocus"), described),
			g.If(f.Message != "", el("p", class("problem"), attr("id", "problem"), attr("role", "alert"), words(f.Message))),
			el("button", attr("type", "submit"), words("Show status page")),
		),
	)
}

// NotFound returns the page for an address without a status page.
func NotFound() []byte {
	return notice("Page not found", el("p", words("There is no status page at this address. Check the link that you have followed.")))
}

// Unavailable returns the page that is shown until the content of the status pages was read for the first time.
func Unavailable() []byte {
	return notice("Status not available yet",
		el("p", words("The status page is starting and can’t read its data yet. Please try again in a minute.")))
}

// notice returns a page with a heading that says nothing about a status page.
func notice(title string, children ...g.Node) []byte {
	return document(title, el("meta", attr("name", "robots"), attr("content", "noindex")),
		el("div", class("status-page"), el("main", class("card notice"), el("h1", words(title)), g.Group(children)), footer()))
}

func footer(children ...g.Node) g.Node {
	return el("footer", g.Group(children), el("p", words("Powered by NanoMon")))
}
