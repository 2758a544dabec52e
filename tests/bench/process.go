package main

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"nanomon/tests/support/servicetest"
)

// latenessMetric is the runner's histogram of the time from the due time to the start of the checks.
const latenessMetric = "nanomon_runner_lateness_seconds"

// skippedMetric is the runner's counter of checks that it skipped.
const skippedMetric = "nanomon_runner_skipped_runs_total"

// latenessBuckets are the buckets of latenessMetric.
var latenessBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// process is a running program: a standalone or a bare program.
type process struct {
	service *servicetest.Service
	// url is the URL of the API, or of the bare program.
	url     string
	metrics string
}

// metricsSettings make a program serve its metrics on a free port.
var metricsSettings = map[string]string{"PROMETHEUS_ENABLE": "true", "PROMETHEUS_PORT": "0"}

// startStandalone starts a pinned standalone with its data in folder.
func startStandalone(t testing.TB, folder string, settings map[string]string) process {
	t.Helper()
	servicetest.Binary(t, "standalone") // Build it before the CPU is limited.
	all := maps.Clone(metricsSettings)
	maps.Copy(all, settings)
	p := process{}
	pinned(t, func() { p.service, p.url, _ = servicetest.StandaloneWith(t, folder, all) })
	p.metrics = p.service.MetricsURL(t)
	return p
}

// startChecks starts a program that checks n monitors of a type.
func (b *bench) startChecks(t testing.TB, g *target, kind string, n int, interval time.Duration) process {
	t.Helper()
	return b.newDatabaseWith(t, g.monitors(kind, n, interval)).startRunner(t)
}

// usage is what a process did and used in a period.
type usage struct {
	// checks is the number of checks, or of the bare loop's requests.
	checks float64
	// cpu is the CPU time of each of them in seconds.
	cpu float64
	// p50 and p99 are percentiles of the lateness in seconds.
	p50, p99 float64
	// late is the share of the checks that began more than maxDelay after their due time, in percent.
	late float64
	// skipped is the number of checks that were skipped because the one before had not ended, or of the bare loop's
	// requests that failed.
	skipped float64
	// busiest is the largest number of checks that reached the target within 100 ms.
	busiest float64
	// resident is the resident memory at the start of the period in bytes.
	resident float64
}

// watch measures a process for the given duration.
func (p process) watch(t testing.TB, g *target, d time.Duration) usage {
	t.Helper()
	resident := residentMemory(t, p)
	g.reset()
	before := p.sample(t)
	wait(t, d)
	after := p.sample(t)
	if p.service.Exited() {
		t.Fatalf("the program ended; its log:\n%s", p.service.Log())
	}
	h := subtract(after.lateness, before.lateness)
	u := usage{
		checks: h.total(), skipped: after.skipped - before.skipped, busiest: float64(g.busiest()), resident: resident,
		p50: h.quantile(0.5), p99: h.quantile(0.99), late: 100 * h.above(maxDelay) / max(1, h.total()),
	}
	u.cpu = (after.cpu - before.cpu) / max(1, u.checks)
	return u
}

// sample contains metrics of a process.
type sample struct {
	cpu, skipped float64
	lateness     histogram
}

func (p process) sample(t testing.TB) sample {
	t.Helper()
	families := servicetest.Scrape(t, p.metrics)
	return sample{
		cpu: cpuTime(t, p), skipped: value(families[skippedMetric]),
		lateness: histogramOf(families[latenessMetric]),
	}
}

// value returns the value of a counter or gauge without labels; 0 if it does not exist.
func value(f *dto.MetricFamily) float64 {
	if len(f.GetMetric()) == 0 {
		return 0
	}
	return f.GetMetric()[0].GetCounter().GetValue() + f.GetMetric()[0].GetGauge().GetValue()
}

// histogram contains the number of observations up to each of latenessBuckets, and then of all of them.
type histogram []float64

func histogramOf(f *dto.MetricFamily) histogram {
	h := make(histogram, len(latenessBuckets)+1)
	if len(f.GetMetric()) == 0 {
		return h
	}
	all := f.GetMetric()[0].GetHistogram()
	for i := range latenessBuckets {
		h[i] = float64(all.GetBucket()[i].GetCumulativeCount())
	}
	h[len(latenessBuckets)] = float64(all.GetSampleCount())
	return h
}

func subtract(after, before histogram) histogram {
	difference := make(histogram, len(after))
	for i := range after {
		difference[i] = after[i] - before[i]
	}
	return difference
}

func (h histogram) total() float64 { return h[len(h)-1] }

// above returns the number of observations above the upper end of a bucket.
func (h histogram) above(bucket float64) float64 {
	return h.total() - h[slices.Index(latenessBuckets, bucket)]
}

// quantile estimates a quantile as Prometheus does: the observations in a bucket are spread evenly.
func (h histogram) quantile(q float64) float64 {
	rank, lower, below := q*h.total(), 0.0, 0.0
	for i, upper := range latenessBuckets {
		if h[i] >= rank && h[i] > below {
			return lower + (upper-lower)*(rank-below)/(h[i]-below)
		}
		lower, below = upper, h[i]
	}
	return lower
}

// String returns the usage for the progress.
func (u usage) String() string {
	return fmt.Sprintf("%.0f checks, %.0f skipped, CPU %s each, lateness p50 %s, p99 %s, %.2f %% late, busiest 100 ms %.0f, memory %s",
		u.checks, u.skipped, seconds.format(u.cpu), seconds.format(u.p50), seconds.format(u.p99), u.late, u.busiest,
		bytes.format(u.resident))
}
