package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nanomon/tests/support/servicetest"
)

// events measures the memory of the service for each client of the event stream.
func (b *bench) events(t testing.TB) {
	settings := map[string]string{"TRUSTED_PROXIES": "127.0.0.0/8 ::1"}
	d := b.newDatabaseWith(t, newTarget(t).monitors("http", 10, time.Second))
	var ours, bare []float64
	for range b.plan.streamRounds {
		ours = append(ours, b.memoryPerClient(t, d.startBoth(t, settings)))
		bare = append(bare, b.memoryPerClient(t, startBare(t, bareSettings{})))
	}
	note := fmt.Sprintf("%d clients, 10 results per second; bare: one line per second; median, rounds: %d",
		b.plan.streams, b.plan.streamRounds)
	b.add("memory of each client of the event stream", bytes, median(ours), median(bare), note)
}

// memoryPerClient opens the event streams of a program and returns by how much each increases the resident memory.
// The first one does not count, because it starts the work that all share. Then it stops the program.
func (b *bench) memoryPerClient(t testing.TB, p process) float64 {
	t.Helper()
	defer p.service.Kill(t)
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	defer clients.Wait()
	defer cancel()
	var reading atomic.Int64
	open := func(from, to int) float64 {
		for i := from; i < to; i++ {
			response := openEvents(ctx, t, p.url+"/events", i)
			clients.Go(func() { readEvents(response, &reading) })
		}
		servicetest.Eventually(t, "an event for each client", func() bool { return reading.Load() == int64(to) })
		wait(t, b.plan.settle)
		return residentMemory(t, p)
	}
	first := open(0, 1)
	return (open(1, b.plan.streams) - first) / float64(b.plan.streams-1)
}

// openEvents opens an event stream and waits for its header, so that the service accepts one client after the other. The
// API allows each client 100 streams, so the number decides which client this is.
func openEvents(ctx context.Context, t testing.TB, url string, number int) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", number/50))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// readEvents reads an event stream until it ends, and counts it when the first result arrives.
func readEvents(response *http.Response, reading *atomic.Int64) {
	defer response.Body.Close()
	counted, initial := false, false
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		name, isEvent := strings.CutPrefix(lines.Text(), "event: ")
		if isEvent {
			initial = name == "open-incidents"
		} else if !counted && !initial && strings.HasPrefix(lines.Text(), "data:") {
			reading.Add(1)
			counted = true
		}
	}
}
