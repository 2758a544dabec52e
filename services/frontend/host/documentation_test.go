package host_test

import (
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"

	"nanomon/docs"
	"nanomon/frontend"
	"nanomon/services/frontend/host"
)

var (
	// address matches the attributes that make a browser load or open something.
	address = regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	idOf    = regexp.MustCompile(` id="([^"]*)"`)
	// inPage matches the links to the documentation in the files of the page.
	inPage = regexp.MustCompile(`\bdocs/[^"'\x60\s]*`)
)

// documentation returns the HTML of all documents by path.
func (p page) documentation() map[string]string {
	files, err := fs.Glob(docs.Files(), "*.md")
	if err != nil || len(files) < 15 {
		p.t.Fatalf("%v, %v", files, err)
	}
	pages := make(map[string]string)
	for _, file := range files {
		target := "/docs/" + strings.TrimSuffix(strings.TrimSuffix(file, ".md"), "README")
		answer := request(p.host, "GET", target)
		if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			p.t.Errorf("%s: %d %s", target, answer.StatusCode, answer.Header.Get("Content-Type"))
		}
		pages[target] = textOf(p.t, answer.Body)
	}
	return pages
}

// TestLinksOfDocumentationResolve opens all documents, and what they link to on the host, with the headings.
func TestLinksOfDocumentationResolve(t *testing.T) {
	p := newPage(t)
	pages := p.documentation()
	for from, content := range pages {
		for _, match := range address.FindAllStringSubmatch(content, -1) {
			if to, err := url.Parse(match[1]); err != nil {
				t.Errorf("%s: %v", from, err)
			} else if to.Scheme == "" {
				checkTarget(t, p, pages, from, to)
			}
		}
	}
}

func checkTarget(t *testing.T, p page, pages map[string]string, from string, to *url.URL) {
	t.Helper()
	if strings.HasPrefix(to.Path, "/") {
		t.Errorf("%s: %s is not relative: it would be wrong below a path", from, to)
	}
	base := &url.URL{Path: from}
	target := base.ResolveReference(to)
	if answer := request(p.host, "GET", target.EscapedPath()); answer.StatusCode != 200 {
		t.Errorf("%s: %s: %d", from, to, answer.StatusCode)
	}
	if target.Fragment != "" && !hasID(pages[target.Path], target.Fragment) {
		t.Errorf("%s: %s: there is no such heading", from, to)
	}
}

func hasID(content, id string) bool {
	for _, match := range idOf.FindAllStringSubmatch(content, -1) {
		if match[1] == id {
			return true
		}
	}
	return false
}

// TestPageLinksToDocumentation checks all links to the documentation in the files of the page.
func TestPageLinksToDocumentation(t *testing.T) {
	p, app, found := newPage(t), frontend.App(), 0
	pages := p.documentation()
	err := fs.WalkDir(app, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(file, "lib/") || path.Ext(file) != ".html" && path.Ext(file) != ".js" {
			return err
		}
		data, err := fs.ReadFile(app, file)
		for _, link := range inPage.FindAllString(string(data), -1) {
			found++
			to, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			checkTarget(t, p, pages, "/", to)
		}
		return err
	})
	if err != nil || found < 8 {
		t.Errorf("%d links, %v", found, err)
	}
}

// TestDocumentationFollowsThePolicy checks that the documents need neither inline scripts nor inline styles, and load nothing
// from elsewhere.
func TestDocumentationFollowsThePolicy(t *testing.T) {
	p := newPage(t)
	policy := request(p.host, "GET", "/").Header.Get("Content-Security-Policy")
	inline := regexp.MustCompile(`<style|<script>| style=| on\w+="|javascript:|raw HTML omitted| src="https?:`)
	for target, content := range p.documentation() {
		if found := inline.FindString(content); found != "" {
			t.Errorf("%s contains %s", target, found)
		}
		for _, name := range []string{"Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy", "X-Content-Type-Options"} {
			if got := request(p.host, "GET", target).Header.Get(name); got == "" || name == "Content-Security-Policy" && got != policy {
				t.Errorf("%s: %s is %q", target, name, got)
			}
		}
		if strings.Count(content, "<h1") != 1 || strings.Count(content, "<title>") != 1 {
			t.Errorf("%s does not have one title and one heading", target)
		}
	}
}

func TestDocumentationResponses(t *testing.T) {
	h := newHost(t, host.Config{APIEndpoint: "/api"})
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/docs/", 200},
		{"HEAD", "/docs/monitors", 200},
		{"POST", "/docs/monitors", 405},
		{"GET", "/docs/unknown", 404},
		{"GET", "/docs/monitors/", 404},
		{"GET", "/docs/README", 404},
		{"GET", "/docs/embed.go", 404},
		{"GET", "/docs/workshop-monitors.json", 404},
		{"GET", "/docs/../docs/monitors", 404},
		{"GET", "/docs/%2e%2e/app.js", 404},
		{"GET", "/docs/..%2fgo.mod", 404},
		{"GET", "/docs//monitors", 404},
		{"GET", "/documents", 404},
	} {
		answer := request(h, c.method, c.path)
		body := textOf(t, answer.Body)
		if answer.StatusCode != c.status {
			t.Errorf("%s %s: %d %q", c.method, c.path, answer.StatusCode, body)
		}
	}
	// A proxy may have removed a part of the path, so an absolute address would be wrong.
	answer := request(h, "GET", "/docs")
	if answer.StatusCode != 302 || answer.Header.Get("Location") != "docs/" {
		t.Errorf("/docs: %d %v", answer.StatusCode, answer.Header)
	}
}

func TestDocumentationIsCached(t *testing.T) {
	h := newHost(t, host.Config{APIEndpoint: "/api"})
	tags := make(map[string]bool)
	for _, encoding := range []string{"", "gzip", "br"} {
		answer := request(h, "GET", "/docs/monitors", "Accept-Encoding", encoding)
		tag := answer.Header.Get("ETag")
		if answer.Header.Get("Content-Encoding") != encoding || answer.Header.Get("Cache-Control") != "no-cache" || tags[tag] {
			t.Errorf("%q: %v", encoding, answer.Header)
		}
		tags[tag] = true
		if again := request(h, "GET", "/docs/monitors", "Accept-Encoding", encoding, "If-None-Match", tag); again.StatusCode != 304 {
			t.Errorf("%q: %d for the tag %s", encoding, again.StatusCode, tag)
		}
	}
}
