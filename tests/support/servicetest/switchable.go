package servicetest

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"nanomon/services/common/monitor"
)

// SwitchableTarget is a web server that fails at some of its paths: it closes the connection without a response.
// [SwitchableTarget.Fail] and [SwitchableTarget.Recover] choose the paths.
type SwitchableTarget struct {
	// URL is the target's URL, without a slash at the end.
	URL string

	mu      sync.Mutex
	failing map[string]bool
	checks  map[string]int
}

// NewSwitchableTarget starts a target that runs until the test ends. At first no path fails.
func NewSwitchableTarget(t testing.TB) *SwitchableTarget {
	s := &SwitchableTarget{failing: make(map[string]bool), checks: make(map[string]int)}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

func (s *SwitchableTarget) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.checks[r.URL.Path]++
	failing := s.failing[r.URL.Path]
	s.mu.Unlock()
	if failing {
		panic(http.ErrAbortHandler)
	}
}

// Fail makes the target fail at paths and resets the number of their checks.
func (s *SwitchableTarget) Fail(paths ...string) { s.set(true, paths) }

// Recover makes the target respond at paths and resets the number of their checks.
func (s *SwitchableTarget) Recover(paths ...string) { s.set(false, paths) }

func (s *SwitchableTarget) set(failing bool, paths []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, path := range paths {
		s.failing[path], s.checks[path] = failing, 0
	}
}

// WaitForChecks waits until each path has been checked n times since the last call of Fail or Recover for it.
func (s *SwitchableTarget) WaitForChecks(t testing.TB, n int, paths ...string) {
	t.Helper()
	Eventually(t, "checks of the paths", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, path := range paths {
			if s.checks[path] < n {
				return false
			}
		}
		return true
	})
}

// Monitor returns a monitor that checks a path each second. It is not stored yet.
func (s *SwitchableTarget) Monitor(name, path string) monitor.Monitor {
	return monitor.Monitor{Name: name, Type: "http", Interval: "1s", Target: s.URL + path, Enabled: true}
}
