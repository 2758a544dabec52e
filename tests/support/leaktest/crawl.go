package leaktest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"nanomon/tests/support/servicetest"
)

// content lists the paths below which the first page and its badges are, and what their content has in common.
var content = map[string]string{
	"/status/" + Open: publicTitle, "/status/" + Open + ".json": publicTitle, "/status/" + Open + ".atom": publicTitle,
	"/status/" + Open + "/logo":                "IHDR",
	"/badges/" + Open + "/00000001/status.svg": publicEntry, "/badges/" + Open + "/00000002/status.json": publicEntry,
	"/badges/" + Open + "/00000003/uptime.svg": "uptime", "/badges/" + Open + "/00000001/uptime.json?window=24h": "uptime",
	"/badges/" + Open + "/00000001/response.svg": "response", "/badges/" + Open + "/00000001/response.json": "response",
}

// closed lists targets of requests at which there is nothing without a password or without sign-in.
func closed() []string {
	return []string{
		"/status/" + Locked, "/status/" + Locked + ".json", "/status/" + Locked + ".atom", "/status/" + Locked + "/logo",
		"/badges/" + Locked + "/00000004/status.svg", "/badges/" + Locked + "/00000005/uptime.json", "/badges/" + Locked + "/00000001/response.svg",
		"/badges/" + Open + "/00000004/status.svg", "/badges/" + Open + "/00000001/uptime.svg?window=1y", "/badges/" + Open + "/00000001/rule.svg",
		"/status/" + Open + "/", "/status/" + Open + ".xml", "/status/nothing", "/status/nothing.json", "/status/%00", "/status/%zz",
		"/status/", "/badges/", "/status/" + Open + "%2Ejson%2F..", "/status/Open", "/status/" + strings.Repeat("x", 5000),
		"/status/../api/monitors", "/status/..%2Fapi%2Fmonitors", "/status/%2e%2e/api/monitors", "/status/..;/api/monitors",
		"/status/" + Open + "/../../api/monitors", "/badges/" + Open + "/00000001/../../../api/monitors", "/badges/../api/results",
		"//api/monitors", "/./api/monitors", "/api/../api/monitors", "/status/../status/" + Locked, "/api%2Fmonitors", "/%61pi/monitors", "/API/monitors",
		"http://" + OpenHost + "/api/monitors", "http://localhost/api/monitors", "http://" + OpenHost + "/status/" + Locked, "http://" + LockedHost + "/status/" + Locked,
		"https://" + LockedHost + ":443/", "/api/monitors", "/api/results", "/api/incidents", "/api/events", "/api/status", "/api/metrics", "/api/keys",
		"/api/status-pages", "/api/maintenance", "/api/notifications", "/api/report", "/api/monitors?include=history",
	}
}

// operators lists targets that are for operators, some of them without sign-in. They are not at custom host names.
var operators = []string{
	"/index.html", "/app.js", "/worker.js", "/config", "/config.json", "/docs/", "/docs/sign-in", "/api", "/api/", "/api/health", "/api/openapi.yaml",
	"/api/push/3f1c2a90-5b7e-4d06-9c1b-7a2f8e4d6b13",
}

// methods lists methods that exist, and others.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "CONNECT"}

// hosts lists host names: of NanoMon, custom ones in several forms, and a foreign one.
var hosts = []string{"localhost", OpenHost, LockedHost, "OPEN.Example.Test:8443", LockedHost + ".", "foreign.example.test", ""}

// headers lists headers that change what a server answers, or try to.
var headers = []string{
	"Accept: application/json", "Accept: application/atom+xml, text/html;q=0.1", "Accept: nothing/nothing", "Accept-Encoding: gzip", "Accept-Encoding: br",
	"If-None-Match: *", `If-None-Match: "x", W/"y"`, "If-Modified-Since: Mon, 30 Nov 2026 00:00:00 GMT", "Range: bytes=0-10", "Origin: https://evil.example",
	"Origin: null", "Authorization: Bearer nm_wrong", "Authorization: Basic eDp4", "Cookie: nanomon_status_0=1.x", "X-Original-URL: /api/monitors",
	"X-Rewrite-URL: /api/monitors", "X-Forwarded-Host: localhost", "X-Forwarded-Prefix: /api", "X-HTTP-Method-Override: PUT", "Forwarded: host=localhost",
	"Access-Control-Request-Method: GET", "Content-Type: application/x-www-form-urlencoded", "Expect: 100-continue",
}

// crawler sends requests to one address and checks the answers.
type crawler struct {
	t        testing.TB
	canaries *Canaries
	address  string
	conn     net.Conn
	reader   *bufio.Reader
	// sent is the number of requests.
	sent int
}

// Crawl sends requests for everything public to an address, with all methods, host names and headers, and with tricks. It
// reports answers with canaries, and answers with content where there should be none.

func (c *Canaries) Crawl(t testing.TB, address string) {
	t.Helper()
	crawl := &crawler{t: t, canaries: c, address: address}
	for target, text := range content {
		for _, host := range hosts {
			crawl.expect(target, host, text)
		}
		crawl.all(target)
	}
	for _, target := range closed() {
		crawl.all(target)
	}
	for _, target := range operators {
		for _, method := range methods {
			crawl.closed(method, target, OpenHost, "")
			crawl.closed(method, target, LockedHost, "")
		}
	}
	for _, id := range c.ids {
		if len(id) != 24 {
			continue // a hash
		}
		crawl.closed("GET", "/status/"+url.PathEscape(id), "localhost", "")
		crawl.closed("GET", "/badges/"+Open+"/"+url.PathEscape(id)+"/status.svg", "localhost", "")
	}
	crawl.guess()
	if crawl.conn != nil {
		crawl.conn.Close()
	}
	t.Logf("%d requests to %s", crawl.sent, address)
}

// isCustom reports whether a host is the custom host name of a page.
func isCustom(host, name string) bool { return strings.HasPrefix(strings.ToLower(host), name) }

// expect checks that a public target has its content at every host name but that of another page.
func (c *crawler) expect(target, host, text string) {
	c.t.Helper()
	want := http.StatusOK
	if isCustom(host, LockedHost) {
		want = http.StatusNotFound
	}
	status, body := c.send("GET", target, host, "", "")
	if status != want || want == http.StatusOK && !strings.Contains(body, text) {
		c.t.Errorf("GET %s on %q: %d %.300s", target, host, status, body)
	}
}

// all sends requests for a target with each method on each host, and with each header.
func (c *crawler) all(target string) {
	c.t.Helper()
	for _, host := range hosts {
		for _, method := range methods {
			c.closed(method, target, host, "")
		}
	}
	for _, header := range headers {
		for _, host := range []string{"localhost", OpenHost, LockedHost} {
			c.closed("GET", target, host, header)
		}
	}
}

// closed sends a request and checks that its answer contains nothing, unless the target is public.
func (c *crawler) closed(method, target, host, header string) {
	c.t.Helper()
	status, body := c.send(method, target, host, header, "")
	if status >= http.StatusBadRequest || content[target] != "" {
		return
	}
	switch status {
	case http.StatusOK, http.StatusNoContent: // of a preflight request
		if method == http.MethodOptions || strings.HasPrefix(header, "Access-Control") {
			return
		}
	case http.StatusFound: // The root of a custom host leads to the page.
		return
	case http.StatusSeeOther, http.StatusPermanentRedirect: // The second removes a slash at the end, whether a page exists or not.
		return
	}
	c.t.Errorf("%s %s on %q with %q: %d %.300s", method, target, host, header, status, body)
}

// guess sends wrong passwords.
func (c *crawler) guess() {
	for _, slug := range []string{Locked, Open, "nothing"} {
		for _, host := range []string{"localhost", LockedHost} {
			for i := range 10 {
				status, body := c.send("POST", "/status/"+slug, host, "Content-Type: application/x-www-form-urlencoded", fmt.Sprint("password=guess", i))
				if allowed := []int{401, 404, 429, 303}; !slices.Contains(allowed, status) || status == 303 && slug != Open {
					c.t.Errorf("a wrong password for %s: %d %.300s", slug, status, body)
				}
			}
		}
	}
}

// send sends a request exactly as given and returns the status and the body. It fails the test if the answer contains a
// canary.
func (c *crawler) send(method, target, host, header, body string) (status int, text string) {
	c.t.Helper()
	lines := []string{method + " " + target + " HTTP/1.1", "Host: " + host, fmt.Sprintf("Content-Length: %d", len(body))}
	if header != "" {
		lines = append(lines, header)
	}
	request := strings.Join(lines, "\r\n") + "\r\n\r\n" + body
	if c.conn == nil {
		conn, err := net.Dial("tcp", c.address)
		must(c.t, err)
		c.conn, c.reader = conn, bufio.NewReader(conn)
	}
	_, err := io.WriteString(c.conn, request)
	must(c.t, err)
	c.sent++
	var raw bytes.Buffer
	response, err := http.ReadResponse(c.reader, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("%s: %v", lines[0], err)
	}
	must(c.t, response.Header.Write(&raw))
	raw.WriteString(response.Status)
	data, err := io.ReadAll(response.Body)
	must(c.t, err)
	response.Body.Close()
	data = decompress(c.t, response.Header.Get("Content-Encoding"), data)
	if response.Close || response.StatusCode == http.StatusBadRequest || method == http.MethodConnect {
		c.conn.Close()
		c.conn = nil
	}
	raw.Write(data)
	if found := c.canaries.in(raw.String()); found != "" && c.canaries.in(request) == "" {
		c.t.Errorf("%s on %q with %q contains %q: %d %.3000s", lines[0], host, header, found, response.StatusCode, raw.String())
	}
	return response.StatusCode, string(data)
}

func decompress(t testing.TB, encoding string, data []byte) []byte {
	var reader io.Reader = bytes.NewReader(data)
	switch {
	case len(data) == 0:
	case encoding == "gzip":
		zipped, err := gzip.NewReader(reader)
		must(t, err)
		reader = zipped
	case encoding == "br":
		reader = brotli.NewReader(reader)
	}
	plain, err := io.ReadAll(reader)
	must(t, err)
	return plain
}

// WaitForPages waits until the pages are loaded.
func WaitForPages(t testing.TB, address string) {
	t.Helper()
	servicetest.Eventually(t, "the status page at "+address, func() bool {
		status, _ := servicetest.Call(t, http.MethodGet, "http://"+address+"/status/"+Open, nil)
		return status == http.StatusOK
	})
}
