package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/tests/support/crowd"
	"nanomon/tests/support/servicetest"
)

// maxDelay is the lateness in seconds above which a check counts as late in the section crowd. It is one of latenessBuckets.
const maxDelay = 0.05

// crowdPage is a request for the status page that the crowd reads.
var crowdPage = route{method: http.MethodGet, path: "/status/bench"}

// crowdGroup is the group of all monitors.
const crowdGroup = "bench"

// crowd measures how many people can read a status page, and whether they delay checks and the API: first without them,
// then while they send a constant number of requests per second.
func (b *bench) crowd(t testing.TB) {
	g, n := newTarget(t), b.plan.crowds[0]
	monitors := g.monitors("http", n, b.plan.interval)
	for i := range monitors {
		monitors[i].Group = crowdGroup
	}
	d := b.newDatabaseWith(t, monitors)
	runner := d.startRunner(t)
	api := runner
	if d.folder == "" {
		api = d.startAPI(t, nil)
	}
	root := strings.TrimSuffix(api.url, "/api")
	servicetest.CreateStatusPage(t, api.url, pageOf(monitors))
	servicetest.Eventually(t, "the status page", func() bool {
		status, _ := servicetest.Call(t, http.MethodGet, root+crowdPage.path, nil)
		return status == http.StatusOK
	})
	servicetest.Eventually(t, fmt.Sprintf("%d checks", n), func() bool { return g.count() >= n })
	b.addPageRates(t, newClient(root, "", b.plan.connections))

	wait(t, b.plan.settle)
	quiet, quietReads := b.watchWithReads(t, runner, api, g)
	answers := b.startCrowd(t, root)
	busy, busyReads := b.watchWithReads(t, runner, api, g)
	seen := <-answers
	b.log("crowd: quiet: %s\ncrowd: busy: %s", quiet, busy)
	if seen.err != nil {
		t.Errorf("%d requests of the crowd failed: %v", seen.errors, seen.err)
	}
	name := fmt.Sprintf("%d monitors every %s, %d requests per second: ", n, b.plan.interval, b.plan.crowdRate)
	without := func(value string) string { return "without the crowd " + value }
	b.add(name+"checks more than 50 ms late", percent, busy.late, 0, without(percent.format(quiet.late)))
	b.add(name+"lateness p99", seconds, busy.p99, 0, without(seconds.format(quiet.p99)))
	b.add(name+"status page p99", seconds, seen.percentile(99).Seconds(), 0,
		fmt.Sprintf("p50 %s, %.0f/s", formatDuration(seen.percentile(50)), seen.rate()))
	b.add(name+"GET /api"+list+" p50", seconds, busyReads.percentile(50).Seconds(), 0, without(formatDuration(quietReads.percentile(50))))
}

// watchWithReads measures the checks while a client reads the page's list from the API once a second.
func (b *bench) watchWithReads(t testing.TB, runner, api process, g *target) (usage, result) {
	t.Helper()
	reads := make(chan result, 1)
	go func() { reads <- b.readAPI(t, api.url) }()
	u := runner.watch(t, g, b.plan.crowdTime)
	r := <-reads
	if r.err != nil {
		t.Errorf("%d requests to the API failed: %v", r.errors, r.err)
	}
	return u, r
}

// pageOf returns a status page with 20 of the monitors and an entry for all of them.
func pageOf(monitors []monitor.Monitor) statuspage.Page {
	single := statuspage.Section{Title: "Services"}
	for _, m := range monitors[:20] {
		single.Entries = append(single.Entries, statuspage.Entry{Name: "Service of " + m.Name, Monitor: m.ID})
	}
	all := statuspage.Section{Title: "All", Entries: []statuspage.Entry{{Name: "All", Group: crowdGroup}}}
	return statuspage.Page{
		Slug: "bench", Title: "Bench", Sections: []statuspage.Section{single, all},
		Show: statuspage.Show{Uptime: true, ResponseTime: true, Incidents: true},
	}
}

// addPageRates adds how many requests for the page a process can answer per second: compressed, and unchanged since the
// client has read it.
func (b *bench) addPageRates(t testing.TB, c *client) {
	t.Helper()
	c.encodings = browserEncodings
	b.addPageRate(t, "compressed", c.measure(t.Context(), crowdPage, b.plan.route))
	var unchanged result
	for range 5 { // The page may change in the meantime.
		header, err := c.receive(t.Context(), crowdPage, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		c.tag = header.Get("ETag")
		if unchanged = c.measure(t.Context(), crowdPage, b.plan.route); unchanged.bytes == 0 {
			break
		}
		c.tag = ""
	}
	b.addPageRate(t, "unchanged", unchanged)
}

func (b *bench) addPageRate(t testing.TB, kind string, r result) {
	t.Helper()
	bare := newClient(startBare(t, bareSettings{}).url, "", b.plan.connections)
	sameSize := route{method: http.MethodGet, path: fmt.Sprintf("/bytes/%d", r.bytes)}
	compared := bare.measure(t.Context(), sameSize, b.plan.route)
	if r.err != nil || compared.err != nil {
		t.Fatal(r.err, compared.err)
	}
	b.add("GET "+crowdPage.path+", "+kind, perSecond, r.rate(), compared.rate(), fmt.Sprintf("p50 %s, p99 %s, %s",
		formatDuration(r.percentile(50)), formatDuration(r.percentile(99)), bytes.format(float64(r.bytes))))
}

// startCrowd sends requests to the status page as browsers do: half of them load the page, and the others ask whether it
// has changed. The durations in the result begin when the requests were due.
func (b *bench) startCrowd(t testing.TB, root string) <-chan result {
	ctx, cancel := context.WithTimeout(t.Context(), b.plan.crowdTime)
	visitors, parts := make([]*client, b.plan.connections), make([]result, b.plan.connections)
	tags := make([]string, b.plan.connections)
	for i := range visitors {
		visitors[i] = newClient(root, "", 1)
		visitors[i].encodings = browserEncodings
	}
	ended := make(chan result, 1)
	began := time.Now()
	go func() {
		defer cancel()
		crowd.Run(ctx, b.plan.crowdRate, b.plan.connections, func(i int, due time.Time) {
			c, r := visitors[i], crowdPage
			c.tag = ""
			asks := len(parts[i].times)%2 == 1
			if asks {
				r.path, c.tag = r.path+".json", tags[i]
			}
			header, err := c.receive(context.WithoutCancel(ctx), r, io.Discard)
			if err != nil {
				parts[i].fail(err)
				return
			}
			if asks {
				tags[i] = header.Get("ETag")
			}
			parts[i].times = append(parts[i].times, time.Since(due))
		})
		ended <- merge(parts, time.Since(began))
	}()
	return ended
}

// readAPI reads the page's list once a second.
func (b *bench) readAPI(t testing.TB, api string) result {
	ctx, cancel := context.WithTimeout(t.Context(), b.plan.crowdTime)
	defer cancel()
	c, parts := newClient(api, "", 1), make([]result, 1)
	c.encodings = browserEncodings
	began := time.Now()
	crowd.Run(ctx, 1, 1, func(_ int, due time.Time) {
		if err := c.send(context.WithoutCancel(ctx), route{method: http.MethodGet, path: list}, io.Discard); err != nil {
			parts[0].fail(err)
			return
		}
		parts[0].times = append(parts[0].times, time.Since(due))
	})
	return merge(parts, time.Since(began))
}
