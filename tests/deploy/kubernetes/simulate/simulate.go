// Package simulate runs NanoMon's programs on this machine like pods: with the environment and the probes of their
// containers, and behind the paths of an Ingress or HTTPRoute.
package simulate

import (
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nanomon/tests/deploy/kubernetes"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// NanoMon represents the three services, which run until the test ends.
type NanoMon struct {
	// Page is the URL of the page, without a trailing slash: behind the Ingress or HTTPRoute if there is one, otherwise
	// the frontend's own.
	Page string
	// API is the URL of the API in the configuration that the frontend gives to the page.
	API string
	// Services maps the names api, runner and frontend to their processes.
	Services map[string]*servicetest.Service
}

// Start starts one process of each service that the objects describe, on the MongoDB server at mongoURI, and waits
// until the probes of their containers succeed. Each process gets exactly the environment of its container. Values that
// are valid only in a cluster (the URI of the database, an absolute URL of the API, ports, and folders in volumes) are
// checked against the objects and then replaced.
func Start(t testing.TB, objects []kubernetes.Object, mongoURI string) NanoMon {
	t.Helper()
	database := mongotest.Database(t, mongoURI)
	api, runner, frontend := newPod(t, objects, "api"), newPod(t, objects, "runner"), newPod(t, objects, "frontend")
	for _, p := range []*pod{api, runner} {
		checkDatabase(t, objects, p.environment["MONGO_URI"])
		p.environment["MONGO_URI"], p.environment["MONGO_DB"] = mongoURI, database
	}
	api.start(t)
	runner.start(t)
	if endpoint := frontend.environment["API_ENDPOINT"]; strings.HasPrefix(endpoint, "http") {
		checkEndpoint(t, api, endpoint)
		frontend.environment["API_ENDPOINT"] = api.address + "/api"
	}
	frontend.start(t)

	pods := []*pod{api, runner, frontend}
	services := make(map[string]*servicetest.Service)
	for _, p := range pods {
		p.probe(t)
		services[p.Name] = p.process
	}
	page := frontend.address
	if routes := routesOf(objects, pods); len(routes) > 0 {
		server := httptest.NewServer(routes)
		t.Cleanup(server.Close)
		page = server.URL
	}
	return NanoMon{Page: page, API: endpointOf(t, page), Services: services}
}

// endpointOf returns the URL at which the page uses the API.
func endpointOf(t testing.TB, page string) string {
	t.Helper()
	config := servicetest.Get[map[string]any](t, page+"/config")
	endpoint, _ := config["API_ENDPOINT"].(string)
	base, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	api, err := base.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return api.String()
}

// Use creates a monitor on the page in a browser, and waits until the page shows its first OK result.
func (n NanoMon) Use(t testing.TB) {
	t.Helper()
	script := filepath.Join(servicetest.Root(), "tests", "browser", "use.mjs")
	if output, err := exec.CommandContext(t.Context(), "node", script, n.Page).CombinedOutput(); err != nil {
		t.Errorf("the page can't be used: %v\n%s", err, output)
	}
}
