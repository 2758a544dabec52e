package fault

import (
	"maps"
	"testing"
	"time"

	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// TestSpoolOfKilledRunnerIsStored kills a runner while the store is unavailable. Another runner with the same SPOOL_DIR
// must store the results in its spool: either one that already runs, or one that starts later. Only results of the last
// half second before the kill may be lost, and none may be stored twice.
func TestSpoolOfKilledRunnerIsStored(t *testing.T) {
	t.Parallel()
	for name, running := range map[string]bool{"by a running runner": true, "by a new runner": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testSpool(t, running)
		})
	}
}

func testSpool(t *testing.T, running bool) {
	t.Helper()
	const monitors, downtime, maxLoss = 20, 15 * time.Second, 500 * time.Millisecond
	server := mongotest.FerretDB(t)
	settings := map[string]string{"MONGO_URI": server.URI, "POLLING_INTERVAL": "1s", "SPOOL_DIR": t.TempDir()}
	_, api := servicetest.API(t, settings)
	victim, _ := servicetest.Runner(t, settings)
	var successor *servicetest.Service
	if running {
		successor, _ = servicetest.Runner(t, settings)
	}
	target := servicetest.NewTarget(t)
	target.ImportMonitors(t, api, monitors, "1s")
	if running {
		waitForAssignments(t, api, 2, monitors)
	}
	assigned := time.Now()

	server.Kill()
	observe(downtime)
	victim.Kill(t)
	killed := time.Now()
	if !running {
		successor = servicetest.Start(t, "runner", settings)
	}
	server.Restart()
	successor.RunnerID(t)
	servicetest.Eventually(t, "every monitor to be checked by the other runner", func() bool {
		return len(target.ChecksSince(killed.Add(time.Second))) == monitors
	})
	successor.WaitLog(t, "took over the spool of a stopped runner")
	if code := successor.Stop(t); code != 0 {
		t.Errorf("other runner: exit code %d", code)
	}

	results := allResults(t, api)
	lost := checksWithoutResult(t, target, results)
	for _, c := range lost {
		// A check that runs while its monitor moves to another runner is cancelled.
		if before := killed.Sub(c.Time); before > maxLoss && c.Time.After(assigned) {
			t.Errorf("of %d checks without a result, one was %s before the kill", len(lost), before)
			break
		}
	}
	t.Logf("%d checks, %d results, %d not spooled yet and lost", len(target.Checks()), len(results), len(lost))
}

// TestRunnersDivideMonitors starts, stops and kills runners. The others must take over the monitors of a killed runner
// within 15 s and those of a stopped one at once, and a new runner must get monitors. Less than 1 % of the checks may come
// too early after another check of the same monitor.
func TestRunnersDivideMonitors(t *testing.T) {
	t.Parallel()
	const monitors, interval, steady = 100, 2 * time.Second, 16 * time.Second
	server := mongotest.FerretDB(t)
	settings := map[string]string{"MONGO_URI": server.URI, "POLLING_INTERVAL": "1s"}
	_, api := servicetest.API(t, settings)
	victim, _ := servicetest.Runner(t, settings)
	second, _ := servicetest.Runner(t, settings)
	third, _ := servicetest.Runner(t, settings)
	target := servicetest.NewTarget(t)
	target.ImportMonitors(t, api, monitors, interval.String())
	waitForAssignments(t, api, 3, monitors)
	checkSteadyState(t, target, steady, interval)

	victim.Kill(t)
	killed := time.Now().Add(100 * time.Millisecond) // requests of the killed runner may still arrive
	servicetest.EventuallyWithin(t, 15*time.Second, "every monitor to be checked after the kill", func() bool {
		return len(target.ChecksSince(killed)) == monitors
	})
	t.Logf("every monitor was checked within %s of the kill", time.Since(killed).Round(time.Millisecond))
	waitForAssignments(t, api, 2, monitors)
	checkSteadyState(t, target, steady/2, interval)

	stopped := time.Now()
	if code := second.Stop(t); code != 0 {
		t.Errorf("second runner: exit code %d", code)
	}
	waitForAssignments(t, api, 1, monitors)
	gap, path := longestGap(target, stopped, time.Now())
	t.Logf("when a runner was stopped, the longest gap between two checks was %s", gap.Round(time.Millisecond))
	if gap > 2*interval+2*time.Second {
		t.Errorf("%s was not checked for %s when a runner was stopped", path, gap)
	}

	servicetest.Runner(t, settings)
	servicetest.Runner(t, settings)
	waitForAssignments(t, api, 3, monitors)
	observe(interval) // a runner first checks a monitor that it takes over when the current interval ends
	checkSteadyState(t, target, steady/2, interval)
	if code := third.Stop(t); code != 0 {
		t.Errorf("third runner: exit code %d", code)
	}
	all := target.ChecksSince(time.Time{})
	t.Logf("in the whole test: %d checks, %d of them too early", len(target.Checks()), tooEarly(all, interval))
}

// waitForAssignments waits until n runners are live, each has monitors, and together they have all monitors.
func waitForAssignments(t *testing.T, api string, n, monitors int) {
	t.Helper()
	var assigned map[string]int
	defer func() { t.Logf("monitors per runner: %v", assigned) }()
	servicetest.Eventually(t, "the monitors to be assigned to the runners", func() bool {
		assigned = servicetest.MonitorsPerRunner(t, api)
		sum := 0
		for count := range maps.Values(assigned) {
			if count == 0 && monitors > 0 {
				return false
			}
			sum += count
		}
		return len(assigned) == n && sum == monitors
	})
}

// checkSteadyState observes the checks for a time: every monitor must be checked in each interval, and less than 1 % of
// the checks may come too early.
func checkSteadyState(t *testing.T, target *servicetest.Target, length, interval time.Duration) {
	t.Helper()
	from := time.Now()
	observe(length)
	times := target.ChecksSince(from)
	checks := 0
	for _, ofMonitor := range times {
		checks += len(ofMonitor)
	}
	early := tooEarly(times, interval)
	t.Logf("steady for %s: %d checks, %d of them too early", length, checks, early)
	if 100*early >= checks {
		t.Errorf("%d of %d checks came too early after another of the same monitor", early, checks)
	}
	if gap, path := longestGap(target, from, from.Add(length)); gap > interval*19/10 {
		t.Errorf("%s was not checked for %s while no runner started or stopped", path, gap)
	}
}

// tooEarly counts the checks less than half an interval after the previous check of the same monitor.
func tooEarly(times map[string][]time.Time, interval time.Duration) (early int) {
	for _, ofMonitor := range times {
		for i := range len(ofMonitor) - 1 {
			if ofMonitor[i+1].Sub(ofMonitor[i]) < interval/2 {
				early++
			}
		}
	}
	return early
}
