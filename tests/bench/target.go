package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
)

// target is a web server and a TCP server that record the times of the checks.
type target struct {
	url, address string

	mu    sync.Mutex
	times []time.Time
}

// newTarget starts a target that runs until the section ends.
func newTarget(t testing.TB) *target {
	t.Helper()
	g := &target{}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() { g.accept(listener) })
	t.Cleanup(func() {
		listener.Close()
		group.Wait()
	})
	g.url, g.address = server.URL, listener.Addr().String()
	return g
}

func (g *target) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	g.record()
	_, _ = io.WriteString(w, "OK")
}

// accept closes all connections immediately, until the listener is closed.
func (g *target) accept(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		g.record()
		connection.Close()
	}
}

// monitor returns the monitor with a number. Its id, which determines its due times, is the same in every run.
func (g *target) monitor(kind string, i int, interval time.Duration) monitor.Monitor {
	m := monitor.Monitor{
		ID: fmt.Sprintf("%024x", i), Name: fmt.Sprintf("monitor %d", i), Type: kind, Interval: interval.String(), Enabled: true,
		Target: g.address, Rule: "respTime < 5000", Updated: time.Now(),
	}
	if kind == "http" {
		m.Target, m.Rule = fmt.Sprintf("%s/%d", g.url, i), "status == 200 && respTime < 5000"
	}
	return m
}

func (g *target) monitors(kind string, n int, interval time.Duration) []monitor.Monitor {
	all := make([]monitor.Monitor, n)
	for i := range all {
		all[i] = g.monitor(kind, i, interval)
	}
	return all
}

func (g *target) record() {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.times = append(g.times, now)
}

func (g *target) reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.times = nil
}

func (g *target) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.times)
}

// busiest returns the largest number of checks within any 100 ms.
func (g *target) busiest() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	most, first := 0, 0
	for last, at := range g.times {
		for at.Sub(g.times[first]) > 100*time.Millisecond {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}
