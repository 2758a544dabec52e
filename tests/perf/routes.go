package main

import (
	"context"
	"strings"
)

// route is a request. Its path and body may name {monitor} and {window}, which stand for the id of one.
type route struct{ method, path, body string }

// String is the route as people know it.
func (r route) String() string {
	return r.method + " /api" + strings.NewReplacer("{monitor}", "{id}", "{window}", "{id}").Replace(r.path)
}

// reading are all routes that only read, but for those that are no single answer (the event stream) or need sign-in (keys).
var reading = []route{
	{method: "GET", path: ""},
	{method: "GET", path: "/"},
	{method: "GET", path: "/health"},
	{method: "GET", path: "/status"},
	{method: "GET", path: "/monitor-types"},
	{method: "GET", path: "/openapi.yaml"},
	{method: "GET", path: "/metrics"},
	{method: "GET", path: "/monitors"},
	{method: "GET", path: "/monitors?include=latest,history"},
	{method: "GET", path: "/monitors/{monitor}"},
	{method: "GET", path: "/monitors/{monitor}/results"},
	{method: "GET", path: "/monitors/{monitor}/stats?window=24h"},
	{method: "GET", path: "/results"},
	{method: "GET", path: "/notifications"},
	{method: "GET", path: "/maintenance"},
	{method: "GET", path: "/maintenance/{window}"},
}

// writing are routes that change or run something.
var writing = []route{
	{method: "POST", path: "/rules/check", body: `{"type":"http","rule":"status == 200 && respTime < 500"}`},
	{method: "POST", path: "/monitors/check", body: `{"name":"perf","type":"tcp","interval":"24h","target":"127.0.0.1:1"}`},
	{method: "POST", path: "/monitors/{monitor}/run"},
	{method: "PUT", path: "/maintenance/{window}", body: `{"name":"perf","groups":["perf"],"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"}`},
	{method: "POST", path: "/monitors", body: `{"name":"perf","type":"tcp","interval":"24h","target":"127.0.0.1:1","enabled":false}`},
}

// ids are those of something that exists; empty where there is nothing.
type ids struct{ monitor, window string }

func (i ids) lacks(r route) bool {
	return i.monitor == "" && strings.Contains(r.path, "{monitor}") || i.window == "" && strings.Contains(r.path, "{window}")
}

func (i ids) fill(r route) route {
	r.path = strings.NewReplacer("{monitor}", i.monitor, "{window}", i.window).Replace(r.path)
	return r
}

// ids finds the first monitor and maintenance window by name.
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
