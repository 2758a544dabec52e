package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// families contains the metric families of a scrape, by name.
type families map[string]*dto.MetricFamily

func parseMetrics(t *testing.T, text []byte) families {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	parsed, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	must(t, err)
	return parsed
}

func scrape(t *testing.T, h http.Handler) families {
	t.Helper()
	w := serve(h, httptest.NewRequest("GET", "/api/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("scrape: %d %s", w.Code, w.Body)
	}
	return parseMetrics(t, w.Body.Bytes())
}

// histogram returns the number of observations of each series of a family, by the values of its labels in the order of
// the label names.
func (f families) histogram(name string) map[string]uint64 {
	counts := make(map[string]uint64)
	for _, m := range f[name].GetMetric() {
		counts[labelsOf(m)] = m.GetHistogram().GetSampleCount()
	}
	return counts
}

// values returns the values of the gauges or counters of a family, by the values of their labels.
func (f families) values(name string) map[string]float64 {
	values := make(map[string]float64)
	for _, m := range f[name].GetMetric() {
		values[labelsOf(m)] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	return values
}

func labelsOf(m *dto.Metric) string {
	var values []string
	for _, label := range m.GetLabel() {
		values = append(values, label.GetValue())
	}
	return strings.Join(values, " ")
}

func TestRequestMetrics(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(1)
	const minimal = `{"name":"aa","type":"tcp","interval":"5s","target":"localhost:1"}`
	for _, c := range []struct{ method, path, body string }{
		{"GET", "/api", ""},
		{"GET", "/api/", ""},
		{"GET", "/api/monitors", ""},
		{"GET", "/api/monitors?include=latest", ""},
		{"GET", "/api/monitors?include=everything", ""},
		{"HEAD", "/api/monitors", ""},
		{"POST", "/api/monitors", minimal},
		{"POST", "/api/monitors", "{"},
		{"GET", "/api/monitors/" + idA, ""},
		{"GET", "/api/monitors/" + idB, ""},
		{"GET", "/api/monitors/" + idOther, ""},
		{"GET", "/api/monitors/7", ""},
		{"GET", "/api/monitors/" + idA + "/results", ""},
		{"DELETE", "/api/monitors/" + idB, ""},
		{"PATCH", "/api/monitors/" + idA, ""},
		{"INVENTED", "/api/monitors", ""},
		{"GET", "/api/monitors/" + idA + "/nothing", ""},
		{"GET", "/api/nothing", ""},
		{"GET", "/api/nothing/else", ""},
		{"GET", "/", ""},
		{"GET", "/api/metrics", ""},
		{"GET", "/api/metrics?%%%", ""},
	} {
		a.do(c.method, c.path, c.body)
	}
	found := parseMetrics(t, a.do("GET", "/api/metrics", "").body)
	same(t, "requests by code, method and route", found.histogram("nanomon_api_request_duration_seconds"), map[string]uint64{
		"200 get /api":                       2,
		"200 get /api/monitors":              2,
		"400 get /api/monitors":              1,
		"200 head /api/monitors":             1,
		"200 post /api/monitors":             1,
		"400 post /api/monitors":             1,
		"200 get /api/monitors/{id}":         2,
		"404 get /api/monitors/{id}":         1,
		"400 get /api/monitors/{id}":         1,
		"200 get /api/monitors/{id}/results": 1,
		"204 delete /api/monitors/{id}":      1,
		"405 patch none":                     1,
		"405 unknown none":                   1,
		"404 get none":                       4,
		"200 get /api/metrics":               1,
		"400 get /api/metrics":               1,
	})
	if n := found.values("nanomon_api_requests_in_flight")[""]; n != 1 {
		t.Errorf("%v requests in flight, want only this one", n)
	}
	same(t, "build info", found.values("nanomon_api_build_info"), map[string]float64{"test build sqlite 1.2.3": 1})
	for _, name := range []string{"go_goroutines", "process_start_time_seconds"} {
		if found[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestMetricsFormats(t *testing.T) {
	h := conformingHandler(t, newServer(openStore(t)))
	for accept, want := range map[string]string{
		"":           "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
		"text/plain": "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
		"application/openmetrics-text; version=1.0.0": "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
	} {
		r := httptest.NewRequest("GET", "/api/metrics", nil)
		r.Header.Set("Accept", accept)
		w := serve(h, r)
		if kind := w.Header().Get("Content-Type"); w.Code != 200 || kind != want {
			t.Errorf("accept %q: %d %s", accept, w.Code, kind)
		}
		if ended := strings.HasSuffix(w.Body.String(), "# EOF\n"); ended != strings.Contains(want, "openmetrics") {
			t.Errorf("accept %q: ends with %q", accept, w.Body.String()[w.Body.Len()-20:])
		}
	}
}

// TestEventStreamMetrics checks that the duration of a stream is the time until it starts, however long it lasts.
func TestEventStreamMetrics(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	clients := func() float64 {
		return parseMetrics(t, a.do("GET", "/api/metrics", "").body).values("nanomon_api_event_clients")[""]
	}
	took := func() (count uint64, seconds float64) {
		for _, m := range parseMetrics(t, a.do("GET", "/api/metrics", "").body)["nanomon_api_request_duration_seconds"].GetMetric() {
			if strings.HasSuffix(labelsOf(m), " /api/events") {
				count += m.GetHistogram().GetSampleCount()
				seconds += m.GetHistogram().GetSampleSum()
			}
		}
		return count, seconds
	}
	if n := clients(); n != 0 {
		t.Errorf("%v clients at first", n)
	}
	first, second := a.listen(), a.listen()
	if n := clients(); n != 2 {
		t.Errorf("%v clients, want 2", n)
	}
	before, total := took()
	a.append(resultN(1))
	first.wantEvent("result", resultN(1))
	first.leave()
	second.leave()
	for deadline := time.Now().Add(patience); clients() != 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%v clients after all have disconnected", clients())
		}
	}
	if after, seconds := took(); before != 2 || after != before || seconds != total {
		t.Errorf("%d streams with a total of %f s; after they ended, %d with %f s", before, total, after, seconds)
	}
}

func TestStoreMetrics(t *testing.T) {
	metrics := NewMetrics()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "nanomon.db"), Observe: metrics.ObserveStore})
	must(t, err)
	h := conformingHandler(t, New(Config{Metrics: metrics}, s, probe.All(probe.Guard{}), slog.New(slog.DiscardHandler)))
	get := func(path string) { serve(h, httptest.NewRequest("GET", path, nil)) }
	get("/api/monitors")
	get("/api/monitors")
	get("/api/monitors/" + idOther)
	must(t, s.Close())
	get("/api/monitors")
	found := scrape(t, h)
	operations, failures := found.histogram("nanomon_api_store_duration_seconds"), found.values("nanomon_api_store_errors_total")
	for operation, want := range map[string]struct {
		times  uint64
		errors float64
	}{
		"get revision": {3, 1},
		"get monitor":  {1, 0},
	} {
		if failed, exported := failures[operation]; operations[operation] != want.times || failed != want.errors || !exported {
			t.Errorf("%s: %d times, %v errors", operation, operations[operation], failed)
		}
	}
}

func TestStoreErrorMetrics(t *testing.T) {
	for _, c := range []struct {
		err  error
		want float64
	}{
		{nil, 0},
		{context.Canceled, 0},
		{monitor.ErrNotFound, 0},
		{monitor.Invalidf("limit must be positive"), 0},
		{store.ErrWatchUnsupported, 0},
		{monitor.ErrUnavailable, 1},
		{context.DeadlineExceeded, 1},
		{errors.New("disk failure"), 1},
	} {
		metrics := NewMetrics()
		server := New(Config{Metrics: metrics}, unavailableStore{}, probe.Registry{}, slog.New(slog.DiscardHandler))
		err := c.err
		if err != nil {
			err = fmt.Errorf("operate: %w", err)
		}
		metrics.ObserveStore("operate", 1500*time.Millisecond, err)
		found := scrape(t, conformingHandler(t, server))
		if got := found.values("nanomon_api_store_errors_total")["operate"]; got != c.want {
			t.Errorf("%v is counted as %v errors", c.err, got)
		}
		if took := found["nanomon_api_store_duration_seconds"].GetMetric()[0].GetHistogram().GetSampleSum(); took != 1.5 {
			t.Errorf("%v took %v s", c.err, took)
		}
	}
}

// TestMetricsDoNotUseTheStore uses a store whose methods panic.
func TestMetricsDoNotUseTheStore(t *testing.T) {
	scrape(t, conformingHandler(t, newServer(struct{ Store }{})))
}
