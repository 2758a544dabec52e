package servicetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
)

// Target is a web server that records the checks it gets. It answers each with a number, which a monitor made by
// [Target.Monitor] takes for its value: so a result tells which check it is of.
type Target struct {
	// URL is its address, without a slash at the end.
	URL string

	mu     sync.Mutex
	checks []Check
}

// Check is one request that a [Target] got.
type Check struct {
	Path string
	Time time.Time
}

// NewTarget starts a target that is there until the test ends.
func NewTarget(t testing.TB) *Target {
	target := &Target{}
	server := httptest.NewServer(target)
	t.Cleanup(server.Close)
	target.URL = server.URL
	return target
}

func (g *Target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	number := len(g.checks)
	g.checks = append(g.checks, Check{r.URL.Path, time.Now()})
	g.mu.Unlock()
	fmt.Fprintf(w, "check %d", number)
}

// Monitor is one that checks path of the target.
func (g *Target) Monitor(path, interval string) monitor.Monitor {
	return monitor.Monitor{
		Name: path, Type: "http", Interval: interval, Target: g.URL + path, Enabled: true,
		Properties: map[string]string{"bodyRegex": `check (\d+)`},
	}
}

// Import stores n monitors of the target, at the paths /0, /1 and so on, and waits until each has been checked.
func (g *Target) Import(t testing.TB, api string, n int, interval string) {
	t.Helper()
	all := make([]monitor.Monitor, n)
	for i := range all {
		all[i] = g.Monitor(fmt.Sprintf("/%d", i), interval)
	}
	if status, body := Call(t, http.MethodPost, api+"/monitors/import", all); status != http.StatusNoContent {
		t.Fatalf("import: %d %s", status, body)
	}
	Eventually(t, "every monitor to be checked", func() bool { return len(g.Since(time.Time{})) == n })
}

// Checks are all that came so far, each at the place of its number.
func (g *Target) Checks() []Check {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.checks)
}

// Since is when each path was checked at or after a time, oldest first.
func (g *Target) Since(from time.Time) map[string][]time.Time {
	byPath := make(map[string][]time.Time)
	for _, c := range g.Checks() {
		if !c.Time.Before(from) {
			byPath[c.Path] = append(byPath[c.Path], c.Time)
		}
	}
	return byPath
}
