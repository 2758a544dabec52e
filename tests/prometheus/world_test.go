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
	"nanomon/tests/mongotest"
	"nanomon/tests/servicetest"
)

// runners is how many there are.
const runners = 3

// world is NanoMon as separate services over a stand-in for MongoDB, with metrics on.
type world struct {
	t *testing.T
	// api ends in /api.
	api string
	// metrics are the addresses at which the runners tell theirs.
	metrics []string
	// web answers with "value " and the number in the path.
	web string
	// made counts the monitors.
	made int
}

func startWorld(t *testing.T) *world {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "value %s", strings.TrimPrefix(r.URL.Path, "/"))
	}))
	t.Cleanup(web.Close)
	settings := map[string]string{
		"MONGO_URI": mongotest.FerretDB(t).URI, "POLLING_INTERVAL": "1s", "PROMETHEUS_ENABLE": "true", "PROMETHEUS_PORT": "0",
		"ALERT_WEBHOOK_URL": web.URL,
	}
	w := &world{t: t, web: web.URL}
	_, w.api = servicetest.API(t, settings)
	for range runners {
		runner, _ := servicetest.Runner(t, settings)
		w.metrics = append(w.metrics, runner.MetricsURL(t))
	}
	servicetest.Eventually(t, "all runners to be live", func() bool { return len(servicetest.Running(t, w.api)) == runners })
	return w
}

// host is that of a URL.
func host(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// addresses are the hosts of the API and of the runners.
func (w *world) addresses() (api string, runners []string) {
	for _, address := range w.metrics {
		runners = append(runners, host(w.t, address))
	}
	return host(w.t, w.api), runners
}

// monitor is one with a value of its own, checked each second.
func (w *world) monitor(name string) monitor.Monitor {
	w.made++
	return monitor.Monitor{
		Name: name, Type: "http", Interval: "1s", Target: fmt.Sprintf("%s/%d", w.web, w.made), Group: "steady", Enabled: true,
		Properties: map[string]string{"bodyRegex": `value (\d+)`},
	}
}

func (w *world) create(m monitor.Monitor) monitor.Monitor {
	w.t.Helper()
	return servicetest.Create(w.t, w.api, m)
}

func (w *world) rename(m monitor.Monitor, name string) monitor.Monitor {
	w.t.Helper()
	m.Name = name
	if status, body := servicetest.Call(w.t, http.MethodPut, w.api+"/monitors/"+m.ID, m); status != http.StatusOK {
		w.t.Fatalf("rename to %s: %d %s", name, status, body)
	}
	return m
}

func (w *world) delete(m monitor.Monitor) {
	w.t.Helper()
	if status, body := servicetest.Call(w.t, http.MethodDelete, w.api+"/monitors/"+m.ID, nil); status != http.StatusNoContent {
		w.t.Fatalf("delete %s: %d %s", m.Name, status, body)
	}
}

// exclude puts a monitor into maintenance, from now on.
func (w *world) exclude(m monitor.Monitor) {
	w.t.Helper()
	window := map[string]any{
		"name": "works", "monitors": []string{m.ID}, "start": time.Now(), "end": time.Now().Add(time.Hour),
	}
	if status, body := servicetest.Call(w.t, http.MethodPost, w.api+"/maintenance", window); status != http.StatusOK {
		w.t.Fatalf("maintenance: %d %s", status, body)
	}
}

// listen reads the event stream until the test ends.
func (w *world) listen() {
	w.t.Helper()
	response, err := http.Get(w.api + "/events")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { response.Body.Close() })
}

// scrapes are what the runners and the API tell just now, as text.
func (w *world) scrapes() map[string]string {
	w.t.Helper()
	texts := make(map[string]string)
	for _, address := range append([]string{w.api + "/metrics"}, w.metrics...) {
		status, body := servicetest.Call(w.t, http.MethodGet, address, nil)
		if status != http.StatusOK {
			w.t.Fatalf("GET %s: %d", address, status)
		}
		texts[address] = string(body)
	}
	return texts
}

// told reports whether a runner tells of series with this text in them.
func (w *world) told(part string) bool {
	w.t.Helper()
	return w.toldAll(slices.Values([]string{part}))
}

// toldAll reports whether runners tell of series with each of these texts in them.
func (w *world) toldAll(parts iter.Seq[string]) bool {
	w.t.Helper()
	all := strings.Join(slices.Collect(maps.Values(w.scrapes())), "\n")
	for part := range parts {
		if !strings.Contains(all, part) {
			return false
		}
	}
	return true
}
