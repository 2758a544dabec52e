package main

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"nanomon/tests/support/servicetest"
)

// cost measures the CPU time of HTTP and TCP checks, with storage, rule and schedule. Rounds of both alternate with
// rounds of the bare loop.
func (b *bench) cost(t testing.TB) {
	g := newTarget(t)
	values := make(map[string][]float64)
	for round := range b.plan.rounds {
		for _, kind := range []string{"http", "tcp", "bare"} {
			start := func() process { return b.startChecks(t, g, kind, b.plan.rate, time.Second) }
			if kind == "bare" {
				start = func() process { return startBare(t, bareSettings{g.url, b.plan.rate}) }
			}
			u := b.measure(t, g, start(), b.plan.rate, b.plan.round)
			b.log("cost: round %d: %s: %s", round+1, kind, u)
			values[kind] = append(values[kind], u.cpu)
		}
	}
	note := fmt.Sprintf("at %d/s, median, rounds: %d", b.plan.rate, b.plan.rounds)
	for _, kind := range []string{"http", "tcp"} {
		b.add("CPU time of a check, type "+kind, seconds, median(values[kind]), median(values["bare"]), note)
	}
}

// measure waits until a program has made n checks, measures it and stops it.
func (b *bench) measure(t testing.TB, g *target, p process, n int, d time.Duration) usage {
	t.Helper()
	g.reset()
	servicetest.Eventually(t, fmt.Sprintf("%d checks", n), func() bool { return g.count() >= n })
	wait(t, b.plan.settle)
	u := p.watch(t, g, d)
	p.service.Kill(t)
	return u
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// punctuality measures when checks begin and how much memory the service needs, with different numbers of monitors.
func (b *bench) punctuality(t testing.TB) {
	g := newTarget(t)
	for _, n := range b.plan.crowds {
		rate := int(float64(n) / b.plan.interval.Seconds())
		ours := b.measure(t, g, b.startChecks(t, g, "http", n, b.plan.interval), n, b.plan.watch)
		bare := b.measure(t, g, startBare(t, bareSettings{g.url, rate}), rate, b.plan.watch)
		b.log("punctuality: %s\npunctuality: bare: %s", ours, bare)
		name := fmt.Sprintf("%d monitors every %s: ", n, b.plan.interval)
		b.add(name+"lateness p50", seconds, ours.p50, bare.p50, "")
		b.add(name+"lateness p99", seconds, ours.p99, bare.p99, fmt.Sprintf("%.0f checks skipped", ours.skipped))
		b.add(name+"most checks within 100 ms", count, ours.busiest, bare.busiest, fmt.Sprintf("evenly spread %d", rate/10))
		b.add(name+"resident memory", bytes, ours.resident, bare.resident, "")
	}
}

// maxLateness is the lateness in seconds that 99 % of the checks must not exceed in the section capacity.
const maxLateness = 0.1

// capacity finds out how many checks per second one CPU makes on time.
func (b *bench) capacity(t testing.TB) {
	g := newTarget(t)
	ours := b.highestRate(t, g, func(rate int) process { return b.startChecks(t, g, "http", rate, time.Second) })
	bare := b.highestRate(t, g, func(rate int) process { return startBare(t, bareSettings{g.url, rate}) })
	note := fmt.Sprintf("99 %% at most %g s late, tried from %d/s", maxLateness, b.plan.firstRate)
	b.add("HTTP checks per second", perSecond, ours, bare, note)
}

// highestRate returns the highest rate at which a program is on time. It doubles the rate until the program is late, and
// then tries rates between the last two. It returns 0 if the program is late at the lowest rate. A rate is
// too high if the program is late twice, because other programs may have used the CPU.
func (b *bench) highestRate(t testing.TB, g *target, start func(rate int) process) float64 {
	t.Helper()
	isOnTime := func(rate float64) bool {
		p := start(int(rate))
		wait(t, time.Second+b.plan.settle)
		u := p.watch(t, g, b.plan.step)
		p.service.Kill(t)
		b.log("capacity: %.0f/s: %s", rate, u)
		return u.p99 <= maxLateness && u.skipped == 0 && u.checks >= 0.95*rate*b.plan.step.Seconds()
	}
	onTime := func(rate float64) bool {
		first := isOnTime(rate)
		return first || isOnTime(rate)
	}
	low, high := 0.0, float64(b.plan.firstRate)
	for high <= float64(b.plan.maxRate) && onTime(high) {
		low, high = high, 2*high
	}
	if low == 0 || high > float64(b.plan.maxRate) {
		return low
	}
	for range b.plan.halvings {
		if middle := math.Sqrt(low * high); onTime(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}
