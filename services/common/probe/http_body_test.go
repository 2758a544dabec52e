package probe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/memory"
)

// stalling serves the first size bytes of a larger body, and reports on sent when it has sent them.
func stalling(t *testing.T, size int) (url string, sent <-chan struct{}) {
	done := make(chan struct{}, 1000)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		io.WriteString(w, strings.Repeat("a", size))
		w.(http.Flusher).Flush()
		done <- struct{}{}
		<-r.Context().Done()
	})
	return server.URL, done
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse
}

func TestHTTPKeepsNoBodyThatNobodyUses(t *testing.T) {
	const probes, size = 30, 900_000
	url, sent := stalling(t, size)
	settings, err := NewSettings(All(Guard{})["http"].Spec, props{"timeout": "1m"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := heap()
	outcomes := make(chan Outcome, probes)
	for range probes {
		p, err := All(Guard{})["http"].New(url, settings)
		if err != nil {
			t.Fatal(err)
		}
		go func() { outcomes <- p.Run(ctx) }()
	}
	for range probes {
		receive(t, sent, "the response")
	}
	after := heap()
	used := after - min(before, after)
	cancel()
	for range probes {
		outcome := receive(t, outcomes, "the end of a check")
		if _, kept := outcome.Outputs["body"]; kept || outcome.Err == nil {
			t.Fatalf("the outcome has the body: %t, error %v", kept, outcome.Err)
		}
	}
	if kept := uint64(probes * size); used > kept/2 {
		t.Errorf("%d checks use %d bytes, about as many as their bodies", probes, used)
	}
}

func TestHTTPBodyRegexStopsAtTheTimeout(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("a", 1<<20)) })
	began := time.Now()
	outcome := runHTTP(t, server.URL, props{"bodyRegex": "(?:a?){500}b", "timeout": "2s"})
	wantFailure(t, "http", outcome, "bodyRegex did not finish in time: use a simpler regular expression")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the check took %s", took)
	}
	if outcome.Outputs["status"] != 200.0 {
		t.Errorf("outputs %v", outcome.Outputs)
	}
}

// TestHTTPWaitsForMemory holds most of the memory, as other checks do.
func TestHTTPWaitsForMemory(t *testing.T) {
	const size = 300_000
	budget := memory.NewBudget(3 * size)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("b", size)) })
	small := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "small") })
	run := func(ctx context.Context, p Probe) Outcome {
		ctx, reservation := memory.Reserve(budget.Context(ctx))
		defer reservation.Release()
		return p.Run(ctx)
	}
	_, others := memory.Reserve(budget.Context(t.Context()))
	if err := others.Grow(t.Context(), 2*size); err != nil {
		t.Fatal(err)
	}

	outcome := run(t.Context(), newProbe(t, "http", server.URL, props{"timeout": "2s"}))
	var notChecked *NotCheckedError
	if !errors.As(outcome.Err, &notChecked) || !strings.Contains(notChecked.Text, "other checks use all of the memory") {
		t.Errorf("got %v, want that it was not checked", outcome.Err)
	}

	waiting := make(chan Outcome, 1)
	waiter := newProbe(t, "http", server.URL, props{"timeout": "1m"})
	go func() { waiting <- run(t.Context(), waiter) }()
	for range 20 {
		wantOK(t, "http", run(t.Context(), newProbe(t, "http", small.URL, nil)))
	}
	if len(waiting) > 0 {
		t.Errorf("a check ended without memory: %v", <-waiting)
	}
	others.Release()
	wantOK(t, "http", receive(t, waiting, "the end of the check"))

	outcome = run(t.Context(), newProbe(t, "http", server.URL, props{"bodyRegex": "b+"}))
	wantOK(t, "http", outcome)
	if text := outcome.Outputs["regexMatch"].(string); len(text) != size {
		t.Errorf("regexMatch has %d bytes, want all %d", len(text), size)
	}
	huge := memory.NewBudget(100_000)
	ctx, reservation := memory.Reserve(huge.Context(t.Context()))
	defer reservation.Release()
	outcome = newProbe(t, "http", server.URL, nil).Run(ctx)
	if !errors.As(outcome.Err, &notChecked) || !strings.Contains(notChecked.Text, "CHECK_MEMORY") {
		t.Errorf("got %v, want that it was not checked", outcome.Err)
	}
}
