// Package docsite renders the Markdown documents of NanoMon as web pages.
package docsite

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"io/fs"
	"iter"
	"maps"
	"path"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
)

const (
	// indexFile lists all documents: a heading for each group of readers, and below it the links to the documents.
	indexFile = "README.md"
	// indexName is the name of the page of indexFile.
	indexName = ""
)

// pageTemplate is the HTML around the content of a document. It has names in braces for what differs. A template of the
// standard library would make the program frontend larger by 2.4 MB.
//
//go:embed page.html
var pageTemplate string

// Site is the documentation as a set of web pages, which link to each other by relative addresses.
type Site struct {
	files fs.FS
	// titles are the titles of the pages by name.
	titles   map[string]string
	groups   []group
	markdown goldmark.Markdown
}

// group is a heading of the index, and the names of the documents below it.
type group struct {
	heading string
	names   []string
}

// section is a heading of a document.
type section struct{ id, text string }

// New returns the documentation of files, whose README.md is the index. It reads only the titles.
func New(files fs.FS) (*Site, error) {
	s := &Site{files: files, titles: make(map[string]string)}
	s.markdown = newMarkdown(s)
	names, err := fs.Glob(files, "*.md")
	if err != nil {
		return nil, fmt.Errorf("list the documentation: %w", err)
	}
	for _, file := range names {
		source, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, fmt.Errorf("read the documentation: %w", err)
		}
		first, _, _ := bytes.Cut(source, []byte("\n"))
		title, found := strings.CutPrefix(string(first), "# ")
		if !found {
			return nil, fmt.Errorf("the document %s does not begin with its title", file)
		}
		s.titles[nameOf(file)] = title
	}
	if s.groups, err = s.readIndex(); err != nil {
		return nil, err
	}
	return s, nil
}

// Names returns the names of the pages. The name of the index is empty.
func (s *Site) Names() iter.Seq[string] { return maps.Keys(s.titles) }

// Page returns the HTML of a page.
func (s *Site) Page(name string) ([]byte, error) {
	source, err := fs.ReadFile(s.files, fileOf(name))
	if err != nil {
		return nil, fmt.Errorf("read the documentation: %w", err)
	}
	root := s.parse(source)
	var content bytes.Buffer
	if err := s.markdown.Renderer().Render(&content, source, root); err != nil {
		return nil, fmt.Errorf("render the document %s: %w", fileOf(name), err)
	}
	title := "NanoMon documentation"
	if name != indexName {
		title = s.titles[name] + " · " + title
	}
	return []byte(strings.NewReplacer(
		"{title}", html.EscapeString(title), "{current}", current(name == indexName),
		"{content}", content.String(), "{contents}", s.navigation(name, sections(root, source)),
	).Replace(pageTemplate)), nil
}

// navigation returns the HTML of the groups with their documents, and with the sections of one document.
func (s *Site) navigation(name string, sections []section) string {
	var nav strings.Builder
	for _, g := range s.groups {
		fmt.Fprintf(&nav, "<h2>%s</h2>\n<ul>\n", html.EscapeString(g.heading))
		for _, document := range g.names {
			fmt.Fprintf(&nav, "<li><a href=\"%s\"%s>%s</a>", document, current(document == name), html.EscapeString(s.titles[document]))
			if document == name && len(sections) > 0 {
				nav.WriteString("\n<ul>\n")
				for _, section := range sections {
					fmt.Fprintf(&nav, "<li><a href=\"#%s\">%s</a></li>\n", section.id, html.EscapeString(section.text))
				}
				nav.WriteString("</ul>\n")
			}
			nav.WriteString("</li>\n")
		}
		nav.WriteString("</ul>\n")
	}
	return nav.String()
}

// current returns the attribute of the link to the current page.
func current(isCurrent bool) string {
	if isCurrent {
		return ` aria-current="page"`
	}
	return ""
}

// readIndex returns the groups of the index. Every document must be in it.
func (s *Site) readIndex() ([]group, error) {
	source, err := fs.ReadFile(s.files, indexFile)
	if err != nil {
		return nil, fmt.Errorf("read the documentation: %w", err)
	}
	var groups []group
	listed := map[string]bool{indexName: true}
	// Walk fails only if the function does.
	_ = ast.Walk(s.parse(source), func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := node.(type) {
		case *ast.Heading:
			if entering && n.Level == 2 {
				groups = append(groups, group{heading: textOf(n, source)})
			}
		case *ast.Link:
			name := string(n.Destination)
			if _, isPage := s.titles[name]; entering && isPage && !listed[name] && len(groups) > 0 {
				listed[name] = true
				last := &groups[len(groups)-1]
				last.names = append(last.names, name)
			}
		}
		return ast.WalkContinue, nil
	})
	for name := range s.titles {
		if !listed[name] {
			return nil, fmt.Errorf("the index of the documentation does not list %s", fileOf(name))
		}
	}
	return groups, nil
}

// nameOf returns the name of the page of a file, and fileOf the file of a page.
func nameOf(file string) string {
	if file == indexFile {
		return indexName
	}
	return strings.TrimSuffix(file, path.Ext(file))
}

func fileOf(name string) string {
	if name == indexName {
		return indexFile
	}
	return name + ".md"
}
