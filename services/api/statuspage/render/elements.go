package render

import g "maragu.dev/gomponents"

// The functions of package html are not used: the compiler copies the code of an element to each place that calls them,
// which needs 0.3 MB in the programs. TestProgramIsSmall limits their size.

// el returns an element.
//
//go:noinline
func el(name string, children ...g.Node) g.Node { return g.El(name, children...) }

// attr returns an attribute.
//
//go:noinline
func attr(name, value string) g.Node { return g.Attr(name, value) }

//go:noinline
func class(name string) g.Node { return g.Attr("class", name) }

// words returns a text, escaped.
//
//go:noinline
func words(content string) g.Node { return g.Text(content) }

// raw returns a text that is already HTML.
//
//go:noinline
func raw(content string) g.Node { return g.Raw(content) }
