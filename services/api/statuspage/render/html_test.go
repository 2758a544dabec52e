package render

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// pages returns all pages of HTML that this package can return, by name.
func pages() map[string][]byte {
	all := map[string][]byte{
		"password":       PasswordForm(Form{Action: "/status/acme"}),
		"wrong-password": PasswordForm(Form{Action: "/status/acme", Message: "Wrong password"}),
		"not-found":      NotFound(), "unavailable": Unavailable(),
	}
	for name, v := range samples() {
		all[name] = Page(v)
	}
	return all
}

// void lists the elements without an end.
var void = []string{"meta", "link", "img", "input", "br", "hr"}

// expectNested checks that each element is ended in the element in which it began, which parsers of HTML repair silently.
func expectNested(t *testing.T, page []byte) {
	t.Helper()
	tokens := html.NewTokenizer(bytes.NewReader(page))
	var open []string
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if tokens.Err() != io.EOF || len(open) > 0 {
				t.Errorf("%v in %q", tokens.Err(), open)
			}
			return
		case html.StartTagToken:
			if name := tokens.Token().Data; !slices.Contains(void, name) {
				open = append(open, name)
			}
		case html.EndTagToken:
			name := tokens.Token().Data
			if len(open) == 0 || open[len(open)-1] != name {
				t.Fatalf("</%s> in %q", name, open)
			}
			open = open[:len(open)-1]
		}
	}
}

func attribute(node *html.Node, key string) (string, bool) {
	for _, a := range node.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// expectStructure checks ids, references, headings and landmarks, and that nothing is inline that the policy forbids.
func expectStructure(t *testing.T, page []byte) {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	count, ids, references := map[string]int{}, map[string]bool{}, []string{}
	level := 0
	for node := range root.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		if node.Namespace == "" { // drawings have titles too
			count[node.Data]++
		}
		for _, a := range node.Attr {
			switch {
			case a.Key == "id" && ids[a.Val]:
				t.Errorf("the id %q is not unique", a.Val)
			case a.Key == "id":
				ids[a.Val] = true
			case a.Key == "for" || a.Key == "aria-describedby":
				references = append(references, a.Val)
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("<%s> has the attribute %s", node.Data, a.Key)
			}
		}
		if len(node.Data) == 2 && node.Data[0] == 'h' && node.Data[1] >= '1' && node.Data[1] <= '6' {
			next := int(node.Data[1] - '0')
			if next > level+1 {
				t.Errorf("h%d follows h%d", next, level)
			}
			level = next
		}
		if _, labelled := attribute(node, "aria-label"); node.Data == "svg" && !labelled {
			if hidden, _ := attribute(node, "aria-hidden"); hidden != "true" {
				t.Error("a drawing has no text and is not hidden")
			}
		}
		if parent := node.Parent.Data; node.Data == "li" && parent != "ul" && parent != "ol" {
			t.Errorf("<li> in <%s>", parent)
		}
	}
	for _, id := range references {
		if !ids[id] {
			t.Errorf("no element has the id %q", id)
		}
	}
	for _, name := range []string{"title", "h1", "main", "style"} {
		if count[name] != 1 {
			t.Errorf("%d elements <%s>", count[name], name)
		}
	}
	if count["script"] > 1 {
		t.Errorf("%d scripts", count["script"])
	}
}

func TestPagesAreValid(t *testing.T) {
	for name, page := range pages() {
		t.Run(name, func(t *testing.T) {
			expectNested(t, page)
			expectStructure(t, page)
		})
	}
}

// TestPolicyAllowsStyleAndScript compares the hashes of the policy with what is in the page.
func TestPolicyAllowsStyleAndScript(t *testing.T) {
	for name, page := range pages() {
		root, err := html.Parse(bytes.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for node := range root.Descendants() {
			if node.Data == "style" || node.Data == "script" {
				if !strings.Contains(ContentSecurityPolicy, node.Data+"-src '"+hash(node.FirstChild.Data)+"'") {
					t.Errorf("%s: the policy forbids <%s>", name, node.Data)
				}
			}
		}
	}
}

// outline returns the elements of a page with the names of their attributes.
func outline(t testing.TB, page []byte) string {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for node := range root.Descendants() {
		if node.Type == html.ElementNode {
			b.WriteString("<" + node.Data)
			for _, a := range node.Attr {
				b.WriteString(" " + a.Key)
			}
		}
	}
	return b.String()
}

// named returns a page whose names and titles are all the same text.
func named(text string) []byte {
	v := busy()
	v.Title, v.Overall.Text, v.Sections[0].Title = text, text, text
	v.Sections[0].Entries[0].Name = text
	v.Messages[0].Title, v.Messages[0].Entries = text, []string{text}
	v.Incidents[0].Entry, v.Maintenance[0].Name = text, text
	return Page(v)
}

// FuzzNames checks that names and titles never become elements or attributes.
func FuzzNames(f *testing.F) {
	f.Add("<script>alert(1)</script>")
	f.Add("\"><img src=x onerror=alert(1)>")
	f.Add("' onload='x")
	f.Add("</title></style>\x00&lt;")
	want := outline(f, named("x"))
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" {
			return // a section without a title has another heading
		}
		if got := outline(t, named(text)); got != want {
			t.Errorf("%q changes the structure of the page", text)
		}
	})
}
