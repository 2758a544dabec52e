package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/api/server"
	"nanomon/tests/support/servicetest"
)

func TestAllRoutesAreMeasured(t *testing.T) {
	var out strings.Builder
	results, err := measureAll(t.Context(), options{
		standalone: servicetest.Binary(t, "standalone"), monitors: 50, connections: 16, duration: 100 * time.Millisecond,
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(readRoutes)+len(writeRoutes) {
		t.Errorf("measured %d routes:\n%s", len(results), out.String())
	}
	for _, r := range results {
		if r.rate() <= 0 || r.percentile(50) <= 0 || r.percentile(99) < r.percentile(50) || r.errors > 0 {
			t.Errorf("%s: %.0f/s, %s, %s, %d errors: %v", r.route, r.rate(), r.percentile(50), r.percentile(99), r.errors, r.err)
		}
	}
}

func TestEveryGetRouteOfAPIIsListed(t *testing.T) {
	router := server.New(server.Config{}, struct{ server.Store }{}, nil, slog.New(slog.DiscardHandler)).Handler().(chi.Routes)
	err := chi.Walk(router, func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method != http.MethodGet || path == "/api/events" || path == "/api/keys" {
			return nil
		}
		if !slices.ContainsFunc(readRoutes, func(r route) bool {
			withoutQuery, _, _ := strings.Cut(r.String(), "?")
			return withoutQuery == method+" "+path
		}) {
			t.Errorf("readRoutes does not contain %s %s", method, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fakeAPI responds to every request with the same list, but fails at /api/notifications.
type fakeAPI struct {
	mu   sync.Mutex
	list string
	// requests contains the methods and the values of the Authorization header.
	requests map[string]bool
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests[r.Method+" "+r.Header.Get("Authorization")] = true
	f.mu.Unlock()
	if r.URL.Path == "/api/notifications" {
		http.Error(w, "store unavailable", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprint(w, f.list)
}

func TestExistingAPIReceivesOnlyGetRequests(t *testing.T) {
	for list, want := range map[string]string{
		`[{"id":"65a50000000000000000000a"}]`: "GET /api/monitors/{id}/results\n",
		"[]":                                  "skipped GET /api/monitors/{id}/results: no monitor or maintenance window exists\n",
	} {
		f := &fakeAPI{requests: make(map[string]bool), list: list}
		api := httptest.NewServer(f)
		defer api.Close()
		var out strings.Builder
		err := run(t.Context(), options{api: api.URL + "/api", token: "secret", connections: 2, duration: time.Millisecond}, &out)
		if err == nil || !strings.Contains(err.Error(), "GET /api/notifications: 503 Service Unavailable: store unavailable") {
			t.Errorf("error %v", err)
		}
		if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "secret") {
			t.Errorf("output for the list %s:\n%s", list, out.String())
		}
		if len(f.requests) != 1 || !f.requests["GET Bearer secret"] {
			t.Errorf("requests %v", f.requests)
		}
	}
}

func TestPercentileAndRate(t *testing.T) {
	r := result{elapsed: 2 * time.Second}
	for n := range 101 {
		r.times = append(r.times, time.Duration(n))
	}
	if r.percentile(50) != 50 || r.percentile(99) != 99 || r.rate() != 50.5 {
		t.Errorf("p50 %d, p99 %d, rate %f", r.percentile(50), r.percentile(99), r.rate())
	}
	if empty := (result{elapsed: time.Second}); empty.percentile(99) != 0 || empty.rate() != 0 {
		t.Error("the percentile or rate without responses is not 0")
	}
}

func TestFailedStartIsReported(t *testing.T) {
	err := run(t.Context(), options{standalone: "/bin/false", monitors: 1, connections: 1}, t.Output())
	if err == nil || !strings.Contains(err.Error(), "/bin/false did not start") {
		t.Errorf("error %v", err)
	}
}
