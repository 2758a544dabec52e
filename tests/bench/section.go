package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// sectionTest is the [testing.TB] of a section outside of a test, so that the section can use package servicetest. It has
// only the methods that this package uses; the others panic.
type sectionTest struct {
	testing.TB
	ctx context.Context
	// log receives what the test logs.
	log func(format string, args ...any)

	mu       sync.Mutex
	failures []error
	cleanups []func()
}

// runTest runs a section until its end or the end of ctx, and ends what it has started. The error contains all failures.
func runTest(ctx context.Context, log func(string, ...any), run func(testing.TB)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &sectionTest{ctx: ctx, log: log}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(t)
	}()
	select {
	case <-ended:
	case <-ctx.Done(): // The program ends, so the section need not.
	}
	for cleanup := t.lastCleanup(); cleanup != nil; cleanup = t.lastCleanup() {
		cleanup()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Join(t.failures...)
}

// lastCleanup removes and returns the last function of Cleanup, or nil.
func (t *sectionTest) lastCleanup() func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.cleanups) == 0 {
		return nil
	}
	last := len(t.cleanups) - 1
	cleanup := t.cleanups[last]
	t.cleanups = slices.Delete(t.cleanups, last, last+1)
	return cleanup
}

func (t *sectionTest) Helper() {}

func (t *sectionTest) Context() context.Context { return t.ctx }

func (t *sectionTest) Cleanup(cleanup func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, cleanup)
}

func (t *sectionTest) Logf(format string, args ...any) { t.log(format, args...) }

func (t *sectionTest) Error(args ...any) { t.fail(errors.New(fmt.Sprint(args...))) }

func (t *sectionTest) Errorf(format string, args ...any) { t.fail(fmt.Errorf(format, args...)) }

func (t *sectionTest) Fatal(args ...any) {
	t.Error(args...)
	runtime.Goexit()
}

func (t *sectionTest) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

func (t *sectionTest) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = append(t.failures, err)
}

func (t *sectionTest) Failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.failures) > 0
}

func (t *sectionTest) TempDir() string {
	folder, err := os.MkdirTemp("", "nanomon-bench-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// wait waits for a duration, or until the test ends.
func wait(t testing.TB, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}
