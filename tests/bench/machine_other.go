//go:build !linux

package main

import (
	"testing"

	"nanomon/tests/support/servicetest"
)

// canPin reports whether pinned has an effect.
const canPin = false

// leaveMeasuredCPU does nothing.
func leaveMeasuredCPU() error { return nil }

// pinned calls start.
func pinned(_ testing.TB, start func()) { start() }

// cpuTime returns the CPU time that a process has used in seconds.
func cpuTime(t testing.TB, p process) float64 {
	t.Helper()
	return value(servicetest.Scrape(t, p.metrics)["process_cpu_seconds_total"])
}

// residentMemory returns the resident memory of a process in bytes.
func residentMemory(t testing.TB, p process) float64 {
	t.Helper()
	return value(servicetest.Scrape(t, p.metrics)["process_resident_memory_bytes"])
}
