package main

import (
	"fmt"
	"net/http"
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
	d := b.newDatabase(t)
	generate(t, d, newHistory(newTarget(t), b.plan.historyMonitors, historyInterval), b.plan.historyDays)
	d.seal(t)
	results := b.plan.historyMonitors * b.plan.historyDays * resultsPerDay
	note := millions(results) + ", with rollups and status changes"
	b.add("bytes of a stored HTTP result", bytes, d.size(t)/float64(results), 0, note)
	note = "in batches of 100 with the states of their monitors"
	b.add("stored results per second", perSecond, b.storeResults(t), 1/b.bareRequest(t), note)
}

// storeResults stores batches for a while and returns the number of results per second.
func (b *bench) storeResults(t testing.TB) float64 {
	t.Helper()
	h := newHistory(newTarget(t), 100, time.Second)
	stored, busy := 0, time.Duration(0)
	b.newDatabaseWith(t, h.monitors).use(t, func(db store.Store) error {
		for at := time.Now(); busy < b.plan.writes; at = at.Add(h.interval) {
			batch := store.Batch{Results: h.round(at), States: h.states}
			started := time.Now()
			if err := db.AppendBatch(t.Context(), batch); err != nil {
				return err
			}
			busy += time.Since(started)
			stored += len(batch.Results)
		}
		return nil
	})
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
