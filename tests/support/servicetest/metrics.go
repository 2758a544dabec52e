package servicetest

import (
	"bytes"
	"net/http"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// MetricsURL waits until a runner or standalone serves its metrics and returns their URL.
func (s *Service) MetricsURL(t testing.TB) string {
	t.Helper()
	return "http://localhost:" + s.WaitLog(t, `msg=listening for=metrics address=\S*:(\d+)`)[1] + "/metrics"
}

// Scrape reads the metrics at url and returns their families by name.
func Scrape(t testing.TB, url string) map[string]*dto.MetricFamily {
	t.Helper()
	status, body := Call(t, http.MethodGet, url, nil)
	if status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", url, status, body)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("GET %s: %v in %s", url, err, body)
	}
	return families
}
