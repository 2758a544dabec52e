package metrics

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/runner/alerting/notify"
	"nanomon/services/runner/engine"
)

func TestMonitorMetrics(t *testing.T) {
	r := &fakeRunner{}
	r.add("a", "Shop", monitor.Result{
		Status: monitor.StatusError, Value: 12.5, Message: "s3cret", MonitorTarget: "s3cret", Ignored: monitor.IgnoredMaintenance,
		Outputs: map[string]any{
			"respTime": 12.5, "status": 503.0, "zero": 0.0, "negative": -1.5, "ipAddress": "s3cret", "bodyTruncated": true,
			"nan": math.NaN(), "inf": math.Inf(1), "_value": 99.0,
		},
	})
	r.monitors[0].Group, r.monitors[0].Properties = "web", map[string]string{"headers": "s3cret"}
	r.monitors[0].Properties[monitor.Warn] = "respTime > 5"
	r.add("b", "SHOP", monitor.Result{Value: 1, Message: "Warning: s3cret"})
	r.monitors[1].Properties = map[string]string{monitor.Warn: "respTime > 5"}
	r.monitors = append(r.monitors, monitor.Monitor{ID: "c", Name: "without a result", Type: "tcp"})
	h := r.handler(newExporter([]string{"http"}))
	for _, format := range []string{textFormat, openMetrics} {
		families, body := read(t, h, format)
		for _, series := range []string{
			`nanomon_monitor_status{group="web",id="a",name="Shop",type="http"} 1`,
			`nanomon_monitor_value{group="web",id="a",name="Shop",type="http"} 12.5`,
			`nanomon_monitor_excluded{group="web",id="a",name="Shop",reason="maintenance",type="http"} 1`,
			`nanomon_monitor_status{group="",id="b",name="SHOP",type="http"} 0`,
			`nanomon_monitor_warning{group="web",id="a",name="Shop",type="http"} 0`,
			`nanomon_monitor_warning{group="",id="b",name="SHOP",type="http"} 1`,
			`nanomon_shop{id="a",result="_status",type="http"} 1`,
			`nanomon_shop{id="a",result="_value",type="http"} 12.5`,
			`nanomon_shop{id="a",result="negative",type="http"} -1.5`,
			`nanomon_shop{id="a",result="respTime",type="http"} 12.5`,
			`nanomon_shop{id="a",result="status",type="http"} 503`,
			`nanomon_shop{id="a",result="zero",type="http"} 0`,
			`nanomon_shop{id="b",result="_status",type="http"} 0`,
			`nanomon_shop{id="b",result="_value",type="http"} 1`,
			`# HELP nanomon_shop Shop (http)`,
		} {
			if !strings.Contains(body, "\n"+series) {
				t.Errorf("%s: no %s in\n%s", format, series, body)
			}
		}
		if got := len(families["nanomon_shop"].GetMetric()); got != 8 {
			t.Errorf("%s: %d series in %v", format, got, families["nanomon_shop"])
		}
		if len(families[monitorStatus].GetMetric()) != 2 || len(families[monitorExcluded].GetMetric()) != 1 || families["nanomon_without_a_result"] != nil {
			t.Errorf("%s: exported %v", format, families)
		}
		if strings.Contains(body, "s3cret") || strings.Contains(body, "host.test") {
			t.Errorf("%s: a secret or a target is shown:\n%s", format, body)
		}
	}
}

// Monitors with different keys are in one family. Two keys that give the same name, which another program may have
// stored, give one label.
func TestLabelsOfMonitors(t *testing.T) {
	r := &fakeRunner{}
	r.add("a", "Shop", monitor.Result{})
	r.add("b", "Cart", monitor.Result{})
	r.add("c", "Plain", monitor.Result{})
	r.monitors[0].Labels = map[string]string{"team": "payments", "app.kubernetes.io/name": "Größe \"shop\"\n"}
	r.monitors[1].Labels = map[string]string{"team": "checkout", "cost-center": "7", "cost.center": "8", "bad": "\xff"}
	r.monitors = append(r.monitors, monitor.Monitor{ID: "d", Name: "without a result", Labels: map[string]string{"id": "own"}})
	h := r.handler(newExporter([]string{"http"}))
	for _, format := range []string{textFormat, openMetrics} {
		families, body := read(t, h, format)
		for _, series := range []string{
			`nanomon_monitor_labels{id="a",label_app_kubernetes_io_name="Größe \"shop\"\n",label_team="payments"} 1`,
			`nanomon_monitor_labels{id="b",label_bad="` + "\uFFFD" + `",label_cost_center="7",label_team="checkout"} 1`,
			`nanomon_monitor_labels{id="c"} 1`,
			`nanomon_monitor_labels{id="d",label_id="own"} 1`,
			`nanomon_monitor_status{group="",id="a",name="Shop",type="http"} 0`,
		} {
			if !strings.Contains(body, "\n"+series) {
				t.Errorf("%s: no %s in\n%s", format, series, body)
			}
		}
		if n := len(families[monitorLabels].GetMetric()); n != 4 {
			t.Errorf("%s: %d series, want one for each monitor", format, n)
		}
	}
}

func TestRunnerMetrics(t *testing.T) {
	r := &fakeRunner{
		stats: engine.Stats{Monitors: 7, Problems: 1, Skipped: 2, Queued: 3, Dropped: 4, StoreErrors: 5, StoreHealthy: true},
		sent:  []notify.Counts{{Channel: "email", Sent: 6, Failed: 1}, {Channel: "ntfy"}},
	}
	x := newExporter([]string{"http", "tcp"})
	x.ObserveCheck(engine.CompletedCheck{Type: "http", Status: monitor.StatusFailed, Delay: 20 * time.Millisecond, Duration: 3 * time.Second})
	x.ObserveCheck(engine.CompletedCheck{Type: "http", Status: monitor.StatusFailed, Delay: 0, Duration: time.Millisecond})
	_, body := read(t, r.handler(x), textFormat)
	for _, series := range []string{
		`nanomon_runner_monitors 7`, `nanomon_runner_problems 1`, `nanomon_runner_skipped_runs_total 2`, `nanomon_runner_queued_results 3`,
		`nanomon_runner_dropped_results_total 4`, `nanomon_runner_store_errors_total 5`,
		`nanomon_runner_store_healthy 1`,
		`nanomon_runner_alerts_sent_total{channel="email"} 6`, `nanomon_runner_alerts_failed_total{channel="email"} 1`,
		`nanomon_runner_alerts_sent_total{channel="ntfy"} 0`,
		`nanomon_runner_open_incidents{severity="error"} 2`, `nanomon_runner_open_incidents{severity="failed"} 1`,
		`nanomon_runner_incidents_opened_total 7`, `nanomon_runner_incidents_resolved_total 4`,
		`nanomon_runner_runs_total{status="failed",type="http"} 2`, `nanomon_runner_runs_total{status="ok",type="tcp"} 0`,
		`nanomon_runner_check_duration_seconds_sum{type="http"} 3.001`,
		`nanomon_runner_check_duration_seconds_bucket{type="http",le="2.5"} 1`,
		`nanomon_runner_check_duration_seconds_count{type="tcp"} 0`,
		`nanomon_runner_lateness_seconds_bucket{le="0.01"} 1`, `nanomon_runner_lateness_seconds_bucket{le="0.025"} 2`,
		`nanomon_runner_build_info{build_info="development build",version="0.0.0"} 1`,
		`go_goroutines `, `process_resident_memory_bytes `,
	} {
		if !strings.Contains(body, "\n"+series) {
			t.Errorf("no %s in\n%s", series, body)
		}
	}
}

func TestFixedFamiliesFollowNamingConventions(t *testing.T) {
	r := &fakeRunner{sent: []notify.Counts{{Channel: "email"}}}
	r.add("a", "Shop", monitor.Result{Ignored: monitor.IgnoredBlocked})
	_, body := read(t, r.handler(newExporter([]string{"http"})), textFormat)
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, prefix) {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// A page whose host name leads to the port of the metrics can't read them. Browsers always send Accept-Language.
func TestBrowsersNeedAKnownHostName(t *testing.T) {
	h := (&fakeRunner{}).handler(newExporter([]string{"http"}))
	for _, c := range []struct {
		host     string
		language []string
		want     int
	}{
		{"attacker.example:8080", []string{"en"}, http.StatusMisdirectedRequest},
		{"attacker.example.", []string{""}, http.StatusMisdirectedRequest},
		{"localhost:8080", []string{"en"}, http.StatusOK},
		{"nas", []string{"en"}, http.StatusOK},
		{"[::1]:8080", []string{"en"}, http.StatusOK},
		{"runner.example.org:8080", nil, http.StatusOK}, // Prometheus
	} {
		r, w := httptest.NewRequest("GET", "/metrics", nil), httptest.NewRecorder()
		r.Host = c.host
		if c.language != nil {
			r.Header["Accept-Language"] = c.language
		}
		h.ServeHTTP(w, r)
		if w.Code != c.want || c.want != http.StatusOK && !strings.Contains(w.Body.String(), `attacker.example`) {
			t.Errorf("%s, Accept-Language %q: %d %.200s, want %d", c.host, c.language, w.Code, w.Body, c.want)
		}
	}
}

func TestScrapeDuringChecks(t *testing.T) {
	r := &fakeRunner{}
	for i := range 20 {
		r.add(fmt.Sprint(i), fmt.Sprint("monitor ", i/2), monitor.Result{})
	}
	x := newExporter([]string{"http"})
	h := r.handler(x)
	stop := make(chan struct{})
	var running sync.WaitGroup
	defer running.Wait()
	defer close(stop)
	running.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				x.ObserveCheck(engine.CompletedCheck{Type: "tcp", Status: monitor.StatusOK})
			}
		}
	})
	for range 10 {
		read(t, h, textFormat)
	}
}

func TestDisabledMetricsOpenNoPort(t *testing.T) {
	used, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer used.Close()
	settings := config.Prometheus{PrometheusPort: config.Port(used.Addr().(*net.TCPAddr).Port)}
	x, err := Open(t.Context(), settings, nil)
	if err != nil || x.listener != nil {
		t.Fatalf("opened %+v, %v", x, err)
	}
	if err := x.Serve(t.Context(), &fakeRunner{}, &fakeRunner{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}

	settings.PrometheusEnabled = true
	if _, err := Open(t.Context(), settings, nil); err == nil || !strings.HasPrefix(err.Error(), "PROMETHEUS_PORT: port ") || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a port in use: %v", err)
	}
}

func TestServeStopsWithContext(t *testing.T) {
	x, err := Open(t.Context(), config.Prometheus{PrometheusEnable: true}, []string{"http"})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- x.Serve(ctx, &fakeRunner{}, &fakeRunner{}, slog.New(slog.NewTextHandler(&log, nil)))
	}()
	base := "http://" + x.listener.Addr().String()
	got := make(map[string]int)
	for path, method := range map[string]string{"/metrics": http.MethodGet, "/": http.MethodGet, "/metrics/": http.MethodPost} {
		request, err := http.NewRequestWithContext(t.Context(), method, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		got[path] = response.StatusCode
	}
	if want := (map[string]int{"/metrics": 200, "/": 404, "/metrics/": 404}); !maps.Equal(got, want) {
		t.Errorf("responses %v", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "msg=listening for=metrics address=") {
		t.Errorf("log: %s", log.String())
	}
}
