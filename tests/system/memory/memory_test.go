// Package memory tests that the real standalone binary stays below a memory limit, whatever the targets send. It runs
// without the race detector, which needs several times the memory.
package memory

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/servicetest"
)

// limitMiB is the memory limit of the runner's container in the Helm chart.
const limitMiB = 512

// target sends size bytes to each request. If it stalls, it does not end the response.
type target struct {
	size   int
	stalls bool
	// headers is the number of headers that are sent instead, without the end of the headers.
	headers int
	// sent counts the responses of which all bytes were sent or refused.
	sent atomic.Int64
}

func (g *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.headers > 0 {
		g.sendHeaders(w)
		return
	}
	if g.stalls {
		w.Header().Set("Content-Length", strconv.Itoa(g.size+1))
	}
	chunk := []byte(strings.Repeat("a", 64<<10))
	var err error
	for left := g.size; left > 0 && err == nil; left -= len(chunk) {
		_, err = w.Write(chunk[:min(left, len(chunk))])
	}
	_ = http.NewResponseController(w).Flush()
	g.sent.Add(1)
	if g.stalls {
		<-r.Context().Done()
	}
}

// sendHeaders sends headers and waits until the client closes the connection.
func (g *target) sendHeaders(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	text := []byte("HTTP/1.1 200 OK\r\n")
	for i := range g.headers {
		text = fmt.Appendf(text, "%x:\r\n", i)
	}
	_, _ = connection.Write(text)
	g.sent.Add(1)
	_, _ = connection.Read(text)
}

func TestMemoryStaysBelowTheLimit(t *testing.T) {
	for name, c := range map[string]struct {
		monitors   int
		target     *target
		rule       string
		properties map[string]string
	}{
		"stalled bodies that nobody uses":   {1000, &target{size: 960 << 10, stalls: true}, "", nil},
		"stalled bodies that the rule uses": {1000, &target{size: 960 << 10, stalls: true}, "body =~ 'ready'", nil},
		"many headers without an end":       {1000, &target{headers: 3_300}, "", nil},
		"too many headers":                  {1000, &target{headers: 35_000}, "", nil},
		"large bodies":                      {40, &target{size: 64 << 20}, "body =~ 'ready'", map[string]string{"maxBody": "64MiB"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.target)
			t.Cleanup(server.Close) // After the end of the service, which closes the connections.
			all := make([]monitor.Monitor, c.monitors)
			for i := range all {
				properties := map[string]string{"timeout": "30s"}
				for name, value := range c.properties {
					properties[name] = value
				}
				all[i] = monitor.Monitor{
					Name: strconv.Itoa(i), Type: "http", Interval: "30s", Target: server.URL, Rule: c.rule, Enabled: true,
					Properties: properties,
				}
			}
			service, api, _ := servicetest.StandaloneWith(t, t.TempDir(), map[string]string{
				"GOMEMLIMIT": fmt.Sprintf("%dMiB", limitMiB*9/10), "CHECK_MEMORY": fmt.Sprintf("%dMiB", limitMiB/4),
			})
			if status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/import", all); status != http.StatusNoContent {
				t.Fatalf("import: %d %s", status, body)
			}
			servicetest.EventuallyWithin(t, 2*time.Minute, "the responses", func() bool {
				return c.target.sent.Load() >= int64(c.monitors)
			})
			peak := peakMiB(t, service.PID)
			t.Logf("peak of the resident memory: %d MiB", peak)
			if peak > limitMiB {
				t.Errorf("the peak of the resident memory is %d MiB, more than %d", peak, limitMiB)
			}
		})
	}
}

// peakMiB returns the peak of a process's resident memory.
func peakMiB(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if match == nil {
		t.Fatalf("no VmHWM in %s", status)
	}
	kib, err := strconv.Atoi(string(match[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib >> 10
}
