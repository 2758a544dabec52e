package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nanomon/services/common/store"
)

const (
	// historyInterval is the interval of the monitors of a history.
	historyInterval = 30 * time.Second
	// resultsPerDay is the number of results of each of them.
	resultsPerDay = int(24 * time.Hour / historyInterval)
)

// history counts the bytes of a stored result in a history, and measures how fast results are stored.
func (b *bench) history(t testing.TB) {
	folder := t.TempDir()
	generate(t, folder, newHistory(newTarget(t), b.plan.historyMonitors, historyInterval), b.plan.historyDays)
	sealAll(t, folder)
	results := b.plan.historyMonitors * b.plan.historyDays * resultsPerDay
	note := millions(results) + ", with rollups and status changes"
	b.add("bytes of a stored HTTP result", bytes, size(t, folder)/float64(results), 0, note)
	note = "in batches of 100 with the states of their monitors"
	b.add("stored results per second", perSecond, b.storeResults(t), 1/b.bareRequest(t), note)
}

// sealAll seals all hours of a history, as a running program does in the background.
func sealAll(t testing.TB, folder string) {
	t.Helper()
	db := openStore(t, folder)
	err := db.Seal(t.Context(), time.Now().Add(time.Hour))
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatalf("seal the history in %s: %v", folder, err)
	}
}

// size returns the bytes of all files in a folder.
func size(t testing.TB, folder string) float64 {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sum += float64(info.Size())
	}
	return sum
}

// storeResults stores batches for a while and returns the number of results per second.
func (b *bench) storeResults(t testing.TB) float64 {
	t.Helper()
	db := openStore(t, t.TempDir())
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	h := newHistory(newTarget(t), 100, time.Second)
	if err := db.ImportMonitors(t.Context(), h.monitors); err != nil {
		t.Fatal(err)
	}
	stored, busy := 0, time.Duration(0)
	for at := time.Now(); busy < b.plan.writes; at = at.Add(h.interval) {
		batch := store.Batch{Results: h.round(at), States: h.states}
		started := time.Now()
		if err := db.AppendBatch(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		busy += time.Since(started)
		stored += len(batch.Results)
	}
	return float64(stored) / busy.Seconds()
}

// bareRequest returns the median time in seconds of requests to a bare server, one after the other, each on a new
// connection.
func (b *bench) bareRequest(t testing.TB) float64 {
	t.Helper()
	p := startBare(t, bareSettings{})
	defer p.service.Kill(t)
	c := &client{api: p.url, connections: 1, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	r := c.measure(t.Context(), route{method: http.MethodGet, path: "/bytes/2"}, b.plan.read)
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.percentile(50).Seconds()
}

// millions returns a number of results for the table.
func millions(results int) string { return fmt.Sprintf("%.3g million results", float64(results)/1e6) }
