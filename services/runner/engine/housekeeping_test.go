package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// TestNothingExpiresBeforeHistoryIsRolledUp runs the housekeeping while rollups can't be stored, and afterwards.
func TestNothingExpiresBeforeHistoryIsRolledUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		old := time.Now().UTC().Truncate(time.Hour).AddDate(0, 0, -60)
		s.with("", func() {
			r := resultAt(0, monitor.StatusOK)
			r.Date = old
			s.results[r.ID] = r
			s.history = []store.DirtyHour{{MonitorID: "m", Hour: old}}
			s.rollupsFail = true
		})
		startEngine(t, s, newFakeProbes())
		elapse(25 * time.Minute)
		if n := inspect(s, func() int { return len(s.expired) }); n != 0 {
			t.Errorf("expired %d times without rollups", n)
		}
		s.with("", func() { s.rollupsFail = false })
		elapse(10 * time.Minute)
		s.check(t, store.Day, old.Truncate(24*time.Hour), [3]int{1, 0, 0})
		if n := inspect(s, func() int { return len(s.expired) }); n != 1 {
			t.Errorf("expired %d times with rollups", n)
		}
	})
}

func TestRollupsOfHoursAndDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		hour := time.Now().UTC().Truncate(time.Hour).Add(-3 * time.Hour)
		fill := func(from, n int, status monitor.Status) {
			for i := from; i < from+n; i++ {
				r := resultAt(i, status)
				r.Date = hour.Add(time.Duration(i) * time.Second)
				s.results[r.ID] = r
			}
		}
		fill(0, 2500, monitor.StatusOK)
		fill(3600, 10, monitor.StatusFailed)
		s.dirty = []store.DirtyHour{{MonitorID: "m", Hour: hour}, {MonitorID: "m", Hour: hour.Add(time.Hour)}}
		now := store.DirtyHour{MonitorID: "m", Hour: hour.Add(3 * time.Hour)}
		s.dirty = append(s.dirty, now)
		for i := range 500 {
			s.dirty = append(s.dirty, store.DirtyHour{MonitorID: monitorNumber(i, "").ID, Hour: hour})
		}
		b := startEngine(t, s, newFakeProbes())
		day := hour.Truncate(24 * time.Hour)
		elapse(time.Minute)
		s.check(t, store.Hour, hour, [3]int{2500, 0, 0})
		s.check(t, store.Hour, hour.Add(time.Hour), [3]int{0, 0, 10})
		s.check(t, store.Day, day, [3]int{2500, 0, 10})

		s.with("", func() {
			fill(3000, 5, monitor.StatusError)
			s.dirty = append(s.dirty, store.DirtyHour{MonitorID: "m", Hour: hour, Token: "late"})
		})
		elapse(time.Minute)
		s.check(t, store.Hour, hour, [3]int{2500, 5, 0})
		s.check(t, store.Day, day, [3]int{2500, 5, 10})
		b.stop()
		if len(s.dirty) != 1 || s.dirty[0] != now {
			t.Errorf("still dirty: %+v", s.dirty)
		}
	})
}

// check compares the counts in a rollup of the monitor m.
func (s *memoryStore) check(t *testing.T, p store.Period, start time.Time, want [3]int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	summary, err := rollup.Decode(s.rollups["m"+string(p)+start.String()].Summary)
	if err != nil || summary.Counts != want {
		t.Errorf("%s from %s: %+v, %v, want %v", p, start, summary, err, want)
	}
}

func TestDailyRollupSkipsDamagedHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemoryStore()
		hour := time.Now().UTC().Truncate(time.Hour).Add(-3 * time.Hour)
		r := resultAt(0, monitor.StatusOK)
		r.Date = hour
		s.results[r.ID] = r
		broken := hour.Add(-time.Hour)
		s.rollups["m"+string(store.Hour)+broken.String()] = store.Rollup{
			MonitorID: "m", Period: store.Hour, Start: broken, Summary: []byte("{"),
		}
		s.dirty = []store.DirtyHour{{MonitorID: "m", Hour: hour}}
		b := startEngine(t, s, newFakeProbes())
		elapse(time.Minute)
		s.check(t, store.Day, hour.Truncate(24*time.Hour), [3]int{1, 0, 0})
		if b.log.count("damaged") != 1 {
			t.Errorf("log: %s", b.log.text.String())
		}
	})
}

func TestExpiryEveryTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := newMemoryStore()
		startEngine(t, s, newFakeProbes())
		elapse(25 * time.Minute)
		at := inspect(s, func() []time.Time { return s.expired })
		if len(at) != 3 || at[0].Sub(began) != time.Minute || at[1].Sub(at[0]) != 10*time.Minute {
			t.Errorf("expired at %v, started at %v", at, began)
		}
	})
}
