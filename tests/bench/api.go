package main

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// list is the route of the page's list view.
const list = "/monitors?include=brief,series,summary"

// summaries is the route from which the page loads new summaries.
const summaries = "/monitors?include=summary"

// browserEncodings are the encodings that all browsers accept.
const browserEncodings = "br, gzip"

// routes measures the requests per second of each route, on a new NanoMon or on the API that the options name.
func (b *bench) routes(t testing.TB) {
	c, bare := newClient(b.api, b.token, b.plan.connections), (*client)(nil)
	if b.api != "" {
		b.log("routes: measuring %s", b.api)
	} else {
		c.api = b.startAPI(t)
		bare = newClient(startBare(t, bareSettings{}).url, "", b.plan.connections)
	}
	ids, err := c.ids(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.measureRoutes(t, c, bare, ids, readRoutes)
	page := newClient(c.api, b.token, b.plan.connections)
	page.encodings = browserEncodings
	b.measureRoutes(t, page, bare, ids, []route{{method: http.MethodGet, path: list}})
	b.addSizes(t, c)
	if b.api == "" { // last, because they add monitors
		b.measureRoutes(t, c, bare, ids, writeRoutes)
	}
}

// measureRoutes measures the routes for which the API has the documents.
func (b *bench) measureRoutes(t testing.TB, c, bare *client, ids ids, routes []route) {
	t.Helper()
	for _, r := range routes {
		if ids.isMissing(r) {
			b.log("routes: skipped %s: there is no document for its path", r)
			continue
		}
		b.measureRoute(t, c, bare, r, ids.fill(r))
	}
}

// startAPI starts NanoMon with monitors and a day of their results, and returns the URL of its API.
func (b *bench) startAPI(t testing.TB) string {
	t.Helper()
	d := b.newDatabase(t)
	h := newHistory(newTarget(t), b.plan.monitors, 10*time.Minute)
	h.label()
	generate(t, d, h, 1)
	d.seal(t) // as it would be in the background
	p := d.startBoth(t, nil)
	c := newClient(p.url, "", 1)
	for _, creation := range []route{
		{"POST", "/maintenance", maintenanceWindow}, {"POST", "/monitors", pushMonitor}, {"POST", "/status-pages", statusPage},
		{"POST", "/status-pages/{page}/messages", statusMessage},
	} {
		ids, err := c.ids(t.Context())
		if err == nil {
			err = c.send(t.Context(), ids.fill(creation), io.Discard)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return p.url
}

// measureRoute compares a route with a bare server that sends as many bytes. filled is the route with its ids.
func (b *bench) measureRoute(t testing.TB, c, bare *client, r, filled route) {
	t.Helper()
	c.measure(t.Context(), filled, b.plan.route/5) // warm up
	ours := c.measure(t.Context(), filled, b.plan.route)
	if ours.err != nil {
		t.Errorf("%s: %d requests failed: %v", r, ours.errors, ours.err)
	}
	if len(ours.times) == 0 {
		return
	}
	name := r.String()
	if c.encodings != "" {
		name += ", compressed"
	}
	note := fmt.Sprintf("p50 %s, p99 %s", formatDuration(ours.percentile(50)), formatDuration(ours.percentile(99)))
	if bare == nil {
		b.add(name, perSecond, ours.rate(), 0, note)
		return
	}
	note += ", " + bytes.format(float64(ours.bytes))
	sameSize := route{method: http.MethodGet, path: fmt.Sprintf("/bytes/%d", ours.bytes)}
	compared := bare.measure(t.Context(), sameSize, b.plan.route)
	if compared.err != nil {
		t.Fatal(compared.err)
	}
	b.add(name, perSecond, ours.rate(), compared.rate(), note)
}

// addSizes adds the bytes of the page's list, as it is and for a client that accepts compression.
func (b *bench) addSizes(t testing.TB, c *client) {
	t.Helper()
	for _, sent := range []struct{ figure, encodings string }{
		{"size of GET /api" + list, "identity"}, {"compressed size of GET /api" + list, browserEncodings},
	} {
		var size counter
		c := newClient(c.api, b.token, 1)
		c.encodings = sent.encodings
		if err := c.send(t.Context(), route{method: http.MethodGet, path: list}, &size); err != nil {
			t.Fatal(err)
		}
		b.add(sent.figure, bytes, float64(size), 0, "Accept-Encoding: "+sent.encodings)
	}
}
