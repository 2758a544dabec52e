// Package load measures CPU time, memory and punctuality of the real standalone binary with many monitors. It runs
// without the race detector, which would distort the measurements.
package load

import (
	"fmt"
	"io"
	"math"
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
	"nanomon/tests/support/servicetest"
)

const (
	monitors = 1000
	interval = 10 * time.Second
	// checksPer100ms is the number of checks that are due in each 100 ms if they are spread evenly.
	checksPer100ms = monitors * int(100*time.Millisecond) / int(interval)
)

func TestMain(m *testing.M) {
	if target := os.Getenv("NANOMON_BASELINE_TARGET"); target != "" {
		runBaseline(target)
	}
	os.Exit(m.Run())
}

// runBaseline sends GET requests on new connections, as many per second as the test's checks, until it is killed. Its
// CPU time is the minimum cost of a check.
func runBaseline(target string) {
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

// recorder is a web server that records the times of the checks and counts the requests of the baseline.
type recorder struct {
	mu       sync.Mutex
	times    []time.Time
	byPath   map[string][]time.Time
	baseline int
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	now := time.Now()
	r.mu.Lock()
	if request.URL.Path == "/baseline" {
		r.baseline++
	} else {
		r.times = append(r.times, now)
		r.byPath[request.URL.Path] = append(r.byPath[request.URL.Path], now)
	}
	r.mu.Unlock()
	_, _ = io.WriteString(w, "OK")
}

func TestThousandMonitorsArePunctualAndCheap(t *testing.T) {
	checks := &recorder{byPath: make(map[string][]time.Time)}
	target := httptest.NewServer(checks)
	defer target.Close()
	folder := t.TempDir()
	importMonitors(t, folder, target.URL)

	checks.reset()
	started := time.Now()
	service, _, _ := servicetest.StandaloneWith(t, folder, map[string]string{"PROMETHEUS_ENABLE": "true", "PROMETHEUS_PORT": "0"})
	servicetest.Eventually(t, "every monitor to be checked once", func() bool { return checks.monitors() == monitors })
	firstRound := time.Since(started)
	t.Logf("all monitors were checked within %.1f s", firstRound.Seconds())
	if firstRound > interval {
		t.Errorf("the first round took %s", firstRound)
	}

	checks.reset()
	baseline := startBaseline(t, target.URL+"/baseline")
	// Other programs on the machine only add to the time, so the best of three rounds counts.
	best := math.Inf(1)
	for round := 1; round <= 3; round++ {
		best = min(best, measureRound(t, checks, service.PID, baseline, round))
	}
	if limit := maxCost(); best > limit {
		t.Errorf("a check uses %.2f times the CPU time of a request of the baseline, want at most %g", best, limit)
	}
	if most := checks.busiest(); most > 3*checksPer100ms {
		t.Errorf("%d checks within 100 ms, evenly spread it would be %d", most, checksPer100ms)
	} else {
		t.Logf("at most %d checks within 100 ms, evenly spread it would be %d", most, checksPer100ms)
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

// maxCost returns the maximum CPU time of a check divided by that of a request of the baseline. The limit is 1.5 on a
// machine that has nothing else to do, which NANOMON_QUIET_MACHINE promises. Elsewhere memory and caches are shared with
// other machines. That slows the service down more than the baseline, because it uses more memory: the same program was
// measured at 0.7 and at 2.7. There the test only finds gross regressions.
func maxCost() float64 {
	if os.Getenv("NANOMON_QUIET_MACHINE") != "" {
		return 1.5
	}
	return 4
}

// measureRound waits until every monitor has been checked once more. It returns the CPU time of a check divided by that of
// a request of the baseline in the same period.
func measureRound(t *testing.T, checks *recorder, service, baseline, round int) float64 {
	t.Helper()
	before, baselineBefore, from := cpuTime(t, service), cpuTime(t, baseline), time.Now()
	checked, requested := checks.count(), checks.baselineRequests()
	servicetest.EventuallyWithin(t, time.Minute, "another round", func() bool { return checks.count() >= round*monitors })
	checked, requested = checks.count()-checked, checks.baselineRequests()-requested
	perCheck := (cpuTime(t, service) - before) / time.Duration(checked)
	perRequest := (cpuTime(t, baseline) - baselineBefore) / time.Duration(requested)
	ratio := float64(perCheck) / float64(perRequest)
	t.Logf("%d checks in %.1f s: %s of CPU time each, %s in the baseline, ratio %.2f", checked, time.Since(from).Seconds(),
		perCheck, perRequest, ratio)
	return ratio
}

// checkLateness fails the test unless 99 % of the checks began within 50 ms of their due time and none was skipped.
func checkLateness(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	late := families["nanomon_runner_lateness_seconds"].GetMetric()[0].GetHistogram()
	skipped := families["nanomon_runner_skipped_runs_total"].GetMetric()[0].GetCounter().GetValue()
	within := make(map[float64]uint64)
	for _, b := range late.GetBucket() {
		within[b.GetUpperBound()] = b.GetCumulativeCount()
	}
	checks := late.GetSampleCount()
	if checks == 0 || float64(within[0.05]) < 0.99*float64(checks) || skipped != 0 {
		t.Errorf("%d of %d checks began within 50 ms, %g were skipped", within[0.05], checks, skipped)
	}
	t.Logf("of %d checks, %d began within 10 ms of their due time and %d within 50 ms", checks, within[0.01], within[0.05])
}

func importMonitors(t *testing.T, folder, target string) {
	t.Helper()
	service, api, _ := servicetest.Standalone(t, folder)
	all := make([]monitor.Monitor, monitors)
	for i := range all {
		all[i] = monitor.Monitor{
			ID:   fmt.Sprintf("%024x", i), // the same in every run, because the schedule depends on it
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

// startBaseline runs [runBaseline] in its own process until the test ends and returns the process id.
func startBaseline(t *testing.T, target string) (pid int) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "NANOMON_BASELINE_TARGET="+target)
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

func TestStartIsFastAndUsesLittleMemory(t *testing.T) {
	servicetest.Binary(t, "standalone")
	best := time.Hour
	for range 5 {
		started := time.Now()
		service, api, _ := servicetest.Standalone(t, t.TempDir())
		servicetest.Call(t, http.MethodGet, api+"/health", nil)
		best = min(best, time.Since(started))
		resident := residentMemory(t, service.PID)
		t.Logf("first response after %s, resident memory %d MB", time.Since(started), resident>>20)
		if resident > 40<<20 {
			t.Errorf("resident memory is %d bytes", resident)
		}
		service.Kill(t)
	}
	if best > 300*time.Millisecond {
		t.Errorf("the fastest of five starts took %s", best)
	}
}

func (r *recorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times, r.byPath, r.baseline = nil, make(map[string][]time.Time), 0
}

func (r *recorder) monitors() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byPath)
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.times)
}

func (r *recorder) baselineRequests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.baseline
}

// busiest returns the largest number of checks within any 100 ms.
func (r *recorder) busiest() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	most, first := 0, 0
	for last, at := range r.times {
		for at.Sub(r.times[first]) > 100*time.Millisecond {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := regexp.MustCompile(`\) (.*)`).FindSubmatch(stat)
	if fields == nil {
		t.Fatalf("unexpected content of /proc/%d/stat: %s", pid, stat)
	}
	var state string
	var skip, user, system int64
	if _, err := fmt.Sscan(string(fields[1]), &state, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &user, &system); err != nil {
		t.Fatal(err)
	}
	const tick = 10 * time.Millisecond
	return time.Duration(user+system) * tick
}

func residentMemory(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
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
