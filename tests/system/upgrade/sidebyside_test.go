package upgrade

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

const (
	// sideBySide is the minimum time for which the runners of two versions work together.
	sideBySide = time.Minute
	// monitors is the number of monitors. Each is checked every second. There are enough that each of two runners gets some.
	monitors = 16
	// longestGap is the maximum time between two checks of a monitor. A hand-over takes about three seconds; it would take more than
	// ten if a runner had to notice that the other one is dead.
	longestGap = 7 * time.Second
)

// TestOldAndNewSideBySide runs both versions on one database, as a rolling update does.
func TestOldAndNewSideBySide(t *testing.T) {
	t.Parallel()
	programs := buildOld(t)
	mongotest.Each(t, func(t *testing.T, uri string) {
		t.Parallel()
		testSideBySide(t, programs, uri)
	})
}

func testSideBySide(t *testing.T, programs, uri string) {
	w := newWorld(t)
	settings := w.settings()
	maps.Copy(settings, map[string]string{"MONGO_URI": uri, "MONGO_DB": mongotest.Database(t, uri), "POLLING_INTERVAL": "1s"})
	oldAPI := startOld(t, programs, "api", servicetest.With(settings, "PORT", "0"))
	oldRunner := startOld(t, programs, "runner", settings)
	old := client{base: "http://localhost:" + oldAPI.WaitLog(t, `msg=listening address=\S*:(\d+)`)[1]}
	hosts := importMonitors(t, old)
	w.waitChecks(t, 1, hosts...)

	_, api := servicetest.API(t, settings)
	c := newClient(api, "")
	labelled := "/api/monitors/" + c.monitorIDs(t)[hosts[0]]
	m := c.get(t, labelled).(map[string]any)
	m["labels"] = map[string]any{"team": "payments"}
	c.call(t, http.MethodPut, labelled, m, http.StatusOK)
	c.setGroup(t, "edited in bulk")
	newRunner, _ := servicetest.Runner(t, settings)
	servicetest.Eventually(t, "both runners to share the monitors", func() bool { return c.shared(t, 2) })
	started, failing := time.Now(), hosts[:4]

	// The first incidents are opened and resolved while both runners work.
	w.waitChecks(t, 5, hosts...)
	w.set(refuses, failing...)
	w.waitReceived(t, 4)
	w.waitChecks(t, 5, hosts...)
	w.set(answers, failing...)
	w.waitReceived(t, 8)
	w.waitChecks(t, 5, hosts...)
	if code := oldAPI.Stop(t); code != 0 {
		t.Errorf("the exit code of the old API is %d", code)
	}
	// The second incidents are opened before the old runner is stopped, and resolved after that.
	w.set(refuses, failing...)
	w.waitReceived(t, 12)
	w.waitChecks(t, 5, hosts...)
	for time.Since(started) < sideBySide {
		w.waitChecks(t, 1, hosts...)
	}
	if code := oldRunner.Stop(t); code != 0 {
		t.Errorf("the exit code of the old runner is %d", code)
	}
	servicetest.Eventually(t, "the new runner to take over", func() bool { return c.shared(t, 1) })
	w.waitChecks(t, 4, hosts...)
	// The old runner stores no incidents. The new runner stores an incident for each open one that it has taken over.
	var open []string
	for _, host := range failing {
		open = append(open, c.monitorIDs(t)[host]+"-2")
	}
	wantOpenIncidents(t, c, open...)
	w.set(answers, failing...)
	w.waitReceived(t, 16)
	wantOpenIncidents(t, c)
	w.waitChecks(t, 2, hosts...)
	if code := newRunner.Stop(t); code != 0 {
		t.Errorf("the exit code of the new runner is %d", code)
	}

	wantNotifiedOnce(t, w, c, failing)
	wantEveryResult(t, w, c, started)
	wantNoGap(t, w)
	for _, stored := range objects(c.get(t, "/api/monitors")) {
		if stored["group"] != "edited in bulk" {
			t.Errorf("the group of %s is %v", stored["name"], stored["group"])
		}
	}
	if got := c.get(t, labelled).(map[string]any)["labels"]; !reflect.DeepEqual(got, m["labels"]) {
		t.Errorf("the labels are %v, want %v", got, m["labels"])
	}
}

// importMonitors stores the monitors through the API, and returns the hosts of their targets, which are their names too.
func importMonitors(t *testing.T, c client) []string {
	t.Helper()
	var hosts []string
	var list []map[string]any
	for i := range monitors {
		host := fmt.Sprintf("%d.nanomon.test", i)
		hosts = append(hosts, host)
		list = append(list, map[string]any{
			"name": host, "type": "http", "interval": "1s", "target": "http://" + host + "/", "rule": "status == 200",
			"properties": map[string]string{"bodyRegex": `check (\d+)`},
		})
	}
	c.call(t, http.MethodPost, "/api/monitors/import", list, http.StatusNoContent)
	return hosts
}

// setGroup moves all monitors to a group by one bulk change.
func (c client) setGroup(t *testing.T, group string) {
	t.Helper()
	ids := slices.Collect(maps.Values(c.monitorIDs(t)))
	c.call(t, http.MethodPatch, "/api/monitors", map[string]any{"ids": ids, "set": map[string]any{"group": group}}, http.StatusOK)
}

// monitorIDs are the ids of the monitors by name.
func (c client) monitorIDs(t *testing.T) map[string]string {
	t.Helper()
	ids := make(map[string]string)
	for _, m := range objects(c.get(t, "/api/monitors")) {
		ids[m["name"].(string)] = m["id"].(string)
	}
	return ids
}

// shared reports whether this number of runners is live, each has monitors, and together they have all.
func (c client) shared(t *testing.T, runners int) bool {
	t.Helper()
	status, _ := c.get(t, "/api/status").(map[string]any)
	list, assigned := objects(status["runners"]), 0.0
	for _, r := range list {
		n := r["monitors"].(float64)
		if n == 0 {
			return false
		}
		assigned += n
	}
	return len(list) == runners && assigned == monitors
}

// wantNotifiedOnce fails the test unless each of the two incidents of each failing monitor has one notification that it was opened
// and one that it was resolved.
func wantNotifiedOnce(t *testing.T, w *world, c client, failing []string) {
	t.Helper()
	var want, listed []string
	ids := c.monitorIDs(t)
	for _, host := range failing {
		for incident := 1; incident <= 2; incident++ {
			for _, kind := range []string{"alert", "recovery"} {
				want = append(want, fmt.Sprintf("%s-%d-%s", ids[host], incident, kind))
			}
		}
	}
	slices.Sort(want)
	for _, n := range objects(c.get(t, "/api/alerts?max=1000")) {
		listed = append(listed, n["id"].(string))
	}
	slices.Sort(listed)
	if got := w.receivedIDs(); !slices.Equal(got, want) || !slices.Equal(listed, want) {
		t.Errorf("the notifications received are %v, and those listed %v, want %v", got, listed, want)
	}
}

// wantEveryResult fails the test unless each request to a target since a time has exactly one stored result. The value of a result is
// the number in the answer of the target. Before that time, when the new runner joined, the old one cancelled the checks in flight of
// the monitors that it gave away: one per monitor may have no result.
func wantEveryResult(t *testing.T, w *world, c client, since time.Time) {
	t.Helper()
	checks, stored := w.allChecks(), make(map[int]int)
	for host, id := range c.monitorIDs(t) {
		for _, r := range objects(c.get(t, "/api/monitors/"+id+"/results?max=1000")) {
			number := int(r["value"].(float64))
			if number >= len(checks) || checks[number].host != host {
				t.Errorf("the result %v of %s belongs to no check", r, host)
				continue
			}
			stored[number]++
		}
	}
	canceled := make(map[string]int)
	for number, check := range checks {
		if stored[number] == 0 && check.at.Before(since) {
			canceled[check.host]++
		}
		if stored[number] > 1 || stored[number] == 0 && (!check.at.Before(since) || canceled[check.host] > 1) {
			t.Errorf("the check of %s at %s has %d results, want one", check.host, check.at, stored[number])
		}
	}
	t.Logf("%d checks, %d results, %d checks canceled when the new runner joined", len(checks), len(stored), len(canceled))
}

// wantNoGap fails the test if a monitor was not checked for longer than longestGap.
func wantNoGap(t *testing.T, w *world) {
	t.Helper()
	last, longest := make(map[string]time.Time), time.Duration(0)
	for _, check := range w.allChecks() {
		if before, ok := last[check.host]; ok {
			longest = max(longest, check.at.Sub(before))
		}
		last[check.host] = check.at
	}
	t.Logf("the longest time between two checks of a monitor is %s", longest)
	if longest > longestGap {
		t.Errorf("a monitor was not checked for %s, want at most %s", longest, longestGap)
	}
}

// startOld starts a program of the old version.
func startOld(t *testing.T, programs, name string, settings map[string]string) *servicetest.Service {
	t.Helper()
	command := exec.Command(filepath.Join(programs, name))
	command.Dir, command.Env = t.TempDir(), []string{}
	for name, value := range settings {
		command.Env = append(command.Env, name+"="+value)
	}
	return servicetest.StartCommand(t, command)
}

// buildOld builds the API and the runner of the old version and returns the folder of the programs. It skips the test if git has no
// such commit and can't fetch it.
func buildOld(t *testing.T) string {
	t.Helper()
	sources, programs, archive := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "sources.tar")
	if err := git(t, "archive", "--output", archive, oldCommit); err != nil {
		fetched := git(t, "fetch", "--quiet", "--depth=1", "origin", oldCommit)
		if fetched == nil {
			fetched = git(t, "archive", "--output", archive, oldCommit)
		}
		if fetched != nil {
			t.Skipf("git does not have the commit of version %s: fetch the whole history to run this test: %v; %v", oldVersion, err, fetched)
		}
	}
	for _, command := range []*exec.Cmd{
		exec.Command("tar", "-xf", archive, "-C", sources),
		exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", programs+"/", "./services/api", "./services/runner"),
	} {
		command.Dir, command.Env = sources, append(os.Environ(), "CGO_ENABLED=0")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, output)
		}
	}
	return programs
}

// git runs a git command in the repository, even if the repository belongs to another user, as in CI.
func git(t *testing.T, arguments ...string) error {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "git", append([]string{"-c", "safe.directory=*"}, arguments...)...)
	command.Dir, command.Env = servicetest.Root(), append(os.Environ(), "GIT_TERMINAL_PROMPT=0")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", arguments[0], err, output)
	}
	return nil
}
