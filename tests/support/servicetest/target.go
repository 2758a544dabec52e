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

// Target is a web server that records the checks it receives and responds to each with its number. A monitor from
// [Target.Monitor] stores that number as the value of its result, so each result can be matched to its check.
type Target struct {
	// URL is the target's URL, without a slash at the end.
	URL string

	mu     sync.Mutex
	checks []Check
}

// Check is a request that a [Target] received.
type Check struct {
	Path string
	Time time.Time
}

// NewTarget starts a target that runs until the test ends.
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

// Monitor returns a monitor that checks a path of the target. It is not stored yet.
func (g *Target) Monitor(path, interval string) monitor.Monitor {
	return monitor.Monitor{
		Name: path, Type: "http", Interval: interval, Target: g.URL + path, Enabled: true,
		Properties: map[string]string{"bodyRegex": `check (\d+)`},
	}
}

// ImportMonitors imports n monitors of the target, with the paths /0, /1 and so on, and waits until each has been checked.
func (g *Target) ImportMonitors(t testing.TB, api string, n int, interval string) {
	t.Helper()
	all := make([]monitor.Monitor, n)
	for i := range all {
		all[i] = g.Monitor(fmt.Sprintf("/%d", i), interval)
	}
	if status, body := Call(t, http.MethodPost, api+"/monitors/import", all); status != http.StatusNoContent {
		t.Fatalf("import: %d %s", status, body)
	}
	Eventually(t, "every monitor to be checked", func() bool { return len(g.ChecksSince(time.Time{})) == n })
}

// Checks returns all checks so far. The number of a check is its index.
func (g *Target) Checks() []Check {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.checks)
}

// ChecksSince returns the times of the checks at or after from, by path and oldest first.
func (g *Target) ChecksSince(from time.Time) map[string][]time.Time {
	byPath := make(map[string][]time.Time)
	for _, c := range g.Checks() {
		if !c.Time.Before(from) {
			byPath[c.Path] = append(byPath[c.Path], c.Time)
		}
	}
	return byPath
}
