package engine

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// abandonAfter is the time that cancelled checks have to return at a stop.
const abandonAfter = time.Second

// drain waits for the running checks, records their results and closes their probes. It abandons checks that don't
// return although they were cancelled.
func (s *scheduler) drain() {
	done := make(chan struct{})
	go func() {
		s.pool.wait()
		close(done)
	}()
	abandon := make(chan struct{})
	stop := context.AfterFunc(s.checkCtx, func() { time.AfterFunc(abandonAfter, func() { close(abandon) }) })
	defer stop()
	for waiting := true; waiting; {
		select {
		case f := <-s.finished:
			s.recordResult(f)
		case <-done:
			waiting = false
		case <-abandon:
			logAbandoned(s.log, s.entries)
			waiting = false
		}
	}
	s.closeEntries()
}

// closeEntries records the remaining results and closes the probes of all checks that don't run.
func (s *scheduler) closeEntries() {
	for len(s.finished) > 0 {
		s.recordResult(<-s.finished)
	}
	for _, en := range s.entries {
		if en.running {
			en.cancel()
			continue
		}
		en.close()
	}
}

// logAbandoned logs the monitors whose checks still run.
func logAbandoned(log *slog.Logger, entries map[string]*entry) {
	var ids []string
	for id, en := range entries {
		if en.running {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	log.Warn("checks did not stop in time, abandoned them", "checks", len(ids), "monitor_ids", ids[:min(len(ids), 20)])
}
