package main

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// reads measures listings of the newest 100 results in a long history. A quarter of the monitors is always in error, so
// that a filter by status has to skip many results.
func (b *bench) reads(t testing.TB) {
	d := b.newDatabase(t)
	started := time.Now()
	h := newHistory(newTarget(t), b.plan.readMonitors, historyInterval)
	h.failing = (b.plan.readMonitors + 3) / 4
	generate(t, d, h, b.plan.readDays)
	d.seal(t)
	total := b.plan.readMonitors * b.plan.readDays * resultsPerDay
	b.log("reads: stored %d results within %s", total, time.Since(started).Round(time.Second))
	request := b.bareRequest(t)
	p := d.startAPI(t, nil)
	c := newClient(p.url, "", 1)
	daysAgo := func(days int) string {
		return url.QueryEscape(started.Add(-time.Duration(days) * 24 * time.Hour).UTC().Format(time.RFC3339))
	}
	days := b.plan.readDays
	middle := "&from=" + daysAgo(days*3/4) + "&to=" + daysAgo(days/4)
	ofMonitor, ofAll := "/monitors/"+h.monitors[len(h.monitors)-1].ID+"/results", "/results"
	for _, query := range []struct{ name, path, parameters string }{
		{"newest 100 of a monitor", ofMonitor, ""},
		{"newest 100 of all", ofAll, ""},
		{"newest 100 of a monitor in the middle", ofMonitor, middle},
		{"newest 100 of all in the middle", ofAll, middle},
		{"no failed result of a monitor in error", ofMonitor, "&status=2"},
		{"no OK result of a monitor in error", ofMonitor, "&status=0&to=" + daysAgo(0)},
		{"no failed result of all", ofAll, "&status=2"},
		{"no failed result of all in the middle", ofAll, "&status=2" + middle},
		{"no older result of a monitor", ofMonitor, "&to=" + daysAgo(days+2)},
		{"no older result of all", ofAll, "&to=" + daysAgo(days+2)},
	} {
		listing := route{method: http.MethodGet, path: query.path + "?max=100" + query.parameters}
		r := c.measure(t.Context(), listing, b.plan.read)
		if r.err != nil {
			t.Fatalf("%s: %v", query.name, r.err)
		}
		note := fmt.Sprintf("p99 %s, slowest %s, %s",
			formatDuration(r.percentile(99)), formatDuration(r.percentile(100)), millions(total))
		b.add(query.name, seconds, r.percentile(50).Seconds(), request, note)
	}
}
