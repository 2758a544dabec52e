package docker

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/dockertest"
	"nanomon/tests/support/servicetest"
)

// restricted are the options with which build/README.md says that the images work.
var restricted = []string{"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"}

// start runs an image with restricted rights, and with the test's server as example.com.
func start(t *testing.T, name string, options ...string) dockertest.Container {
	t.Helper()
	all := append(restricted, "--add-host", "example.com:host-gateway", "--env", "TZ=Asia/Tokyo")
	return dockertest.StartContainer(t, append(append(all, options...), built(t, name))...)
}

func TestRestrictionsAreDocumented(t *testing.T) {
	if text := document(t, "build/README.md"); !strings.Contains(text, "`"+strings.Join(restricted, " ")+"`") {
		t.Errorf("build/README.md doesn't contain %q", restricted)
	}
}

// TestSeparateServices runs the three images with a database. Logs use a time zone that the images don't contain as a
// file.
func TestSeparateServices(t *testing.T) {
	network := createNetwork(t)
	database := dockertest.StartContainer(t, "--network", network, "--network-alias", "mongo", standIn(t))
	settings := []string{"--network", network, "--env", "MONGO_URI=mongodb://mongo:27017", "--env", "POLLING_INTERVAL=1s"}
	servicetest.Eventually(t, "the database", func() bool { return strings.Contains(database.Log(), "mongodb://") })
	api, frontend := start(t, "api", settings...), start(t, "frontend", settings...)
	runner := start(t, "runner", append(settings, "--tmpfs", "/tmp")...)
	all := map[string]dockertest.Container{"api": api, "frontend": frontend, "runner": runner}
	for name, c := range all {
		c.WaitHealthy()
		checkUnprivileged(t, c)
		if !strings.Contains(c.Log(), "+09:00 ") {
			t.Errorf("%s logs without the time zone: %s", name, c.Log())
		}
	}
	endpoint := "http://" + api.Address(8000) + "/api"
	status := servicetest.Get[struct{ Version, BuildInfo string }](t, endpoint+"/status")
	if status.Version != version || status.BuildInfo != buildInfo {
		t.Errorf("the API says %+v", status)
	}
	checkSecureTarget(t, endpoint)
	page := "http://" + frontend.Address(8001)
	if code, body := servicetest.Call(t, http.MethodGet, page+"/config.json", nil); code != http.StatusOK || !strings.Contains(string(body), version) {
		t.Errorf("the page's configuration is %d %s", code, body)
	}
	if code, body := servicetest.Call(t, http.MethodGet, page+"/docs/monitors", nil); code != http.StatusOK || !strings.Contains(string(body), "<h1") {
		t.Errorf("the documentation is %d %.100s", code, body)
	}
	checkPage(t, page)
	for name, c := range all {
		checkStop(t, name, c)
	}
}

// createNetwork creates a network, in which containers find each other by name, until the test ends.
func createNetwork(t *testing.T) string {
	t.Helper()
	id := dockertest.Docker(t, "network", "create", strings.ReplaceAll(t.Name(), "/", "-"))
	t.Cleanup(func() { dockertest.Docker(t, "network", "rm", id) })
	return id
}

// checkStop stops a container. An engine that kills it after the grace time reports another exit code.
func checkStop(t *testing.T, name string, c dockertest.Container) {
	t.Helper()
	if code := c.Stop(); code != "0" {
		t.Errorf("%s exited with code %s", name, code)
	}
}

// checkUnprivileged checks that the first process of a container has no privileges.
func checkUnprivileged(t *testing.T, c dockertest.Container) {
	t.Helper()
	status, err := os.ReadFile("/proc/" + c.Inspect("{{.State.Pid}}") + "/status")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		lines[name] = strings.Join(strings.Fields(value), " ")
	}
	for name, want := range map[string]string{
		"Uid": "65532 65532 65532 65532", "Gid": "65532 65532 65532 65532", "NoNewPrivs": "1",
		"CapEff": "0000000000000000", "CapPrm": "0000000000000000", "CapInh": "0000000000000000", "CapBnd": "0000000000000000",
	} {
		if lines[name] != want {
			t.Errorf("%s is %q", name, lines[name])
		}
	}
	if groups := lines["Groups"]; groups != "" && groups != "65532" {
		t.Errorf("the groups are %q", groups)
	}
}

// checkSecureTarget creates a monitor for an HTTPS server whose certificate is only in the bundle of the base images.
func checkSecureTarget(t *testing.T, api string) {
	t.Helper()
	_, port := dockertest.Serve(t, http.NotFoundHandler(), true)
	m := servicetest.Create(t, api, monitor.Monitor{
		Name: "secure", Type: "http", Interval: "1s", Target: "https://example.com:" + port, Rule: "status == 404", Enabled: true,
	})
	checkFirstResult(t, api, m.ID)
}

// checkFirstResult waits for results of a monitor. The first one must be OK.
func checkFirstResult(t *testing.T, api, id string) {
	t.Helper()
	var results []monitor.Result
	servicetest.Eventually(t, "a result", func() bool {
		results = servicetest.Results(t, api, id)
		return len(results) > 0
	})
	if first := results[len(results)-1]; first.Status != monitor.StatusOK {
		t.Errorf("the result is %+v", first)
	}
}

// checkPage requests the page, and a library that the Node.js stage added.
func checkPage(t *testing.T, page string) {
	t.Helper()
	for _, path := range []string{"/", "/lib/alpine.js"} {
		if code, _ := servicetest.Call(t, http.MethodGet, page+path, nil); code != http.StatusOK {
			t.Errorf("GET %s: %d", path, code)
		}
	}
}

// TestStandalone starts two containers, one after the other, on the same volume.
func TestStandalone(t *testing.T) {
	volume := "--volume=" + dockertest.Docker(t, "volume", "create") + ":/data"
	first := start(t, "standalone", volume)
	first.WaitHealthy()
	checkUnprivileged(t, first)
	checkPage(t, "http://"+first.Address(8001))
	checkSecureTarget(t, "http://"+first.Address(8001)+"/api")
	checkStop(t, "standalone", first)
	second := start(t, "standalone", volume)
	waitReady(t, second)
	api := "http://" + second.Address(8000) + "/api"
	if stored := servicetest.Get[[]monitor.Monitor](t, api+"/monitors"); len(stored) != 1 || stored[0].Name != "secure" {
		t.Errorf("the volume contains %+v", stored)
	}
}

// waitReady waits until standalone logs that it is ready, which is earlier than its first health check.
func waitReady(t *testing.T, c dockertest.Container) {
	t.Helper()
	servicetest.Eventually(t, "standalone", func() bool { return strings.Contains(c.Log(), "msg=ready") })
}
