package main

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"nanomon/tests/support/servicetest"
)

// start measures the time until the first response, the memory without monitors and the size of the program.
func (b *bench) start(t testing.TB) {
	program := b.newDatabase(t).apiProgram()
	info, err := os.Stat(servicetest.Binary(t, program))
	if err != nil {
		t.Fatal(err)
	}
	var ours, bare, memory, bareMemory []float64
	for range b.plan.starts {
		took, resident := b.startOnce(t, func() process { return b.newDatabase(t).startAPI(t, nil) }, "/health")
		ours, memory = append(ours, took), append(memory, resident)
		took, resident = b.startOnce(t, func() process { return startBare(t, bareSettings{}) }, "/bytes/2")
		bare, bareMemory = append(bare, took), append(bareMemory, resident)
	}
	note := fmt.Sprintf("median, starts: %d", b.plan.starts)
	b.add("time until the first response", seconds, median(ours), median(bare), note+", with an empty database")
	b.add("idle memory", bytes, median(memory), median(bareMemory), note)
	b.add("size of "+program, bytes, float64(info.Size()), 0, "")
}

// startOnce starts a program, sends a request and stops it. It returns the time until the response in seconds, and the
// resident memory in bytes a little later.
func (b *bench) startOnce(t testing.TB, start func() process, path string) (took, resident float64) {
	t.Helper()
	started := time.Now()
	p := start()
	if status, body := servicetest.Call(t, http.MethodGet, p.url+path, nil); status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, status, body)
	}
	took = time.Since(started).Seconds()
	wait(t, b.plan.settle)
	resident = residentMemory(t, p)
	p.service.Kill(t)
	return took, resident
}
