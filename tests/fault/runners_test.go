package fault

import (
	"maps"
	"testing"
	"time"

	"nanomon/tests/mongotest"
	"nanomon/tests/servicetest"
)

// A runner that is killed while the store is away leaves its results in its spool, and a runner with the same SPOOL_DIR writes
// them: one that was alive all the time, or one that starts later. At most those of the last half second before the kill are
// lost, and none is stored twice.
func TestAKilledRunnerLeavesASpoolThatALiveOneAdopts(t *testing.T) {
	t.Parallel()
	for name, alive := range map[string]bool{"by a live runner": true, "by a new runner": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testSpool(t, alive)
		})
	}
}

func testSpool(t *testing.T, alive bool) {
	t.Helper()
	const monitors, outage, unsafe = 20, 15 * time.Second, 500 * time.Millisecond
	server := mongotest.FerretDB(t)
	settings := map[string]string{"MONGO_URI": server.URI, "POLLING_INTERVAL": "1s", "SPOOL_DIR": t.TempDir()}
	_, api := servicetest.API(t, settings)
	victim, _ := servicetest.Runner(t, settings)
	var heir *servicetest.Service
	if alive {
		heir, _ = servicetest.Runner(t, settings)
	}
	target := servicetest.NewTarget(t)
	target.Import(t, api, monitors, "1s")
	if alive {
		waitForShares(t, api, 2, monitors)
	}

	server.Kill()
	experiment(outage)
	victim.Kill(t)
	killed := time.Now()
	if !alive {
		heir = servicetest.Start(t, "runner", settings)
	}
	server.Restart()
	heir.RunnerID(t)
	servicetest.Eventually(t, "every monitor to be checked by the heir", func() bool {
		return len(target.Since(killed.Add(time.Second))) == monitors
	})
	heir.WaitLog(t, "took over the spool of a stopped runner")
	if code := heir.Stop(t); code != 0 {
		t.Errorf("the heir's exit code is %d", code)
	}

	results := stored(t, api)
	lost := unstored(t, target, results)
	for _, c := range lost {
		if before := killed.Sub(c.Time); before > unsafe {
			t.Errorf("of %d checks that have no result, one was %s before the kill", len(lost), before)
			break
		}
	}
	t.Logf("%d checks, %d results, %d lost with the batch in flight", len(target.Checks()), len(results), len(lost))
}

// Runners share the monitors out and take over from each other: from one that is killed within 15 s, from one that is stopped
// at once, and a new one gets its share. Hardly ever is a monitor checked twice in an interval.
func TestThreeRunnersShareTheWork(t *testing.T) {
	t.Parallel()
	const monitors, interval, steady = 100, 2 * time.Second, 16 * time.Second
	server := mongotest.FerretDB(t)
	settings := map[string]string{"MONGO_URI": server.URI, "POLLING_INTERVAL": "1s"}
	_, api := servicetest.API(t, settings)
	victim, _ := servicetest.Runner(t, settings)
	leaver, _ := servicetest.Runner(t, settings)
	stayer, _ := servicetest.Runner(t, settings)
	target := servicetest.NewTarget(t)
	target.Import(t, api, monitors, interval.String())
	waitForShares(t, api, 3, monitors)
	checkSteadyState(t, target, steady, interval)

	victim.Kill(t)
	killed := time.Now().Add(100 * time.Millisecond) // what the dead runner has sent may still arrive
	servicetest.EventuallyWithin(t, 15*time.Second, "every monitor to be checked after the kill", func() bool {
		return len(target.Since(killed)) == monitors
	})
	t.Logf("every monitor was checked within %s of the kill", time.Since(killed).Round(time.Millisecond))
	waitForShares(t, api, 2, monitors)
	checkSteadyState(t, target, steady/2, interval)

	left := time.Now()
	if code := leaver.Stop(t); code != 0 {
		t.Errorf("the exit code of the runner that was stopped is %d", code)
	}
	waitForShares(t, api, 1, monitors)
	gap, path := longestGap(target, left, time.Now())
	t.Logf("at the clean stop no monitor went unchecked for longer than %s", gap.Round(time.Millisecond))
	if gap > 2*interval+2*time.Second {
		t.Errorf("%s went unchecked for %s when a runner was stopped", path, gap)
	}

	servicetest.Runner(t, settings)
	servicetest.Runner(t, settings)
	waitForShares(t, api, 3, monitors)
	experiment(interval) // a share that was taken over is first checked when its next interval ends
	checkSteadyState(t, target, steady/2, interval)
	if code := stayer.Stop(t); code != 0 {
		t.Errorf("the exit code of the last of the first runners is %d", code)
	}
	whole := target.Since(time.Time{})
	t.Logf("with all changes of runners: %d checks, %d of them too early", len(target.Checks()), tooEarly(whole, interval))
}

// waitForShares waits until n runners are live, each with a share of the monitors, and the shares make up all.
func waitForShares(t *testing.T, api string, n, monitors int) {
	t.Helper()
	var shares map[string]int
	defer func() { t.Logf("shares: %v", shares) }()
	servicetest.Eventually(t, "the runners to share the monitors", func() bool {
		shares = servicetest.Running(t, api)
		sum := 0
		for share := range maps.Values(shares) {
			if share == 0 && monitors > 0 {
				return false
			}
			sum += share
		}
		return len(shares) == n && sum == monitors
	})
}

// checkSteadyState counts for a while: no monitor may be left out, and under one check in a hundred may come too early.
func checkSteadyState(t *testing.T, target *servicetest.Target, length, interval time.Duration) {
	t.Helper()
	from := time.Now()
	experiment(length)
	times := target.Since(from)
	checks := 0
	for _, of := range times {
		checks += len(of)
	}
	early := tooEarly(times, interval)
	t.Logf("steady for %s: %d checks, %d of them too early", length, checks, early)
	if 100*early >= checks {
		t.Errorf("%d of %d checks came too early after another of the same monitor", early, checks)
	}
	if gap, path := longestGap(target, from, from.Add(length)); gap > interval*19/10 {
		t.Errorf("%s was not checked for %s in the steady state", path, gap)
	}
}

// tooEarly counts the checks that came less than half an interval after another of the same monitor.
func tooEarly(times map[string][]time.Time, interval time.Duration) (early int) {
	for _, of := range times {
		for i := range len(of) - 1 {
			if of[i+1].Sub(of[i]) < interval/2 {
				early++
			}
		}
	}
	return early
}
