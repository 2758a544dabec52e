// Package markdown reads the code in Markdown documents.
package markdown

import (
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Parse returns the syntax tree of a document in GitHub's Markdown. Headings have ids.
func Parse(source []byte) ast.Node {
	options := []goldmark.Option{goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID())}
	return goldmark.New(options...).Parser().Parse(text.NewReader(source))
}

// Code is a code block, or a text between backticks.
type Code struct {
	Text string
	// Shell says that it is a block of shell commands, Span that it is a text between backticks.
	Shell, Span bool
}

// ReadCode returns the code in a document in its order.
func ReadCode(source []byte) []Code {
	var found []Code
	// Walk fails only if the function does.
	_ = ast.Walk(Parse(source), func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := node.(type) {
		case *ast.FencedCodeBlock:
			found = append(found, Code{Text: string(n.Lines().Value(source)), Shell: string(n.Language(source)) == "sh"})
		case *ast.CodeSpan:
			found = append(found, Code{Text: spanText(n, source), Span: true})
		}
		return ast.WalkContinue, nil
	})
	return found
}

func spanText(span *ast.CodeSpan, source []byte) string {
	var content strings.Builder
	for child := span.FirstChild(); child != nil; child = child.NextSibling() {
		content.Write(child.(*ast.Text).Value(source))
	}
	return content.String()
}
