package engine

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheHealthFileIsWrittenWhileTheScheduleGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "health")
		written := func() bool {
			after(aliveEvery)
			info, err := os.Stat(file)
			must(t, err)
			return time.Since(info.ModTime()).Abs() < aliveEvery
		}
		s := newMemory(monitorNumber(1, "1m"))
		var held atomic.Bool
		release := make(chan struct{})
		startWith(t, Config{ID: "r1", HealthFile: file, Ran: func(Run) {
			if held.Load() {
				<-release
			}
		}}, s, newLab())
		after(aliveEvery)
		if !written() {
			t.Error("it is not written")
		}
		s.with("", func() { s.down = true })
		after(time.Minute)
		if !written() {
			t.Error("it is not written while the store is away")
		}
		held.Store(true)
		after(2 * time.Minute)
		if written() {
			t.Error("it is written while the scheduler stands still")
		}
		close(release)
		if !written() {
			t.Error("it is not written when the scheduler goes on")
		}
	})
}

func TestAHealthFileThatCantBeWrittenIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "folder")
		b := startWith(t, Config{ID: "r1", HealthFile: filepath.Join(folder, "health")}, newMemory(), newLab())
		after(3 * aliveEvery)
		if n := b.log.count("HEALTH_FILE"); n != 1 {
			t.Errorf("it is told %d times; log:\n%s", n, b.log.text.String())
		}
		must(t, os.Mkdir(folder, 0o700))
		after(aliveEvery)
		if _, err := os.Stat(b.cfg.HealthFile); err != nil {
			t.Error(err)
		}
	})
}

func TestAliveIsToldByTheAgeOfTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "health")
	must(t, touch(file))
	must(t, Alive(file))
	for age, want := range map[time.Duration]string{
		aliveFor - 10*time.Second: "",
		aliveFor + time.Second:    "HEALTH_FILE: no runner has touched " + file + " since ",
		-time.Hour:                "HEALTH_FILE: no runner has touched " + file + " since ",
	} {
		at := time.Now().Add(-age)
		must(t, os.Chtimes(file, at, at))
		err := Alive(file)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("of %s: %v", age, err)
		}
	}
}
