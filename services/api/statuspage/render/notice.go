package render

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
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
	described := g.If(f.Message != "", g.Group{g.Attr("aria-invalid", "true"), g.Attr("aria-describedby", "problem")})
	return notice("Password required",
		h.P(g.Text("This status page is protected. Enter its password to see it.")),
		h.Form(h.Method("post"), h.Action(f.Action),
			h.Label(h.For("password"), g.Text("Password")),
			h.Input(h.ID("password"), h.Name("password"), h.Type("password"), h.AutoComplete("current-password"),
				h.Required(), h.AutoFocus(), described),
			g.If(f.Message != "", h.P(h.Class("problem"), h.ID("problem"), h.Role("alert"), g.Text(f.Message))),
			h.Button(h.Type("submit"), g.Text("Show status page")),
		),
	)
}

// NotFound returns the page for an address without a status page.
func NotFound() []byte {
	return notice("Page not found", h.P(g.Text("There is no status page at this address. Check the link that you have followed.")))
}

// Unavailable returns the page that is shown until the content of the status pages was read for the first time.
func Unavailable() []byte {
	return notice("Status not available yet",
		h.P(g.Text("The status page is starting and can’t read its data yet. Please try again in a minute.")))
}

// notice returns a page with a heading that says nothing about a status page.
func notice(title string, children ...g.Node) []byte {
	return document(title, h.Meta(h.Name("robots"), h.Content("noindex")),
		h.Div(h.Class("status-page"), h.Main(h.Class("card notice"), h.H1(g.Text(title)), g.Group(children)), footer()))
}

func footer(children ...g.Node) g.Node {
	return h.Footer(g.Group(children), h.P(g.Text("Powered by NanoMon")))
}
