package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/store"
)

// TestWatchIsTriedAgain uses a store that rejects watches for a while, such as one whose database engine is
// unavailable.
func TestWatchIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		s.unwatched = true
		b := startEngine(t, s, newFakeProbes())
		reads := func() int { return inspect(s, func() int { return s.calls["Monitors"] }) }
		watches := func() int { return inspect(s, func() int { return s.calls["Watch"] }) }
		elapse(time.Hour)
		if n := reads(); n < 300 || n > 420 {
			t.Errorf("%d reads in an hour of polling", n)
		}
		if n := watches(); n < 20 || n > 60 {
			t.Errorf("%d attempts to watch two topics in an hour", n)
		}
		if n := b.log.count("polling for changes"); n != 2 || b.log.count("WARN") != 0 {
			t.Errorf("%d lines about polling, log: %s", n, b.log.text.String())
		}
		s.with("", func() { s.unwatched = false })
		elapse(2 * store.MaxRewatchDelay)
		s.set(monitorNumber(1, "1m"))
		elapse(time.Second)
		if len(b.probes.started("1")) != 1 || b.log.count("watching for changes") != 2 {
			t.Errorf("a change was not noticed, log: %s", b.log.text.String())
		}
		before := reads()
		elapse(10 * time.Minute)
		if n := reads() - before; n > 11 {
			t.Errorf("%d reads in 10 minutes of watching", n)
		}
	})
}
