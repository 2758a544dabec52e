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
	"nanomon/tests/servicetest"
)

func TestAShortRun(t *testing.T) {
	var out strings.Builder
	results, err := measureAll(t.Context(), options{
		standalone: servicetest.Binary(t, "standalone"), monitors: 50, connections: 16, duration: 100 * time.Millisecond,
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(reading)+len(writing) {
		t.Errorf("%d routes were measured:\n%s", len(results), out.String())
	}
	for _, r := range results {
		if r.rate() <= 0 || r.percentile(50) <= 0 || r.percentile(99) < r.percentile(50) || r.errors > 0 {
			t.Errorf("%s: %.0f/s, %s, %s, %d errors: %v", r.route, r.rate(), r.percentile(50), r.percentile(99), r.errors, r.err)
		}
	}
}

func TestEveryReadingRouteIsMeasured(t *testing.T) {
	router := server.New(server.Config{}, nil, nil, slog.New(slog.DiscardHandler)).Handler().(chi.Routes)
	err := chi.Walk(router, func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method != http.MethodGet || path == "/api/events" || path == "/api/keys" {
			return nil
		}
		if !slices.ContainsFunc(reading, func(r route) bool {
			named, _, _ := strings.Cut(r.String(), "?")
			return named == method+" "+path
		}) {
			t.Errorf("%s %s is not measured", method, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// deployed is an API that answers everything with the same, but fails at /api/notifications.
type deployed struct {
	mu    sync.Mutex
	asked map[string]bool
	list  string
}

func (d *deployed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.asked[r.Method+" "+r.Header.Get("Authorization")] = true
	d.mu.Unlock()
	if r.URL.Path == "/api/notifications" {
		http.Error(w, "the store is away", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprint(w, d.list)
}

func TestAGivenAPIIsOnlyRead(t *testing.T) {
	for list, want := range map[string]string{
		`[{"id":"65a50000000000000000000a"}]`: "GET /api/monitors/{id}/results\n",
		"[]":                                  "GET /api/monitors/{id}/results is left out: there is nothing with an id\n",
	} {
		d := &deployed{asked: make(map[string]bool), list: list}
		api := httptest.NewServer(d)
		defer api.Close()
		var out strings.Builder
		err := run(t.Context(), options{api: api.URL + "/api", token: "secret", connections: 2, duration: time.Millisecond}, &out)
		if err == nil || !strings.Contains(err.Error(), "GET /api/notifications: 503 Service Unavailable: the store is away") {
			t.Errorf("the error is %v", err)
		}
		if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "secret") {
			t.Errorf("%s gives:\n%s", list, out.String())
		}
		if len(d.asked) != 1 || !d.asked["GET Bearer secret"] {
			t.Errorf("requests were %v", d.asked)
		}
	}
}

func TestPercentiles(t *testing.T) {
	r := result{elapsed: 2 * time.Second}
	for n := range 101 {
		r.times = append(r.times, time.Duration(n))
	}
	if r.percentile(50) != 50 || r.percentile(99) != 99 || r.rate() != 50.5 {
		t.Errorf("%d, %d, %f", r.percentile(50), r.percentile(99), r.rate())
	}
	if none := (result{elapsed: time.Second}); none.percentile(99) != 0 || none.rate() != 0 {
		t.Error("there is something without answers")
	}
}

func TestWhatCanNotStart(t *testing.T) {
	err := run(t.Context(), options{standalone: "/bin/false", monitors: 1, connections: 1}, t.Output())
	if err == nil || !strings.Contains(err.Error(), "/bin/false did not start") {
		t.Errorf("the error is %v", err)
	}
}
