package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/runner/engine"
)

// BenchmarkScrape measures a scrape of ten thousand HTTP monitors.
func BenchmarkScrape(b *testing.B) {
	r := &fakeRunner{}
	for i := range 10_000 {
		r.add(fmt.Sprintf("%024x", i), fmt.Sprint("monitor number ", i), monitor.Result{Value: float64(i), Outputs: map[string]any{
			"respTime": 1.5, "status": 200.0, "bodyLen": 5000.0, "certExpiryDays": 30.0, "dnsTime": .1, "connectTime": .2, "tlsTime": 1.1,
			"firstByteTime": 1.2, "ipAddress": "192.0.2.1", "finalUrl": "https://host.test/",
		}})
	}
	h := r.handler(newExporter([]string{"http"}))
	for b.Loop() {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		b.ReportMetric(float64(answer.Body.Len()), "bytes")
	}
}

// BenchmarkObserveCheck measures the cost of metrics per check.
func BenchmarkObserveCheck(b *testing.B) {
	x := newExporter([]string{"http"})
	for b.Loop() {
		x.ObserveCheck(engine.CompletedCheck{
			Type: "http", Status: monitor.StatusOK, Delay: 3 * time.Millisecond, Duration: 20 * time.Millisecond,
		})
	}
}
