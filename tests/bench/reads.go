package main

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// reads measures listings of the newest 100 results in a long history.
func (b *bench) reads(t testing.TB) {
	folder := t.TempDir()
	started := time.Now()
	generate(t, folder, newTarget(t), b.plan.readMonitors, b.plan.readDays, historyInterval)
	total := b.plan.readMonitors * b.plan.readDays * resultsPerDay
	b.log("reads: stored %d results within %s", total, time.Since(started).Round(time.Second))
	request := b.bareRequest(t)
	p := startStandalone(t, folder, nil)
	c := newClient(p.url, "", 1)
	ids, err := c.ids(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	date := func(daysAgo float64) string {
		return url.QueryEscape(started.Add(-time.Duration(daysAgo * 24 * float64(time.Hour))).UTC().Format(time.RFC3339))
	}
	days := float64(b.plan.readDays)
	for _, query := range []struct{ name, parameters string }{
		{"newest 100", ""},
		{"newest 100 before the middle", "&to=" + date(days/2)},
		{"no result has the status", "&status=2"},
		{"no result in the middle has the status", "&status=1,2&from=" + date(days*0.75) + "&to=" + date(days*0.25)},
		{"no result is as old", "&to=" + date(days+2)},
	} {
		for _, scope := range []struct{ name, path string }{
			{"of a monitor", "/monitors/{monitor}/results"}, {"of all monitors", "/results"},
		} {
			listing := route{method: http.MethodGet, path: scope.path + "?max=100" + query.parameters}
			r := c.measure(t.Context(), ids.fill(listing), b.plan.read)
			if r.err != nil {
				t.Fatalf("%s %s: %v", query.name, scope.name, r.err)
			}
			note := fmt.Sprintf("p99 %s, slowest %s, %s",
				formatDuration(r.percentile(99)), formatDuration(r.percentile(100)), millions(total))
			b.add(query.name+", "+scope.name, seconds, r.percentile(50).Seconds(), request, note)
		}
	}
}
