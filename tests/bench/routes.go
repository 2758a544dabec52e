package main

import (
	"context"
	"regexp"
	"slices"
)

// route is a request. Its path or body may contain a placeholder for the id of a document, see [ids].
type route struct{ method, path, body string }

// placeholder matches the placeholder of an id in a path.
var placeholder = regexp.MustCompile(`\{\w+\}`)

// String returns the route in the form of the API's documentation.
func (r route) String() string {
	return r.method + " /api" + placeholder.ReplaceAllString(r.path, "{id}")
}

// readRoutes contains all GET routes except /events, which never ends, /keys, which needs sign-in, and the routes for pings
// and ping URLs, which store something.
var readRoutes = []route{
	{method: "GET", path: ""},
	{method: "GET", path: "/"},
	{method: "GET", path: "/health"},
	{method: "GET", path: "/status"},
	{method: "GET", path: "/monitor-types"},
	{method: "GET", path: "/openapi.yaml"},
	{method: "GET", path: "/metrics"},
	{method: "GET", path: "/monitors"},
	{method: "GET", path: list},
	{method: "GET", path: summaries},
	{method: "GET", path: "/monitors/{monitor}"},
	{method: "GET", path: "/monitors/{monitor}/results"},
	{method: "GET", path: "/monitors/{monitor}/results?changes=true"},
	{method: "GET", path: "/monitors/{monitor}/stats?window=24h"},
	{method: "GET", path: "/monitors/{monitor}/outputs?window=24h"},
	{method: "GET", path: "/monitors/{monitor}/days"},
	{method: "GET", path: "/monitors/{monitor}/report"},
	{method: "GET", path: "/monitors/{push}/pings"},
	{method: "GET", path: "/report"},
	{method: "GET", path: "/results"},
	{method: "GET", path: "/notifications"},
	{method: "GET", path: "/incidents"},
	{method: "GET", path: "/incidents?include=deliveries"},
	{method: "GET", path: "/incidents/{incident}"},
	{method: "GET", path: "/maintenance"},
	{method: "GET", path: "/maintenance/{window}"},
	{method: "GET", path: "/status-pages"},
	{method: "GET", path: "/status-pages/{page}"},
	{method: "GET", path: "/status-pages/{page}/messages"},
	{method: "GET", path: "/status-pages/{page}/messages/{message}"},
}

// maintenanceWindow is a window that has ended.
const maintenanceWindow = `{"name":"bench","groups":["bench"],"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"}`

// statusPage is a page that shows all monitors.
const statusPage = `{"slug":"bench","title":"bench","show":{"uptime":true,"responseTime":true,"incidents":true},
	"sections":[{"entries":[{"id":"0000000a","name":"bench","label":"team"}]}]}`

// statusMessage is a message on a page.
const statusMessage = `{"title":"bench","updates":[{"state":"resolved","text":"bench"}]}`

// pushMonitor is a push monitor that waits for no ping.
const pushMonitor = `{"name":"job","type":"push","target":"every 24h","enabled":false}`

// writeRoutes contains routes that change data or run checks.
var writeRoutes = []route{
	{method: "POST", path: "/rules/check", body: `{"type":"http","rule":"status == 200 && respTime < 500"}`},
	{method: "POST", path: "/schedules/check", body: `{"target":"30 2 * * 1-5","properties":{"zone":"Europe/Berlin"}}`},
	{method: "POST", path: "/rules/evaluate", body: `{"monitor":"{monitor}","rule":"respTime < 3 * avg(10)","window":"24h"}`},
	{method: "POST", path: "/monitors/check", body: `{"name":"bench","type":"tcp","interval":"24h","target":"127.0.0.1:1"}`},
	{method: "POST", path: "/monitors/{monitor}/run"},
	{method: "PUT", path: "/maintenance/{window}", body: maintenanceWindow},
	{method: "PUT", path: "/status-pages/{page}", body: statusPage},
	{method: "POST", path: "/status-pages/preview", body: statusPage},
	{method: "PUT", path: "/status-pages/{page}/messages/{message}", body: statusMessage},
	{method: "POST", path: "/monitors", body: `{"name":"bench","type":"tcp","interval":"24h","target":"127.0.0.1:1","enabled":false}`},
}

// ids contains the id of an existing document for each placeholder. An id is empty if there is none.
type ids map[string]string

// isMissing reports whether the route needs an id that is empty.
func (i ids) isMissing(r route) bool {
	return slices.ContainsFunc(placeholder.FindAllString(r.path+r.body, -1), func(needed string) bool { return i[needed] == "" })
}

// fill replaces the placeholder of a route.
func (i ids) fill(r route) route {
	r.path = placeholder.ReplaceAllStringFunc(r.path, func(needed string) string { return i[needed] })
	r.body = placeholder.ReplaceAllStringFunc(r.body, func(needed string) string { return i[needed] })
	return r
}

// ids returns the ids of the first documents in the API's lists.
func (c *client) ids(ctx context.Context) (ids, error) {
	found := make(ids)
	for _, list := range []struct{ path, needed string }{
		{"/monitors", "{monitor}"}, {"/monitors", "{push}"}, {"/maintenance", "{window}"}, {"/incidents?max=1", "{incident}"},
		{"/status-pages", "{page}"}, {"/status-pages/{page}/messages", "{message}"},
	} {
		r := route{path: list.path}
		if found.isMissing(r) {
			continue
		}
		var documents []struct{ ID, Type string }
		if err := c.read(ctx, found.fill(r).path, &documents); err != nil {
			return nil, err
		}
		for _, d := range documents {
			if found[list.needed] == "" && (d.Type == "push") == (list.needed == "{push}") {
				found[list.needed] = d.ID
			}
		}
	}
	return found, nil
}
