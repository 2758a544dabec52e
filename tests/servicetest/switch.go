package servicetest

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"nanomon/services/common/monitor"
)

// Switch is a web server whose paths can be made bad, and well again. A bad one breaks the connection off, so that checks fail.
type Switch struct {
	// URL is its address, without a slash at the end.
	URL string

	mu     sync.Mutex
	bad    map[string]bool
	checks map[string]int
}

// NewSwitch starts a server that is there until the test ends; all is well at first.
func NewSwitch(t testing.TB) *Switch {
	s := &Switch{bad: make(map[string]bool), checks: make(map[string]int)}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

func (s *Switch) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.checks[r.URL.Path]++
	bad := s.bad[r.URL.Path]
	s.mu.Unlock()
	if bad {
		panic(http.ErrAbortHandler)
	}
}

// Set makes paths bad or well, and counts their checks anew.
func (s *Switch) Set(bad bool, paths ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, path := range paths {
		s.bad[path], s.checks[path] = bad, 0
	}
}

// Wait waits until each of the paths has been checked n times since it was set.
func (s *Switch) Wait(t testing.TB, n int, paths ...string) {
	t.Helper()
	Eventually(t, "the paths to be checked", func() bool {
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

// Monitor is one that checks a path each second.
func (s *Switch) Monitor(name, path string) monitor.Monitor {
	return monitor.Monitor{Name: name, Type: "http", Interval: "1s", Target: s.URL + path, Enabled: true}
}
