package web_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nanomon/services/common/web"
)

// requestHost returns the response of a handler to a request for a host.
func requestHost(h http.Handler, host string) *httptest.ResponseRecorder {
	r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
	r.Host = host
	h.ServeHTTP(w, r)
	return w
}

var teapot = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })

func TestHosts(t *testing.T) {
	none, some := []string{}, []string{"nanomon.example.org", "*.wall.example"}
	for _, c := range []struct {
		allowed []string
		host    string
		served  bool
	}{
		{none, "localhost", true},
		{none, "localhost:8000", true},
		{none, "LOCALHOST.:8000", true},
		{none, "nanomon.localhost:8001", true},
		{none, "api", true},
		{none, "", true},
		{none, "192.0.2.7:8000", true},
		{none, "[fd00::1]:8000", true},
		{none, "[::1]", true},
		{none, "[::ffff:127.0.0.1]:80", true},
		{none, "attacker.example", false},
		{none, "Attacker.Example:8000", false},
		{none, "attacker.example.", false},
		{none, "localhost.attacker.example", false},
		{none, "attackerlocalhost.example", false},
		{none, "127.0.0.1.attacker.example", false},
		{none, "127.0.0.1.nip.io:8000", false},
		{none, "[::1].attacker.example", false},
		{none, "nanomon.example.org", false},
		{some, "nanomon.example.org", true},
		{some, "NanoMon.example.org.:8443", true},
		{some, "a.nanomon.example.org", false},
		{some, "a.wall.example", true},
		{some, "a.b.wall.example", true},
		{some, "wall.example", false},
		{some, "attackerwall.example", false},
		{some, "localhost", true},
		{[]string{web.AnyHost}, "attacker.example", true},
	} {
		w := requestHost(web.NewHosts(c.allowed, slog.New(slog.DiscardHandler)).Check(teapot), c.host)
		if want := map[bool]int{true: 418, false: 421}[c.served]; w.Code != want {
			t.Errorf("%q with %v: %d, want %d", c.host, c.allowed, w.Code, want)
		}
	}
	var all *web.Hosts
	if w := requestHost(all.Check(teapot), "attacker.example"); w.Code != 418 {
		t.Errorf("without a check: %d", w.Code)
	}
}

func TestHostsNameHostAndSetting(t *testing.T) {
	var lines bytes.Buffer
	log := slog.New(slog.NewTextHandler(&lines, nil))
	h := web.LogRequests(log)(web.NewHosts(nil, log).Check(teapot))
	for range 3 {
		w := requestHost(h, "NAS.lan:8001")
		if detail := `"detail":"host name \"nas.lan\" is not allowed: add it to ALLOWED_HOSTS, or turn on sign-in"`; w.Code != 421 || !strings.Contains(w.Body.String(), detail) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if text := lines.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "host=nas.lan setting=ALLOWED_HOSTS") {
		t.Errorf("the log is %s", text)
	}
	for i := range 100 {
		requestHost(h, fmt.Sprintf("%d.example", i))
	}
	if n := strings.Count(lines.String(), "\n"); n != 10 {
		t.Errorf("%d lines", n)
	}
}
