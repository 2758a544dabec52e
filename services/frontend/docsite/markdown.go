package docsite

import (
	"html"
	"net/url"
	"path"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// newMarkdown returns a parser and renderer of GitHub's Markdown. Headings get ids. HTML in documents is not rendered, and
// no element gets a style, which the policy of the page forbids.
func newMarkdown(s *Site) goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
			extension.Strikethrough, extension.Linkify,
		),
		goldmark.WithParserOptions(
			parser.WithAutoHeadingID(), parser.WithASTTransformers(util.Prioritized(transformer{s}, 1000)),
		),
		// A smaller number takes precedence over the default, which is 500 for tables.
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(scrollable{}, 100))),
	)
}

func (s *Site) parse(source []byte) ast.Node {
	return s.markdown.Parser().Parse(text.NewReader(source))
}

// transformer makes the links of a document right for its page, and removes comments.
type transformer struct{ site *Site }

// Transform implements parser.ASTTransformer.
func (t transformer) Transform(document *ast.Document, reader text.Reader, _ parser.Context) {
	var links []*ast.Link
	var blocks []ast.Node
	// Walk fails only if the function does.
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			switch n := node.(type) {
			case *ast.Link:
				links = append(links, n)
			case *ast.HTMLBlock:
				blocks = append(blocks, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, block := range blocks {
		block.Parent().RemoveChild(block.Parent(), block)
	}
	for _, link := range links {
		t.resolve(link, reader.Source())
	}
}

// resolve changes a link to another document into a link to its page. If its text is the name of the file, it becomes the
// title. A link to a file that has no page becomes a text, with the path of the file in the repository unless the text is the
// path or its beginning.
func (t transformer) resolve(link *ast.Link, source []byte) {
	to, err := url.Parse(string(link.Destination))
	if err != nil || to.Scheme != "" || to.Path == "" {
		return
	}
	label := textOf(link, source)
	if title, found := t.site.titles[nameOf(to.Path)]; found && path.Ext(to.Path) == ".md" {
		if label == to.Path {
			link.RemoveChildren(link)
			link.AppendChild(link, ast.NewString([]byte(title)))
		}
		address := &url.URL{Path: nameOf(to.Path), Fragment: to.Fragment}
		link.Destination = []byte(address.String())
		if address.Path == indexName {
			link.Destination = []byte("./" + address.String())
		}
		return
	}
	parent := link.Parent()
	for child := link.FirstChild(); child != nil; child = link.FirstChild() {
		parent.InsertBefore(parent, link, child)
	}
	file := path.Join("docs", to.Path)
	if rest, named := strings.CutPrefix(file, label); !named || rest != "" && !strings.ContainsAny(rest[:1], "./") {
		parent.InsertBefore(parent, link, ast.NewString([]byte(" ("+file+")")))
	}
	parent.RemoveChild(parent, link)
}

// sections returns the headings of the second level.
func sections(document ast.Node, source []byte) []section {
	var found []section
	for node := document.FirstChild(); node != nil; node = node.NextSibling() {
		if heading, ok := node.(*ast.Heading); ok && heading.Level == 2 {
			id, _ := heading.AttributeString("id")
			value, _ := id.([]byte)
			found = append(found, section{id: string(value), text: textOf(heading, source)})
		}
	}
	return found
}

// textOf returns the text of a node without markup.
func textOf(node ast.Node, source []byte) string {
	var content strings.Builder
	// Walk fails only if the function does.
	_ = ast.Walk(node, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			switch n := node.(type) {
			case *ast.Text:
				content.Write(n.Value(source))
			case *ast.String:
				content.Write(n.Value)
			}
		}
		return ast.WalkContinue, nil
	})
	return html.UnescapeString(content.String())
}

// scrollable renders tables and code. Both scroll if they are too wide, and the keyboard can scroll them.
type scrollable struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (scrollable) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(tables.KindTable, renderTable)
	r.Register(ast.KindFencedCodeBlock, renderCode)
	r.Register(ast.KindCodeBlock, renderCode)
}

func renderTable(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString("<div class=\"scroll\" tabindex=\"0\">\n<table>\n")
	} else {
		_, _ = w.WriteString("</table>\n</div>\n")
	}
	return ast.WalkContinue, nil
}

func renderCode(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		code := html.EscapeString(string(node.Lines().Value(source)))
		_, _ = w.WriteString("<pre tabindex=\"0\"><code>" + code + "</code></pre>\n")
	}
	return ast.WalkContinue, nil
}
