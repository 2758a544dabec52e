package engine

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// healthFileInterval is the time between two updates of the health file.
const healthFileInterval = 5 * time.Second

func TestHealthFileShowsThatTheSchedulerResponds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "health")
		isUpdated := func() bool {
			elapse(healthFileInterval)
			info, err := os.Stat(file)
			must(t, err)
			return time.Since(info.ModTime()).Abs() < healthFileInterval
		}
		s := newMemoryStore(monitorNumber(1, "1m"))
		var blocked atomic.Bool
		release := make(chan struct{})
		startEngineWith(t, Config{ID: "r1", HealthFile: file, OnCheck: func(CompletedCheck) {
			if blocked.Load() {
				<-release
			}
		}}, s, newFakeProbes())
		elapse(healthFileInterval)
		if !isUpdated() {
			t.Error("not updated")
		}
		s.with("", func() { s.down = true })
		elapse(time.Minute)
		if !isUpdated() {
			t.Error("not updated while the store is unavailable")
		}
		blocked.Store(true)
		elapse(2 * time.Minute)
		if isUpdated() {
			t.Error("updated while the scheduler is blocked")
		}
		close(release)
		if !isUpdated() {
			t.Error("not updated after the scheduler continues")
		}
	})
}

func TestHealthFileWriteFailureIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "folder")
		b := startEngineWith(t, Config{ID: "r1", HealthFile: filepath.Join(folder, "health")}, newMemoryStore(), newFakeProbes())
		elapse(3 * healthFileInterval)
		if n := b.log.count("HEALTH_FILE"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, b.log.text.String())
		}
		must(t, os.Mkdir(folder, 0o700))
		elapse(healthFileInterval)
		if _, err := os.Stat(b.cfg.HealthFile); err != nil {
			t.Error(err)
		}
	})
}
