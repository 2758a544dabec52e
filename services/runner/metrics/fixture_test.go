package metrics

import (
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"nanomon/services/common/monitor"
	"nanomon/services/runner/alerting/incident"
	"nanomon/services/runner/alerting/notify"
	"nanomon/services/runner/engine"
)

const (
	textFormat  = "text/plain"
	openMetrics = "application/openmetrics-text; version=1.0.0"
)

// fakeRunner is an Engine and an Alerter with fixed values.
type fakeRunner struct {
	monitors []monitor.Monitor
	// latest holds the newest results by monitor id.
	latest map[string]*monitor.Result
	stats  engine.Stats
	sent   []notify.Counts
}

func (r *fakeRunner) Running() iter.Seq2[monitor.Monitor, *monitor.Result] {
	return func(yield func(monitor.Monitor, *monitor.Result) bool) {
		for _, m := range r.monitors {
			if !yield(m, r.latest[m.ID]) {
				return
			}
		}
	}
}

func (r *fakeRunner) Stats() engine.Stats     { return r.stats }
func (r *fakeRunner) Counts() []notify.Counts { return r.sent }

func (r *fakeRunner) Incidents() incident.Counts {
	return incident.Counts{OpenError: 2, OpenFailed: 1, Opened: 7, Resolved: 4}
}

// add adds a monitor with its newest result.
func (r *fakeRunner) add(id, name string, result monitor.Result) {
	r.monitors = append(r.monitors, monitor.Monitor{ID: id, Name: name, Type: "http", Target: "http://user:s3cret@host.test/"})
	if r.latest == nil {
		r.latest = make(map[string]*monitor.Result)
	}
	r.latest[id] = &result
}

// handler returns the handler of x with r as engine and alerter.
func (r *fakeRunner) handler(x *Exporter) http.Handler {
	return x.handler(r, r, slog.New(slog.DiscardHandler))
}

// read scrapes h in a format and fails the test if the response is not valid.
func read(t testing.TB, h http.Handler, format string) (families map[string]*dto.MetricFamily, body string) {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Header.Set("Accept", format)
	response := httptest.NewRecorder()
	h.ServeHTTP(response, request)
	content, err := io.ReadAll(response.Body)
	if err != nil || response.Code != http.StatusOK || !strings.HasPrefix(response.Header().Get("Content-Type"), format) {
		t.Fatalf("response %d %s, %v", response.Code, response.Header().Get("Content-Type"), err)
	}
	body = string(content)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err = parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%v in\n%s", err, body)
	}
	checkNames(t, body, format)
	return families, body
}

// suffixes returns the suffixes of the series of a family, by its type and the format.
func suffixes(kind, format string) []string {
	switch {
	case kind == "histogram":
		return []string{"_bucket", "_sum", "_count", "_created"}
	case kind == "summary":
		return []string{"_sum", "_count", "_created"}
	case kind == "counter" && format == openMetrics:
		return []string{"_total", "_created"}
	default:
		return nil
	}
}

// checkNames fails the test if a series occurs twice, or if a family has the name of another family or of its series.
func checkNames(t testing.TB, body, format string) {
	t.Helper()
	names, series := make(map[string]bool), make(map[string]bool)
	claim := func(name string) {
		if names[name] {
			t.Errorf("the name %s occurs twice", name)
		}
		names[name] = true
	}
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		if declaration, found := strings.CutPrefix(line, "# TYPE "); found {
			name, kind, _ := strings.Cut(declaration, " ")
			claim(name)
			for _, suffix := range suffixes(kind, format) {
				claim(name + suffix)
			}
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		one := line[:strings.LastIndexByte(line, ' ')]
		if series[one] {
			t.Errorf("the series %s occurs twice", one)
		}
		series[one] = true
		if name, _, _ := strings.Cut(one, "{"); !names[name] {
			t.Errorf("the series %s belongs to no family", one)
		}
	}
	if ends := strings.HasSuffix(body, "\n# EOF\n"); ends != (format == openMetrics) {
		t.Errorf("%s: ends with # EOF: %t", format, ends)
	}
}

// values returns the values of the series of a family, by the value of a label.
func values(family *dto.MetricFamily, label string) map[string]float64 {
	found := make(map[string]float64)
	for _, m := range family.GetMetric() {
		for _, pair := range m.GetLabel() {
			if pair.GetName() == label {
				found[pair.GetValue()] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue()
			}
		}
	}
	return found
}
