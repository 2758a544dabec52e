package docker

import (
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/tests/support/dockertest"
	"nanomon/tests/support/servicetest"
)

// compose runs a command of Docker Compose for build/compose.yaml.
func compose(t *testing.T, arguments ...string) string {
	t.Helper()
	return dockertest.Docker(t, append([]string{"compose", "-f", "build/compose.yaml"}, arguments...)...)
}

// up starts all services, waits until they are healthy, and scales the runner.
func up(t *testing.T, options ...string) {
	t.Helper()
	compose(t, append([]string{"up", "--detach", "--wait", "--wait-timeout", "120"}, options...)...)
}

// service returns the container of a service, or the first one of several.
func service(t *testing.T, name string) dockertest.Container {
	t.Helper()
	return dockertest.Existing(t, strings.Fields(compose(t, "ps", "--quiet", name))[0])
}

// TestCompose runs build/compose.yaml with a stand-in for MongoDB. Its steps need the state that the steps before them
// have left.
func TestCompose(t *testing.T) {
	standIn(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(compose(t, "logs", "--tail", "50"))
		}
		compose(t, "down", "--volumes")
	})
	for _, step := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"documented command", testDocumentedCompose},
		{"page", testPage},
		{"ping", testComposePing},
		{"status page", testStatusPage},
		{"three runners", testThreeRunners},
		{"killed container", testKilledContainer},
		{"database restart", testDatabaseRestart},
		{"down and up", testDownAndUp},
	} {
		if !t.Run(step.name, step.run) {
			return
		}
	}
}

// testDocumentedCompose runs the command of build/README.md until it is interrupted, as a user does with Ctrl-C.
func testDocumentedCompose(t *testing.T) {
	command := documented(t, "build/README.md", "docker compose ")
	runUntilReady(t, command)
	up(t)
	for _, name := range []string{"mongo", "api", "runner", "frontend"} {
		c := service(t, name)
		if user := c.Inspect("{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}"); !strings.HasSuffix(user, " true [ALL]") {
			t.Errorf("%s runs as %s", name, user)
		}
		if name != "mongo" {
			checkUnprivileged(t, c)
		}
	}
}

func testPage(t *testing.T) {
	_, port := dockertest.Serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), false)
	browser := exec.Command("node", "tests/browser/use.mjs", localPage, "http://"+dockertest.Gateway(t)+":"+port)
	browser.Dir = servicetest.Root()
	if text, err := browser.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// testComposePing checks other containers by their names.
func testComposePing(t *testing.T) {
	for _, m := range []monitor.Monitor{
		{Name: "database", Type: "ping", Interval: "1s", Target: "mongo", Enabled: true},
		{Name: "page", Type: "http", Interval: "1s", Target: "http://frontend:8001", Rule: "status == 200", Enabled: true},
	} {
		checkFirstResult(t, localAPI, servicetest.Create(t, localAPI, m).ID)
	}
}

// testStatusPage expects that the host of the page redirects to the API, which has the status page.
func testStatusPage(t *testing.T) {
	servicetest.CreateStatusPage(t, localAPI, statuspage.Page{Slug: "shop", Title: "Shop", Sections: []statuspage.Section{
		{Entries: []statuspage.Entry{{Name: "Database", Monitor: servicetest.Get[[]monitor.Monitor](t, localAPI+"/monitors")[0].ID}}},
	}})
	servicetest.Eventually(t, "the status page", func() bool {
		response, err := http.Get(localPage + "/status/shop")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK && response.Request.URL.String() == strings.TrimSuffix(localAPI, "/api")+"/status/shop"
	})
}

// liveRunners returns the number of monitors of each live runner.
func liveRunners(t *testing.T) (shares []int) {
	t.Helper()
	type status struct{ Runners []struct{ Monitors int } }
	for _, runner := range servicetest.Get[status](t, localAPI+"/status").Runners {
		shares = append(shares, runner.Monitors)
	}
	return shares
}

// testThreeRunners expects that each of three runners has some of the monitors.
func testThreeRunners(t *testing.T) {
	for i := range 30 {
		servicetest.Create(t, localAPI, monitor.Monitor{
			Name: strconv.Itoa(i), Type: "tcp", Interval: "1m", Target: "frontend:8001", Enabled: true,
		})
	}
	total := len(servicetest.Get[[]monitor.Monitor](t, localAPI+"/monitors"))
	up(t, "--scale", "runner=3")
	var shares []int
	servicetest.EventuallyWithin(t, time.Minute, "three runners that share the monitors", func() bool {
		shares = liveRunners(t)
		return len(shares) == 3 && slices.Min(shares) > 0 && shares[0]+shares[1]+shares[2] == total
	})
	t.Logf("the runners have %v monitors", shares)
	checkNewResults(t)
}

// checkNewResults waits until each monitor with an interval of a second has a result that is newer than this call.
func checkNewResults(t *testing.T) {
	t.Helper()
	since := time.Now()
	for _, m := range servicetest.Get[[]monitor.Monitor](t, localAPI+"/monitors") {
		if m.Interval != "1s" {
			continue
		}
		servicetest.EventuallyWithin(t, time.Minute, "a new result of "+m.Name, func() bool {
			results := servicetest.Results(t, localAPI, m.ID)
			return len(results) > 0 && results[0].Date.After(since) && results[0].Status == monitor.StatusOK
		})
	}
}

// testKilledContainer kills the program of a container, which Docker restarts.
func testKilledContainer(t *testing.T) {
	runner := service(t, "runner")
	if err := exec.Command("kill", "-KILL", runner.Inspect("{{.State.Pid}}")).Run(); err != nil {
		t.Fatal(err)
	}
	servicetest.Eventually(t, "a restart", func() bool { return runner.Inspect("{{.RestartCount}} {{.State.Running}}") == "1 true" })
	runner.WaitHealthy()
	checkNewResults(t)
}

func testDatabaseRestart(t *testing.T) {
	compose(t, "restart", "mongo")
	checkNewResults(t)
	up(t, "--scale", "runner=3")
}

// testDownAndUp removes all containers and starts new ones with the same data.
func testDownAndUp(t *testing.T) {
	monitors := len(servicetest.Get[[]monitor.Monitor](t, localAPI+"/monitors"))
	before := resultsOfPage(t)
	compose(t, "down")
	if left := compose(t, "ps", "--all", "--quiet"); left != "" {
		t.Errorf("containers after down: %s", left)
	}
	up(t)
	if after := len(servicetest.Get[[]monitor.Monitor](t, localAPI+"/monitors")); after != monitors {
		t.Errorf("%d monitors before, %d after", monitors, after)
	}
	oldest := before[len(before)-1]
	if after := resultsOfPage(t); !slices.ContainsFunc(after, func(r monitor.Result) bool { return r.ID == oldest.ID }) {
		t.Errorf("the oldest result before is missing after: %+v", oldest)
	}
	checkNewResults(t)
}

// resultsOfPage returns the results of the monitor that the browser created.
func resultsOfPage(t *testing.T) []monitor.Result {
	t.Helper()
	for _, m := range servicetest.Get[[]monitor.Monitor](t, localAPI+"/monitors") {
		if m.Name == "This page" {
			return servicetest.Results(t, localAPI, m.ID)
		}
	}
	t.Fatal(`the monitor "This page" is missing`)
	return nil
}
