package docsite_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"nanomon/services/frontend/docsite"
)

const index = "# Documentation\n\n## Use it\n\n| document | about |\n|---|--:|\n| [a.md](a.md) | A & B |\n| [the tool](../tool/README.md) | [tool/x](../tool/x/y.go) |\n\n## Run it\n\n[b.md](b.md)\n"

func documents() fstest.MapFS {
	return fstest.MapFS{
		"README.md": {Data: []byte(index)},
		"a.md":      {Data: []byte("# A & B\n\n<!-- comment -->\n\n" + links + "\n\n## Some `code` & more\n\n```sh\necho <x> | a\n```\n\n### Deep\n")},
		"b.md":      {Data: []byte("# B\n")},
	}
}

const links = "[b.md](b.md) [there](b.md#some) [index](README.md#use-it) [here](#deep) [a `tool`](../tool/run.sh) " +
	"[../deploy](../deploy) [data.json](data.json) [web](https://example.com/x.md)"

func pageOf(t *testing.T, files fstest.MapFS, name string) string {
	t.Helper()
	site, err := docsite.New(files)
	if err != nil {
		t.Fatal(err)
	}
	page, err := site.Page(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestPage(t *testing.T) {
	page := pageOf(t, documents(), "a")
	for _, want := range []string{
		"<title>A &amp; B · NanoMon documentation</title>", `<h1 id="a--b">A &amp; B</h1>`,
		// Links: the title for the name of a file, and the path of a file that has no page.
		`<a href="b">B</a> <a href="b#some">there</a> <a href="./#use-it">index</a> <a href="#deep">here</a>`,
		`a <code>tool</code> (tool/run.sh) ../deploy (deploy) data.json (docs/data.json) <a href="https://example.com/x.md">web</a>`,
		"<pre tabindex=\"0\"><code>echo &lt;x&gt; | a\n</code></pre>",
		// The navigation has the groups of the index, the current document, and its sections.
		"<h2>Use it</h2>\n<ul>\n<li><a href=\"a\" aria-current=\"page\">A &amp; B</a>\n<ul>\n<li><a href=\"#some-code--more\">Some code &amp; more</a></li>\n</ul>\n</li>",
		"<h2>Run it</h2>\n<ul>\n<li><a href=\"b\">B</a></li>",
		`<a class="home" href="./">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %s\n%s", want, page)
		}
	}
	for _, other := range []string{"<!--", "comment", "style=", "Deep</a>"} {
		if strings.Contains(page, other) {
			t.Errorf("the page contains %s\n%s", other, page)
		}
	}
}

func TestIndex(t *testing.T) {
	page := pageOf(t, documents(), "")
	for _, want := range []string{
		"<title>NanoMon documentation</title>", `<a class="home" href="./" aria-current="page">`,
		"<div class=\"scroll\" tabindex=\"0\">\n<table>", `<td><a href="a">A &amp; B</a></td>`, `<td align="right">A &amp; B</td>`,
		"<td>the tool (tool/README.md)</td>\n<td align=\"right\">tool/x</td>", "</table>\n</div>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %s\n%s", want, page)
		}
	}
}

func TestInvalidDocuments(t *testing.T) {
	for name, c := range map[string]struct {
		change func(fstest.MapFS)
		want   string
	}{
		"not in the index": {func(f fstest.MapFS) { f["c.md"] = &fstest.MapFile{Data: []byte("# C\n")} }, "the index of the documentation does not list c.md"},
		"no title":         {func(f fstest.MapFS) { f["b.md"] = &fstest.MapFile{Data: []byte("B\n")} }, "the document b.md does not begin with its title"},
		"no index":         {func(f fstest.MapFS) { delete(f, "README.md") }, "README.md"},
	} {
		files := documents()
		c.change(files)
		if _, err := docsite.New(files); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	site, err := docsite.New(documents())
	if err != nil {
		t.Fatal(err)
	}
	if page, err := site.Page("../a"); err == nil {
		t.Errorf("a page outside of the documents: %s", page)
	}
}
