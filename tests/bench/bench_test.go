package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"nanomon/services/api/server"
	"nanomon/services/common/web"
	"nanomon/tests/support/mongotest"
)

func TestMain(m *testing.M) {
	if settings := os.Getenv(bareVariable); settings != "" {
		exit(runBare(settings))
	}
	os.Exit(m.Run())
}

// testPlan takes less than 30 s.
var testPlan = plan{
	rounds: 1, round: 1500 * time.Millisecond, rate: 100, settle: 200 * time.Millisecond,
	crowds: []int{1000}, interval: 2 * time.Second, watch: time.Second,
	historyMonitors: 1, historyDays: 3, writes: 100 * time.Millisecond,
	route: 20 * time.Millisecond, monitors: 50, connections: 8,
	readMonitors: 1, readDays: 3, read: 20 * time.Millisecond,
	firstRate: 100, maxRate: 100, step: 300 * time.Millisecond,
	streams: 20, streamRounds: 1, crowdRate: 100, crowdTime: 300 * time.Millisecond, starts: 1,
}

// runBench runs sections and returns the report in the JSON file, and the table.
func runBench(t *testing.T, o options) (report, string, error) {
	t.Helper()
	o.json = filepath.Join(t.TempDir(), "bench.json")
	var table strings.Builder
	failure := run(t.Context(), o, &table, t.Output())
	content, err := os.ReadFile(o.json)
	if err != nil {
		t.Fatal(err, failure)
	}
	var r report
	if err := json.Unmarshal(content, &r); err != nil {
		t.Fatal(err)
	}
	return r, table.String(), failure
}

// TestShortBench fails on ratios and bytes, never on a time: other programs use the machine at the same time.
func TestShortBench(t *testing.T) {
	r, table, err := runBench(t, options{plan: testPlan})
	t.Log("\n" + table)
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []struct {
		figure       string
		ratio, value float64
	}{
		{figure: "CPU time of a check, type http", ratio: 4},
		{figure: "CPU time of a check, type tcp", ratio: 4},
		{figure: "1000 monitors every 2s: most checks within 100 ms", ratio: 3},
		{figure: "1000 monitors every 2s: resident memory", value: 120e6},
		{figure: "bytes of a stored HTTP result", value: 90},
		{figure: "compressed size of GET /api/monitors?include=brief,series,summary", value: 6e3},
		{figure: "memory of each client of the event stream", value: 100e3},
		// The system may keep the whole file of the program in memory, which has 27 MB.
		{figure: "idle memory", value: 67 << 20},
	} {
		i := slices.IndexFunc(r.Figures, func(f figure) bool { return f.Name == limit.figure })
		if i < 0 {
			t.Errorf("there is no figure %q", limit.figure)
			continue
		}
		f := r.Figures[i]
		if limit.ratio > 0 && (f.Ratio == 0 || f.Ratio > limit.ratio) {
			t.Errorf("%s: the ratio is %.2f, want at most %g", f.Name, f.Ratio, limit.ratio)
		}
		if limit.value > 0 && f.Value > limit.value {
			t.Errorf("%s: %s, want at most %s", f.Name, f.Unit.format(f.Value), f.Unit.format(limit.value))
		}
	}
	for _, route := range slices.Concat(readRoutes, writeRoutes) {
		if !slices.ContainsFunc(r.Figures, func(f figure) bool { return f.Name == route.String() && f.Ratio > 0 }) {
			t.Errorf("%s is not measured", route)
		}
	}
}

// TestBenchOnMongoDB only expects that the sections with services of their own measure them.
func TestBenchOnMongoDB(t *testing.T) {
	small := testPlan
	small.monitors = 5
	r, table, err := runBench(t, options{
		plan: small, mongo: mongotest.Start(t), only: []string{"cost", "routes", "events", "start"},
	})
	t.Log("\n" + table)
	if err != nil {
		t.Error(err)
	}
	if r.Database == "SQLite" || r.Database == "" {
		t.Errorf("the database is %q", r.Database)
	}
	// With so few clients, the memory of the API may also shrink.
	for _, name := range []string{"CPU time of a check, type http", list, "memory of each client", "size of api"} {
		if !slices.ContainsFunc(r.Figures, func(f figure) bool { return strings.Contains(f.Name, name) && f.Value != 0 }) {
			t.Errorf("there is no figure %q", name)
		}
	}
}

func TestEveryGetRouteOfAPIIsListed(t *testing.T) {
	router := server.New(server.Config{}, struct{ server.Store }{}, nil, slog.New(slog.DiscardHandler)).Handler().(chi.Routes)
	err := chi.Walk(router, func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		// The section crowd measures status pages.
		if method != http.MethodGet || !strings.HasPrefix(path, "/api") || path == "/api/events" || path == "/api/keys" || strings.HasPrefix(path, web.PingPath) ||
			strings.HasSuffix(path, "/ping-url") {
			return nil
		}
		if !slices.ContainsFunc(readRoutes, func(r route) bool {
			withoutQuery, _, _ := strings.Cut(r.String(), "?")
			return withoutQuery == method+" "+placeholder.ReplaceAllString(path, "{id}")
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
	for list, want := range map[string]bool{`[{"id":"65a50000000000000000000a"}]`: true, "[]": false} {
		f := &fakeAPI{requests: make(map[string]bool), list: list}
		api := httptest.NewServer(f)
		defer api.Close()
		o := options{api: api.URL + "/api", token: "secret", only: []string{"routes"}, plan: testPlan}
		_, table, err := runBench(t, o)
		for _, text := range []string{fmt.Sprint(err), table} {
			for _, part := range []string{"section routes: GET /api/notifications:", "503 Service Unavailable: store unavailable"} {
				if !strings.Contains(text, part) {
					t.Errorf("%q is not in %s", part, text)
				}
			}
		}
		measured := strings.Contains(table, "| GET /api/monitors/{id}/results ")
		if measured != want || strings.Contains(table, "secret") {
			t.Errorf("table for the list %s:\n%s", list, table)
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

func TestQuantileOfHistogram(t *testing.T) {
	h := make(histogram, len(latenessBuckets)+1)
	for i := range h {
		h[i] = 100
	}
	h[0], h[1] = 0, 60 // 60 observations from 1 to 2.5 ms, 40 from 2.5 to 5 ms
	for q, want := range map[float64]float64{0.3: 0.00175, 0.6: 0.0025, 0.8: 0.00375, 1: 0.005} {
		if got := h.quantile(q); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("quantile %g is %g, want %g", q, got, want)
		}
	}
}

func TestFailingSectionDoesNotStopTheOthers(t *testing.T) {
	t.Cleanup(func() {
		sections = slices.DeleteFunc(sections, func(s section) bool { return strings.HasPrefix(s.name, "test") })
	})
	folder := ""
	sections = append(sections,
		section{"test-1", func(_ *bench, t testing.TB) {
			folder = t.TempDir()
			t.Fatalf("no program at %s", "/bin/missing")
		}},
		section{"test-2", func(b *bench, _ testing.TB) { b.add("size", bytes, 10, 4, "") }},
	)
	r, table, err := runBench(t, options{only: []string{"test-1", "test-2"}})
	const reason = "section test-1: no program at /bin/missing"
	if err == nil || err.Error() != reason || !slices.Equal(r.Failures, []string{reason}) || !strings.Contains(table, reason) {
		t.Errorf("error %v, failures %q, table\n%s", err, r.Failures, table)
	}
	if len(r.Figures) != 1 || r.Figures[0].Ratio != 2.5 {
		t.Errorf("figures %v", r.Figures)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the folder of the failed section still exists: %v", err)
	}
}

func TestUnknownSectionIsRefused(t *testing.T) {
	err := run(t.Context(), options{only: []string{"cots"}}, t.Output(), t.Output())
	if err == nil || err.Error() != `there is no section "cots"` {
		t.Errorf("error %v", err)
	}
}
