package render

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// The texts of a status page. The result contains no HTML of the source, no images, and links only to web and e-mail
// addresses. It can be part of a page without more checks.
var (
	introductionText = newMarkdown(2)
	currentText      = newMarkdown(4)
	pastText         = newMarkdown(5)
)

// toHTML returns a text as HTML.
func toHTML(m goldmark.Markdown, source string) string {
	var b bytes.Buffer
	if err := m.Convert([]byte(strings.ToValidUTF8(source, "\uFFFD")), &b); err != nil {
		panic(err) // a buffer does not fail
	}
	return b.String()
}

// newMarkdown returns a parser and renderer of paragraphs, headings, lists, quotes, code, emphasis and links. A
// first-level heading becomes one of the level top. HTML is left out, and anything else that is not known is shown as text.
func newMarkdown(top int) goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Strikethrough, extension.Linkify),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(cleaner{top}, 1000))),
		goldmark.WithRendererOptions(html.WithHardWraps(), renderer.WithNodeRenderers(util.Prioritized(safeRenderer{}, 100))),
	)
}

// cleaner removes images, HTML and links that are not allowed from a document.
type cleaner struct {
	// top is the level of first-level headings.
	top int
}

// Transform implements parser.ASTTransformer.
func (c cleaner) Transform(document *ast.Document, reader text.Reader, _ parser.Context) {
	var unwanted, unwrapped []ast.Node
	// Walk fails only if the function does.
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := node.(type) {
		case *ast.Heading:
			n.Level = min(n.Level+c.top-1, 6)
		case *ast.HTMLBlock, *ast.RawHTML:
			unwanted = append(unwanted, n)
		case *ast.Image:
			unwrapped = append(unwrapped, n)
		case *ast.Link:
			n.Destination = util.URLEscape(n.Destination, true)
			if !isAllowed(string(n.Destination)) {
				unwrapped = append(unwrapped, n)
			} else if !n.HasChildren() {
				n.AppendChild(n, rawText(n.Destination))
			}
		case *ast.AutoLink:
			if !isAllowed(autoLink(n, reader.Source())) {
				unwrapped = append(unwrapped, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, node := range unwanted {
		node.Parent().RemoveChild(node.Parent(), node)
	}
	for _, node := range unwrapped {
		unwrap(node, reader.Source())
	}
}

// unwrap replaces a node with its children, or with its text if it is an automatic link.
func unwrap(node ast.Node, source []byte) {
	parent := node.Parent()
	if link, ok := node.(*ast.AutoLink); ok {
		parent.InsertBefore(parent, node, rawText(link.Label(source)))
	}
	for child := node.FirstChild(); child != nil; child = node.FirstChild() {
		parent.InsertBefore(parent, node, child)
	}
	parent.RemoveChild(parent, node)
}

// rawText returns a text in which references and escapes have no meaning.
func rawText(text []byte) ast.Node {
	node := ast.NewString(text)
	node.SetRaw(true)
	return node
}

// isAllowed reports whether a link may have the address: a complete one of the web, or one for e-mail.
func isAllowed(address string) bool {
	to, err := url.Parse(address)
	if err != nil {
		return false
	}
	switch to.Scheme {
	case "http", "https":
		return to.Host != ""
	case "mailto":
		return to.Opaque != ""
	}
	return false
}

// autoLink returns the address of a link that is only written as its address, escaped.
func autoLink(n *ast.AutoLink, source []byte) string {
	address := string(util.URLEscape(n.URL(source), true))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(address), "mailto:") {
		return "mailto:" + address
	}
	return address
}
