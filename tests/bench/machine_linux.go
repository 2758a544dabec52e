package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// canPin reports whether pinned has an effect.
const canPin = true

// measuredCPU is the CPU of the measured programs: the last one that this process may use when it starts.
var measuredCPU = lastCPU()

func lastCPU() int {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		panic(err)
	}
	last := 0
	for cpu := range len(all) * strconv.IntSize {
		if all.IsSet(cpu) {
			last = cpu
		}
	}
	return last
}

// leaveMeasuredCPU moves this process, with the targets and the clients, to the other CPUs if there are any.
func leaveMeasuredCPU() error {
	var others unix.CPUSet
	if err := unix.SchedGetaffinity(0, &others); err != nil {
		return err
	}
	if others.Clear(measuredCPU); others.Count() == 0 {
		return nil
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, thread := range threads { // Later threads inherit the CPUs of the one that starts them.
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &others); err != nil {
			return fmt.Errorf("leave CPU %d: %w", measuredCPU, err)
		}
	}
	return nil
}

// pinned calls start so that the programs that it starts run only on measuredCPU.
func pinned(t testing.TB, start func()) {
	t.Helper()
	runtime.LockOSThread() // A program inherits the CPUs of the thread that starts it.
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	one.Set(measuredCPU)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.SchedSetaffinity(0, &before); err != nil {
			t.Error(err)
		}
	}()
	start()
}

// cpuTime returns the CPU time that a process has used in seconds, more precisely than its metrics do.
func cpuTime(t testing.TB, p process) float64 {
	t.Helper()
	const scheduled = 2 // CPUCLOCK_SCHED in Linux: the clock of the process's CPU time
	var used unix.Timespec
	if err := unix.ClockGettime(int32(^p.service.PID<<3|scheduled), &used); err != nil {
		t.Fatalf("read the CPU time of process %d: %v", p.service.PID, err)
	}
	return float64(used.Nano()) / 1e9
}

// residentMemory returns the resident memory of a process in bytes, without a request to it, which would need memory.
func residentMemory(t testing.TB, p process) float64 {
	t.Helper()
	pages, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.service.PID))
	if err != nil {
		t.Fatal(err)
	}
	var all, resident int
	if _, err := fmt.Sscan(string(pages), &all, &resident); err != nil {
		t.Fatalf("read the memory of process %d: %v", p.service.PID, err)
	}
	return float64(resident * os.Getpagesize())
}
