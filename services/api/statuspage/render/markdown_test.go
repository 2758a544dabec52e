package render

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// allowed lists the elements of texts with their attributes.
var allowed = map[string][]string{
	"p": nil, "br": nil, "em": nil, "strong": nil, "del": nil, "code": nil, "pre": {"tabindex"}, "blockquote": nil, "hr": nil,
	"ul": nil, "ol": {"start"}, "li": nil, "a": {"href", "rel"},
	"h2": nil, "h3": nil, "h4": nil, "h5": nil, "h6": nil,
}

// expectSafe parses HTML like a browser and checks all elements and attributes.
func expectSafe(t *testing.T, source, content string) {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(content), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range nodes {
		expectSafeNode(t, source, content, root)
		for node := range root.Descendants() {
			expectSafeNode(t, source, content, node)
		}
	}
}

func expectSafeNode(t *testing.T, source, content string, node *html.Node) {
	t.Helper()
	if node.Type == html.TextNode {
		return
	}
	attributes, known := allowed[node.Data]
	if node.Type != html.ElementNode || !known {
		t.Fatalf("%q contains %q: %s", source, node.Data, content)
	}
	for _, a := range node.Attr {
		if !slices.Contains(attributes, a.Key) {
			t.Fatalf("%q has the attribute %s=%q: %s", source, a.Key, a.Val, content)
		}
		if a.Key == "href" {
			to, err := url.Parse(a.Val)
			if err != nil || !slices.Contains([]string{"http", "https", "mailto"}, to.Scheme) || strings.ContainsAny(a.Val, " \t\r\n\"<>") {
				t.Fatalf("%q links to %q: %s", source, a.Val, content)
			}
		}
	}
	if node.Data == "a" && (len(node.Attr) != 2 || node.Attr[1].Val != "nofollow noopener noreferrer") {
		t.Fatalf("%q has a link with other attributes: %s", source, content)
	}
}

func FuzzMarkdown(f *testing.F) {
	for source := range hostile {
		f.Add(source)
	}
	for _, source := range []string{
		"# a\n\nb **c** _d_ ~~e~~ `f` [g](https://h.example \"i\")\n\n> j\n\n1. k\n2. l\n\n```go\nm\n```\n\n---\n\nwww.n.example", "- [ ](x)\n\t- y",
		"[a]: https://b.example\n\n[a]", "<https://a.example/?b=c&d=\"e>", "a\\\nb  \nc", "&lt;script&gt;", "\xff\x00", "[a](<https://b c>)",
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		expectSafe(t, source, toHTML(introductionText, source))
		expectSafe(t, source, toHTML(pastText, source))
	})
}

// hostile maps texts to what is left of them.
var hostile = map[string]string{
	"<script>alert(1)</script>":                       "",
	"a <script>alert(1)</script> b":                   "<p>a alert(1) b</p>\n",
	"<img src=x onerror=alert(1)>":                    "",
	"a <b onclick=\"alert(1)\">b</b>":                 "<p>a b</p>\n",
	"[a](javascript:alert(1))":                        "<p>a</p>\n",
	"[a](JaVaScRiPt:alert(1))":                        "<p>a</p>\n",
	"[a](java\tscript:alert(1))":                      "<p>[a](java\tscript:alert(1))</p>\n",
	"[a](<java&#10;script:alert(1)>)":                 "<p>a</p>\n",
	"[a](&#106;avascript:alert(1))":                   "<p>a</p>\n",
	"[a](data:text/html,x)":                           "<p>a</p>\n",
	"[a](vbscript:x)":                                 "<p>a</p>\n",
	"[a](//evil.example)":                             "<p>a</p>\n",
	"[a](/relative)":                                  "<p>a</p>\n",
	"[a](https:evil)":                                 "<p>a</p>\n",
	"[a](mailto:)":                                    "<p>a</p>\n",
	"<javascript:alert(1)>":                           "<p>javascript:alert(1)</p>\n",
	"<ftp://a.example>":                               "<p>ftp://a.example</p>\n",
	"![a **b**](https://tracker.example/x.png)":       "<p>a <strong>b</strong></p>\n",
	"[![a](https://tracker.example/x)](https://b.eu)": "<p><a href=\"https://b.eu\" rel=\"nofollow noopener noreferrer\">a</a></p>\n",
	"[a](https://b.example/\"onclick=\"x)":            "<p><a href=\"https://b.example/%22onclick=%22x\" rel=\"nofollow noopener noreferrer\">a</a></p>\n",
	"[](http://\")":                                   "<p></p>\n",
	"[](https://a.example)":                           "<p><a href=\"https://a.example\" rel=\"nofollow noopener noreferrer\">https://a.example</a></p>\n",
	"```\"><script>\n<script>\n```":                   "<pre tabindex=\"0\"><code>&lt;script&gt;\n</code></pre>\n",
}

func TestMarkdownIsSafe(t *testing.T) {
	for source, want := range hostile {
		got := toHTML(pastText, source)
		expectSafe(t, source, got)
		if got != want {
			t.Errorf("%q\n got %q\nwant %q", source, got, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	for source, want := range map[string]string{
		"one\ntwo":               "<p>one<br>\ntwo</p>\n",
		"# a":                    "<h5>a</h5>\n",
		"### a":                  "<h6>a</h6>\n",
		"Write to a@b.example.":  "<p>Write to <a href=\"mailto:a@b.example\" rel=\"nofollow noopener noreferrer\">a@b.example</a>.</p>\n",
		"See https://b.example.": "<p>See <a href=\"https://b.example\" rel=\"nofollow noopener noreferrer\">https://b.example</a>.</p>\n",
		"2 < 3 & 4":              "<p>2 &lt; 3 &amp; 4</p>\n",
		"- a\n- ~~b~~":           "<ul>\n<li>a</li>\n<li><del>b</del></li>\n</ul>\n",
	} {
		if got := toHTML(pastText, source); got != want {
			t.Errorf("%q\n got %q\nwant %q", source, got, want)
		}
	}
}
