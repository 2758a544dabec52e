// Package simulate runs NanoMon's programs on this machine as pods would run them: with the environment that their
// containers get, asked by their probes, and behind the paths of an Ingress or HTTPRoute.
package simulate

import (
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nanomon/tests/kubernetes"
	"nanomon/tests/mongotest"
	"nanomon/tests/servicetest"
)

// NanoMon is the three services, running until the test ends.
type NanoMon struct {
	// Page is the address at which a browser finds the page: behind the paths of the Ingress or HTTPRoute, if there is one,
	// else the frontend's own. It has no slash at the end.
	Page string
	// API is where the page's script finds the API, by what the frontend tells it.
	API string
	// Services are the processes, by the names api, runner and frontend.
	Services map[string]*servicetest.Service
}

// Start starts the services that the objects describe, each once, on the MongoDB server at mongoURI, and waits until the
// probes of their containers succeed. Each gets the environment of its container and nothing else. What holds only in a
// cluster is checked against the objects and replaced: the address of the database, an absolute one of the API, the numbers
// of ports, and folders in volumes.
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

// endpointOf is where a page's script finds the API.
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

// Use makes a monitor of the page by a browser, and waits until the page shows its first good result.
func (n NanoMon) Use(t testing.TB) {
	t.Helper()
	script := filepath.Join(servicetest.Root(), "tests", "browser", "use.mjs")
	if output, err := exec.CommandContext(t.Context(), "node", script, n.Page).CombinedOutput(); err != nil {
		t.Errorf("the page can't be used: %v\n%s", err, output)
	}
}
