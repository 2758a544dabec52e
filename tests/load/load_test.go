// Package load measures the real standalone binary under many monitors. It runs without the race
// detector, because it is about time.
package load

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"nanomon/services/common/monitor"
	"nanomon/tests/servicetest"
)

const (
	monitors = 1000
	interval = 10 * time.Second
	// fairShare is how many checks are due in each 100 ms.
	fairShare = monitors * int(100*time.Millisecond) / int(interval)
)

func TestMain(m *testing.M) {
	if target := os.Getenv("NANOMON_BARE_LOOP"); target != "" {
		bareLoop(target)
	}
	os.Exit(m.Run())
}

// bareLoop is what a check costs at least: a new connection and a GET at the pace of the test, until killed.
func bareLoop(target string) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range time.Tick(interval / monitors) {
		response, err := client.Get(target)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

// arrivals records when which monitor was checked.
type arrivals struct {
	mu       sync.Mutex
	times    []time.Time
	byPath   map[string][]time.Time
	bareRuns int
}

func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	a.mu.Lock()
	if r.URL.Path == "/bare" {
		a.bareRuns++
	} else {
		a.times = append(a.times, now)
		a.byPath[r.URL.Path] = append(a.byPath[r.URL.Path], now)
	}
	a.mu.Unlock()
	_, _ = io.WriteString(w, "OK")
}

func TestAThousandMonitors(t *testing.T) {
	seen := &arrivals{byPath: make(map[string][]time.Time)}
	target := httptest.NewServer(seen)
	defer target.Close()
	folder := t.TempDir()
	importMonitors(t, folder, target.URL)

	seen.reset()
	started := time.Now()
	service, _, _ := servicetest.StandaloneWith(t, folder, map[string]string{"PROMETHEUS_ENABLE": "true", "PROMETHEUS_PORT": "0"})
	servicetest.Eventually(t, "every monitor to be checked once", func() bool { return seen.monitors() == monitors })
	firstRound := time.Since(started)
	t.Logf("all have run once after %.1f s", firstRound.Seconds())
	if firstRound > interval {
		t.Errorf("the first round took %s", firstRound)
	}

	seen.reset()
	bare := startBareLoop(t, target.URL+"/bare")
	before, bareBefore, from := cpuTime(t, service.PID), cpuTime(t, bare), time.Now()
	servicetest.EventuallyWithin(t, time.Minute, "three more rounds", func() bool { return seen.count() >= 3*monitors })
	window := time.Since(from)
	perCheck := (cpuTime(t, service.PID) - before) / time.Duration(seen.count())
	perBare := (cpuTime(t, bare) - bareBefore) / time.Duration(seen.bare())
	t.Logf("%d checks in %.1f s: %s of CPU each, %s in the bare loop: ratio %.2f", seen.count(), window.Seconds(),
		perCheck, perBare, float64(perCheck)/float64(perBare))
	if float64(perCheck) > 1.5*float64(perBare) {
		t.Errorf("a check costs more than 1.5 times the bare one")
	}
	if most := seen.busiest(); most > 3*fairShare {
		t.Errorf("%d checks in 100 ms, fair are %d", most, fairShare)
	} else {
		t.Logf("the busiest 100 ms had %d checks, fair are %d", most, fairShare)
	}
	resident := residentMemory(t, service.PID)
	t.Logf("resident memory %d MB", resident>>20)
	if resident > 120<<20 {
		t.Errorf("resident memory is %d bytes", resident)
	}
	checkLateness(t, servicetest.Scrape(t, service.MetricsURL(t)))
	if code := service.Stop(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// checkLateness wants 99 % of the runs to have begun within 50 ms of their due time, and none to have been skipped.
func checkLateness(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	late := families["nanomon_runner_lateness_seconds"].GetMetric()[0].GetHistogram()
	skipped := families["nanomon_runner_skipped_runs_total"].GetMetric()[0].GetCounter().GetValue()
	within := make(map[float64]uint64)
	for _, b := range late.GetBucket() {
		within[b.GetUpperBound()] = b.GetCumulativeCount()
	}
	runs := late.GetSampleCount()
	if runs == 0 || float64(within[0.05]) < 0.99*float64(runs) || skipped != 0 {
		t.Errorf("of %d runs %d began within 50 ms, %g were skipped", runs, within[0.05], skipped)
	}
	t.Logf("of %d runs %d began within 10 ms of their due time, %d within 50 ms, none was skipped", runs, within[0.01], within[0.05])
}

func importMonitors(t *testing.T, folder, target string) {
	t.Helper()
	service, api, _ := servicetest.Standalone(t, folder)
	all := make([]monitor.Monitor, monitors)
	for i := range all {
		all[i] = monitor.Monitor{
			ID:   fmt.Sprintf("%024x", i), // the same in every run, because the schedule follows from it
			Name: fmt.Sprintf("monitor %d", i), Type: "http", Interval: interval.String(), Enabled: true,
			Target: fmt.Sprintf("%s/%d", target, i), Rule: "status == 200 && respTime < 5000",
		}
	}
	if status, body := servicetest.Call(t, http.MethodPost, api+"/monitors/import", all); status != http.StatusNoContent {
		t.Fatalf("import: %d %s", status, body)
	}
	if code := service.Stop(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
}

func startBareLoop(t *testing.T, target string) (process int) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "NANOMON_BARE_LOOP="+target)
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command.Process.Pid
}

func TestAStartIsFastAndIdleIsSmall(t *testing.T) {
	servicetest.Binary(t, "standalone")
	best := time.Hour
	for range 5 {
		started := time.Now()
		service, api, _ := servicetest.Standalone(t, t.TempDir())
		servicetest.Call(t, http.MethodGet, api+"/health", nil)
		best = min(best, time.Since(started))
		resident := residentMemory(t, service.PID)
		t.Logf("answered after %s, resident memory %d MB", time.Since(started), resident>>20)
		if resident > 40<<20 {
			t.Errorf("resident memory is %d bytes", resident)
		}
		service.Kill(t)
	}
	if best > 300*time.Millisecond {
		t.Errorf("the fastest of five starts took %s", best)
	}
}

func (a *arrivals) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.times, a.byPath, a.bareRuns = nil, make(map[string][]time.Time), 0
}

func (a *arrivals) monitors() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.byPath)
}

func (a *arrivals) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.times)
}

func (a *arrivals) bare() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bareRuns
}

// busiest is the largest number of checks that arrived within any 100 ms.
func (a *arrivals) busiest() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	most, first := 0, 0
	for last, at := range a.times {
		for at.Sub(a.times[first]) > 100*time.Millisecond {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

func cpuTime(t *testing.T, process int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		t.Fatal(err)
	}
	fields := regexp.MustCompile(`\) (.*)`).FindSubmatch(stat)
	if fields == nil {
		t.Fatalf("unreadable: %s", stat)
	}
	var state string
	var skip, user, system int64
	if _, err := fmt.Sscan(string(fields[1]), &state, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &user, &system); err != nil {
		t.Fatal(err)
	}
	const tick = 10 * time.Millisecond
	return time.Duration(user+system) * tick
}

func residentMemory(t *testing.T, process int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmRSS:\s*(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatalf("no VmRSS in %s", status)
	}
	kilobytes, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
