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
	"nanomon/services/runner/alerting"
	"nanomon/services/runner/engine"
)

const (
	textFormat  = "text/plain"
	openMetrics = "application/openmetrics-text; version=1.0.0"
)

// runner is what an exporter reads.
type runner struct {
	monitors []monitor.Monitor
	// latest are the newest results by the monitors' ids.
	latest map[string]*monitor.Result
	stats  engine.Stats
	sent   []alerting.Counts
}

func (r *runner) Running() iter.Seq2[monitor.Monitor, *monitor.Result] {
	return func(yield func(monitor.Monitor, *monitor.Result) bool) {
		for _, m := range r.monitors {
			if !yield(m, r.latest[m.ID]) {
				return
			}
		}
	}
}

func (r *runner) Stats() engine.Stats       { return r.stats }
func (r *runner) Counts() []alerting.Counts { return r.sent }

// add gives the runner a monitor that has a result.
func (r *runner) add(id, name string, result monitor.Result) {
	r.monitors = append(r.monitors, monitor.Monitor{ID: id, Name: name, Type: "http", Target: "http://user:s3cret@host.test/"})
	if r.latest == nil {
		r.latest = make(map[string]*monitor.Result)
	}
	r.latest[id] = &result
}

// handler serves what x and r tell.
func (r *runner) handler(x *Exporter) http.Handler {
	return x.handler(r, r, slog.New(slog.DiscardHandler))
}

// read asks for what h serves in a format; it must be valid.
func read(t testing.TB, h http.Handler, format string) (families map[string]*dto.MetricFamily, body string) {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Header.Set("Accept", format)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.Code != http.StatusOK || !strings.HasPrefix(answer.Header().Get("Content-Type"), format) {
		t.Fatalf("answered %d %s, %v", answer.Code, answer.Header().Get("Content-Type"), err)
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

// suffixes are those of the series that a family of a type has in a format.
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

// checkNames wants each series once, and no family to have a name that is another's or that of another's series.
func checkNames(t testing.TB, body, format string) {
	t.Helper()
	names, series := make(map[string]bool), make(map[string]bool)
	claim := func(name string) {
		if names[name] {
			t.Errorf("the name %s is there twice", name)
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
			t.Errorf("the series %s is there twice", one)
		}
		series[one] = true
		if name, _, _ := strings.Cut(one, "{"); !names[name] {
			t.Errorf("the series %s belongs to no family", one)
		}
	}
	if ends := strings.HasSuffix(body, "\n# EOF\n"); ends != (format == openMetrics) {
		t.Errorf("in %s: ends with the mark %t", format, ends)
	}
}

// values are those of the series of a family, by the values of one of its labels.
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
