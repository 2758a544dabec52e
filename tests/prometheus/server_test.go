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

	"nanomon/tests/servicetest"
)

// scrapeInterval is that of the tests.
const scrapeInterval = time.Second

// server is a running Prometheus.
type server struct {
	*servicetest.Service
	t   *testing.T
	url string
	// scraping is since when every target is scraped.
	scraping time.Time
}

// startPrometheus starts it with the deployed configuration, but for the intervals and the targets.
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

// series is one that a query gives, with its value now.
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

// get is what the API of Prometheus has at a path.
func get[T any](s *server, path string) T {
	s.t.Helper()
	return servicetest.Get[struct{ Data T }](s.t, s.url+"/api/v1/"+path).Data
}

// query gives the series of an expression as they are now.
func (s *server) query(format string, args ...any) []series {
	s.t.Helper()
	expression := fmt.Sprintf(format, args...)
	return get[struct{ Result []series }](s, "query?query="+url.QueryEscape(expression)).Result
}

// each checks the value of every series of an expression, of which there must be n.
func (s *server) each(n int, expression string, good func(float64) bool) {
	s.t.Helper()
	found := s.query("%s", expression)
	if len(found) != n {
		s.t.Errorf("%s gives %d series, want %d", expression, len(found), n)
	}
	for _, one := range found {
		if !good(one.value(s.t)) {
			s.t.Errorf("%s is %v of %v", expression, one.Value[1], one.Metric)
		}
	}
}
