package memory

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// A process that may use only one CPU has two threads for Go code.
func TestOneCPU(t *testing.T) {
	runtime.LockOSThread() // Child processes inherit the CPUs of this thread.
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if before.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.SchedSetaffinity(0, &before); err != nil {
			t.Error(err)
		}
	}()
	if got := settingsOf(t, "0", nil).Procs; got != minProcs {
		t.Errorf("GOMAXPROCS is %d, want %d", got, minProcs)
	}
	if got := settingsOf(t, "0", []string{"GOMAXPROCS=1"}).Procs; got != 1 {
		t.Errorf("GOMAXPROCS is %d, although the environment says 1", got)
	}
}
