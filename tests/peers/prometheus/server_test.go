package prometheus

import (
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nanomon/tests/support/servicetest"
)

// scrapeInterval replaces the scrape interval of prometheus.yml in the tests.
const scrapeInterval = time.Second

// server is a running Prometheus.
type server struct {
	*servicetest.Service
	t   *testing.T
	url string
	// scraping is the time from which every target was scraped.
	scraping time.Time
}

// startPrometheus starts Prometheus with prometheus.yml of deploy/prometheus, with other intervals and targets.
func startPrometheus(t *testing.T, api string, runners []string) *server {
	t.Helper()
	folder := t.TempDir()
	config := read(t, "prometheus.yml")
	for old, by := range map[string]string{
		"scrape_interval: 15s": "scrape_interval: " + scrapeInterval.String(), "evaluation_interval: 15s": "evaluation_interval: 1s",
		"localhost:8000": api, "localhost:8080": strings.Join(runners, ", "),
	} {
		config = replace(t, config, old, by)
	}
	write(t, filepath.Join(folder, "prometheus.yml"), config)
	write(t, filepath.Join(folder, "rules.yml"), read(t, "rules.yml"))
	s := &server{t: t, Service: servicetest.StartCommand(t, exec.Command(tool(t, "prometheus"),
		"--config.file="+filepath.Join(folder, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(folder, "data"),
		"--web.listen-address=127.0.0.1:0"))}
	s.url = "http://" + s.WaitLog(t, `msg="Listening on".* address=(\S+)`)[1]
	servicetest.Eventually(t, "Prometheus to be ready", func() bool {
		status, _ := servicetest.Call(t, http.MethodGet, s.url+"/-/ready", nil)
		return status == http.StatusOK
	})
	servicetest.Eventually(t, "Prometheus to scrape every target", func() bool { return len(s.query("up == 1")) == 1+len(runners) })
	s.scraping = time.Now()
	return s
}

// series is a series in a query result, with its current value.
type series struct {
	Metric map[string]string
	Value  [2]any
}

func (s series) value(t *testing.T) float64 {
	t.Helper()
	text, _ := s.Value[1].(string)
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("the value of %v: %v", s.Metric, err)
	}
	return value
}

// get returns the data at a path of Prometheus' API.
func get[T any](s *server, path string) T {
	s.t.Helper()
	return servicetest.Get[struct{ Data T }](s.t, s.url+"/api/v1/"+path).Data
}

// query returns the current series of an expression.
func (s *server) query(format string, args ...any) []series {
	s.t.Helper()
	expression := fmt.Sprintf(format, args...)
	return get[struct{ Result []series }](s, "query?query="+url.QueryEscape(expression)).Result
}

// each checks the value of every series of an expression. There must be n series.
func (s *server) each(n int, expression string, valid func(float64) bool) {
	s.t.Helper()
	found := s.query("%s", expression)
	if len(found) != n {
		s.t.Errorf("%s returns %d series, want %d", expression, len(found), n)
	}
	for _, one := range found {
		if !valid(one.value(s.t)) {
			s.t.Errorf("%s is %v for %v", expression, one.Value[1], one.Metric)
		}
	}
}
