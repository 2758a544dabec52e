package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nanomon/services/common/probe"
	"nanomon/services/common/web"
	"nanomon/tests/support/leaktest"
	"nanomon/tests/support/servicetest"
)

// runPublished returns the handler of a running server with the pages of package leaktest. It checks the conformance of
// all responses.
func runPublished(t *testing.T, log *slog.Logger) http.Handler {
	t.Helper()
	s := openStore(t)
	leaktest.Seed(t, s)
	server := New(Config{StoreName: "sqlite", Hosts: web.NewHosts(nil, log)}, s, probe.All(probe.Guard{}), log)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-ended)
	})
	servicetest.Eventually(t, "the status pages", func() bool { return server.pages.IsReady() })
	return conformingHandler(t, server)
}

const badgePath = "/badges/" + leaktest.Open + "/00000001/"

// TestPublicRoutesConform compares the responses of all public routes with the specification.
func TestPublicRoutesConform(t *testing.T) {
	h := runPublished(t, slog.New(slog.DiscardHandler))
	for path, want := range map[string]int{
		"/status/open": 200, "/status/open.json": 200, "/status/open.atom": 200, "/status/open/logo": 200,
		badgePath + "status.svg": 200, badgePath + "uptime.svg": 200, badgePath + "response.svg": 200, badgePath + "uptime.svg?window=1y": 400,
		badgePath + "status.json": 200, badgePath + "uptime.json?window=24h": 200, badgePath + "response.json": 200,
		"/status/locked": 401, "/status/locked.json": 401, "/status/locked.atom": 401, "/status/locked/logo": 401,
		"/badges/locked/00000004/status.svg": 404, "/status/nothing": 404, "/status/nothing.json": 404, "/status/nothing/logo": 404,
	} {
		for _, method := range []string{"GET", "HEAD"} {
			w := serve(h, httptest.NewRequest(method, path, nil))
			if w.Code != want {
				t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
			if tag := w.Header().Get("ETag"); tag != "" {
				r := httptest.NewRequest(method, path, nil)
				r.Header.Set("If-None-Match", tag)
				same(t, path+" with its ETag", serve(h, r).Code, 304)
			}
		}
	}
	for _, c := range []struct {
		path, password string
		status         int
	}{
		{"/status/locked", "", 400}, {"/status/locked", "wrong", 401}, {"/status/open", "any", 303}, {"/status/nothing", "any", 404},
		{"/status/locked", strings.ReplaceAll(leaktest.Password, " ", "+"), 303},
		{"/status/locked", "wrong", 401}, {"/status/locked", "wrong", 401}, {"/status/locked", "wrong", 401}, {"/status/locked", "wrong", 401},
		{"/status/locked", "wrong", 429},
		{"/status/open.json", "any", 405}, {"/status/open/logo", "any", 405}, {badgePath + "status.svg", "any", 405},
	} {
		r := httptest.NewRequest("POST", c.path, strings.NewReader("password="+c.password))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := serve(h, r)
		if w.Code != c.status || c.status == 405 && w.Header().Get("Allow") != "GET" {
			t.Errorf("POST %s with %q: %d %v", c.path, c.password, w.Code, w.Header())
		}
	}
}

// TestPublicRoutesAreMeasured checks the names of routes in the metrics, and that the log contains no password.
func TestPublicRoutesAreMeasured(t *testing.T) {
	var text strings.Builder
	h := runPublished(t, slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})))
	for _, path := range []string{"/status/open", "/status/open.json", badgePath + "status.svg", "/status/nothing/logo"} {
		serve(h, httptest.NewRequest("GET", path, nil))
	}
	r := httptest.NewRequest("POST", "/status/locked?password=s3cret", strings.NewReader("password=s3cret"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	serve(h, r)
	metrics := serve(h, local(httptest.NewRequest("GET", "/api/metrics", nil))).Body.String()
	for _, route := range []string{"/status/{slug}", "/status/{slug}.json", "/badges/{slug}/{entry}/status.svg", "/status/{slug}/logo"} {
		if !strings.Contains(metrics, `route="`+route+`"`) {
			t.Errorf("the metrics have no route %s", route)
		}
	}
	if strings.Contains(metrics, "nothing") || strings.Contains(metrics, "/open") {
		t.Error("the metrics contain names of pages")
	}
	if log := text.String(); strings.Contains(log, "s3cret") || !strings.Contains(log, "path=/status/open.json") {
		t.Errorf("the log is %s", log)
	}
}

// local gives a request a host name that is always allowed.
func local(r *http.Request) *http.Request {
	r.Host = "localhost"
	return r
}

// TestPublicRoutesHaveNoHostCheck checks that status pages are at all host names, and the API is not.
func TestPublicRoutesHaveNoHostCheck(t *testing.T) {
	h := runPublished(t, slog.New(slog.DiscardHandler))
	for path, want := range map[string]int{"/status/open": 200, badgePath + "status.svg": 200, "/api/monitors": 421} {
		w := serve(h, httptest.NewRequest("GET", "http://any.example.test"+path, nil))
		same(t, path, w.Code, want)
	}
}
