package prometheus

import (
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// runners is the number of runners.
const runners = 3

// system represents NanoMon as separate services with FerretDB, with metrics on.
type system struct {
	t *testing.T
	// api is the URL of the API, with /api at the end.
	api string
	// metrics contains the URL of each runner's metrics.
	metrics []string
	// web is the URL of a server that responds with "value " and the number in the path.
	web string
	// created counts the monitors.
	created int
}

func startSystem(t *testing.T) *system {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "value %s", strings.TrimPrefix(r.URL.Path, "/"))
	}))
	t.Cleanup(web.Close)
	settings := map[string]string{
		"MONGO_URI": mongotest.FerretDB(t).URI, "POLLING_INTERVAL": "1s", "PROMETHEUS_ENABLE": "true", "PROMETHEUS_PORT": "0",
		"ALERT_WEBHOOK_URL": web.URL,
	}
	s := &system{t: t, web: web.URL}
	_, s.api = servicetest.API(t, settings)
	for range runners {
		runner, _ := servicetest.Runner(t, settings)
		s.metrics = append(s.metrics, runner.MetricsURL(t))
	}
	servicetest.Eventually(t, "all runners to be live", func() bool { return len(servicetest.MonitorsPerRunner(t, s.api)) == runners })
	return s
}

// host returns the host and port of a URL.
func host(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// addresses returns the host and port of the API and of each runner.
func (s *system) addresses() (api string, runners []string) {
	for _, address := range s.metrics {
		runners = append(runners, host(s.t, address))
	}
	return host(s.t, s.api), runners
}

// monitor returns a new monitor with a unique value and an interval of one second.
func (s *system) monitor(name string) monitor.Monitor {
	s.created++
	return monitor.Monitor{
		Name: name, Type: "http", Interval: "1s", Target: fmt.Sprintf("%s/%d", s.web, s.created), Group: "steady", Enabled: true,
		Properties: map[string]string{"bodyRegex": `value (\d+)`},
		Labels:     map[string]string{"app.team": fmt.Sprintf("team %d", s.created%3), fmt.Sprintf("key-%d", s.created%5): "x"},
	}
}

func (s *system) create(m monitor.Monitor) monitor.Monitor {
	s.t.Helper()
	return servicetest.Create(s.t, s.api, m)
}

func (s *system) rename(m monitor.Monitor, name string) monitor.Monitor {
	s.t.Helper()
	m.Name = name
	if status, body := servicetest.Call(s.t, http.MethodPut, s.api+"/monitors/"+m.ID, m); status != http.StatusOK {
		s.t.Fatalf("rename to %s: %d %s", name, status, body)
	}
	return m
}

func (s *system) delete(m monitor.Monitor) {
	s.t.Helper()
	if status, body := servicetest.Call(s.t, http.MethodDelete, s.api+"/monitors/"+m.ID, nil); status != http.StatusNoContent {
		s.t.Fatalf("delete %s: %d %s", m.Name, status, body)
	}
}

// startMaintenance starts a maintenance window for a monitor.
func (s *system) startMaintenance(m monitor.Monitor) {
	s.t.Helper()
	window := map[string]any{
		"name": "works", "monitors": []string{m.ID}, "start": time.Now(), "end": time.Now().Add(time.Hour),
	}
	if status, body := servicetest.Call(s.t, http.MethodPost, s.api+"/maintenance", window); status != http.StatusOK {
		s.t.Fatalf("maintenance: %d %s", status, body)
	}
}

// listen reads the event stream until the test ends.
func (s *system) listen() {
	s.t.Helper()
	response, err := http.Get(s.api + "/events")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { response.Body.Close() })
}

// scrapes returns the current metrics of the runners and the API as text, by URL.
func (s *system) scrapes() map[string]string {
	s.t.Helper()
	texts := make(map[string]string)
	for _, address := range append([]string{s.api + "/metrics"}, s.metrics...) {
		status, body := servicetest.Call(s.t, http.MethodGet, address, nil)
		if status != http.StatusOK {
			s.t.Fatalf("GET %s: %d", address, status)
		}
		texts[address] = string(body)
	}
	return texts
}

// exposes reports whether the API or a runner exposes a series that contains part.
func (s *system) exposes(part string) bool {
	s.t.Helper()
	return s.exposesAll(slices.Values([]string{part}))
}

// exposesAll reports whether the API and the runners expose series with each of the parts.
func (s *system) exposesAll(parts iter.Seq[string]) bool {
	s.t.Helper()
	all := strings.Join(slices.Collect(maps.Values(s.scrapes())), "\n")
	for part := range parts {
		if !strings.Contains(all, part) {
			return false
		}
	}
	return true
}
