package main

import (
	"context"
	"strings"
)

// route is a request. In its path, {monitor} and {window} are placeholders for the id of a monitor or maintenance window.
type route struct{ method, path, body string }

// String returns the route in the form of the API's documentation.
func (r route) String() string {
	return r.method + " /api" + strings.NewReplacer("{monitor}", "{id}", "{window}", "{id}").Replace(r.path)
}

// readRoutes contains all GET routes except /events, which never ends, and /keys, which needs sign-in.
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
	{method: "GET", path: "/monitors/{monitor}"},
	{method: "GET", path: "/monitors/{monitor}/results"},
	{method: "GET", path: "/monitors/{monitor}/stats?window=24h"},
	{method: "GET", path: "/monitors/{monitor}/report"},
	{method: "GET", path: "/report"},
	{method: "GET", path: "/results"},
	{method: "GET", path: "/notifications"},
	{method: "GET", path: "/maintenance"},
	{method: "GET", path: "/maintenance/{window}"},
}

// maintenanceWindow is a window that has ended.
const maintenanceWindow = `{"name":"bench","groups":["bench"],"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"}`

// writeRoutes contains routes that change data or run checks.
var writeRoutes = []route{
	{method: "POST", path: "/rules/check", body: `{"type":"http","rule":"status == 200 && respTime < 500"}`},
	{method: "POST", path: "/monitors/check", body: `{"name":"bench","type":"tcp","interval":"24h","target":"127.0.0.1:1"}`},
	{method: "POST", path: "/monitors/{monitor}/run"},
	{method: "PUT", path: "/maintenance/{window}", body: maintenanceWindow},
	{method: "POST", path: "/monitors", body: `{"name":"bench","type":"tcp","interval":"24h","target":"127.0.0.1:1","enabled":false}`},
}

// ids contains the id of an existing monitor and maintenance window. It is empty if there is none.
type ids struct{ monitor, window string }

// isMissing reports whether the route needs an id that is empty.
func (i ids) isMissing(r route) bool {
	return i.monitor == "" && strings.Contains(r.path, "{monitor}") || i.window == "" && strings.Contains(r.path, "{window}")
}

// fill replaces the placeholders in the path of a route.
func (i ids) fill(r route) route {
	r.path = strings.NewReplacer("{monitor}", i.monitor, "{window}", i.window).Replace(r.path)
	return r
}

// ids returns the ids of the first monitor and maintenance window in the API's lists.
func (c *client) ids(ctx context.Context) (ids, error) {
	var monitors, windows []struct{ ID string }
	if err := c.read(ctx, "/monitors", &monitors); err != nil {
		return ids{}, err
	}
	if err := c.read(ctx, "/maintenance", &windows); err != nil {
		return ids{}, err
	}
	found := ids{}
	if len(monitors) > 0 {
		found.monitor = monitors[0].ID
	}
	if len(windows) > 0 {
		found.window = windows[0].ID
	}
	return found, nil
}
