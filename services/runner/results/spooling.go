package results

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/runner/results/spool"
)

const (
	// takeOverInterval is the time between two looks for spools of stopped runners.
	takeOverInterval = 10 * time.Second
	// spoolRetryDelay is the time for which results stay in memory after a failed write to the spool.
	spoolRetryDelay = 10 * time.Second
	// discardTTL is the time for which discards are remembered, because the discarded results may still be in the spool
	// of a stopped runner. They are remembered for longer while results are set aside.
	discardTTL = 24 * time.Hour
)

// discarded is a call of Discard at a time.
type discarded struct {
	at      time.Time
	matches func(monitorID string, date time.Time) bool
}

// startSpooling starts two goroutines: one moves the queue to the spool while the store is unavailable, the other takes
// over the spools of stopped runners. They run until ctx ends or stop is called; stop waits for their end.
func (w *Writer) startSpooling(ctx context.Context) (stop func()) {
	if w.spool == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var spooling sync.WaitGroup
	spooling.Go(func() { w.spoolWhileBlocked(ctx) })
	spooling.Go(func() { w.takeOverSpools(ctx) })
	return func() {
		cancel()
		spooling.Wait()
	}
}

// spoolWhileBlocked moves the queue to the spool while the spool holds older results or a write is slow. This keeps the
// order of the results and leaves few of them in memory.
func (w *Writer) spoolWhileBlocked(ctx context.Context) {
	ticker := time.NewTicker(flushInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if w.spooled() > 0 || w.isWriteSlow() {
			w.spoolQueue()
		}
	}
}

// spoolQueue moves the queue to the spool.
func (w *Writer) spoolQueue() {
	for w.isSpoolUsable() {
		b := w.take()
		if isEmpty(b) {
			return
		}
		if !w.spoolBatch(b) {
			w.putBack(b)
		}
	}
}

// spoolBatch moves b to the spool. It returns false if that fails.
func (w *Writer) spoolBatch(b store.Batch) bool {
	if !w.isSpoolUsable() {
		return false
	}
	dropped, err := w.spool.Append(b)
	w.recordSpool(spoolWriteFailed, err)
	w.countSpoolOverflow(dropped)
	return err == nil
}

func (w *Writer) countSpoolOverflow(n int) {
	if n > 0 {
		w.reportSetAside()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.countOverflow(n, fmt.Sprintf("%d results or %d MiB in the spool", spool.MaxResults, spool.MaxBytes>>20))
	}
}

// nextSpooled returns the oldest batch in the spool without the discarded parts, or nil if there is none.
func (w *Writer) nextSpooled() *store.Batch {
	if w.spool == nil {
		return nil
	}
	for {
		b, err := w.spool.Next(batchSize)
		var damaged *spool.DamagedError
		if errors.As(err, &damaged) {
			w.dropped.Add(int64(damaged.Results))
			w.log.Error("spool file damaged; results dropped", "file", damaged.File, "results", damaged.Results)
			continue
		}
		w.recordSpool(spoolReadFailed, err)
		if b != nil {
			w.filter(b)
		}
		return b
	}
}

// filter removes from b what was discarded after it was spooled, and all but the newest state of each monitor.
func (w *Writer) filter(b *store.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.discards {
		matches := func(id string, date time.Time) bool { return date.Before(d.at) && d.matches(id, date) }
		b.Results, b.StatusChanges = without(b.Results, b.StatusChanges, matches)
		b.States = slices.DeleteFunc(b.States, func(s store.State) bool { return matches(s.MonitorID, s.Latest.Date) })
	}
	states := make(map[string]store.State, len(b.States))
	for _, s := range b.States {
		if other, found := states[s.MonitorID]; !found || s.IsNewerThan(&other) {
			states[s.MonitorID] = s
		}
	}
	b.States = slices.Collect(maps.Values(states))
}

// rememberDiscard stores a discard for filter. The caller holds mu.
func (w *Writer) rememberDiscard(matches func(string, time.Time) bool) {
	if w.spool == nil {
		return
	}
	now := time.Now()
	if !w.spool.HasSetAside() {
		w.discards = slices.DeleteFunc(w.discards, func(d discarded) bool { return now.Sub(d.at) > discardTTL })
	}
	w.discards = append(w.discards, discarded{at: now, matches: matches})
}

// takeOverSpools takes over the spools of stopped runners at regular intervals, once that is allowed.
func (w *Writer) takeOverSpools(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-w.takeOverAllowed:
	}
	ticker := time.NewTicker(takeOverInterval)
	defer ticker.Stop()
	for {
		taken, dropped, err := w.spool.TakeOver()
		w.recordSpool(spoolTakeOverFailed, err)
		w.countSpoolOverflow(dropped)
		if taken > 0 {
			w.log.Info("took over the spool of a stopped runner", "results", taken)
		}
		w.reportSetAside()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// The log messages for failed spool operations.
const (
	spoolWriteFailed    = "could not write to the spool; results stay in memory"
	spoolReadFailed     = "could not read from the spool, retrying"
	spoolAsideFailed    = "could not read results that are set aside in the spool, retrying every hour"
	spoolTakeOverFailed = "could not take over the spool of a stopped runner, retrying"
)

// recordSpool records the outcome of a spool operation. It logs the message when the operation starts to fail.
func (w *Writer) recordSpool(message string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		delete(w.spoolFailures, message)
		return
	}
	if w.spoolFailures[message].IsZero() {
		w.log.Error(message, "error", err)
	}
	w.spoolFailures[message] = time.Now()
}

// isSpoolUsable reports whether there is a spool and no write to it has failed recently.
func (w *Writer) isSpoolUsable() bool {
	if w.spool == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	lastFailure, failing := w.spoolFailures[spoolWriteFailed]
	return !failing || time.Since(lastFailure) >= spoolRetryDelay
}

// spooled returns the number of results in the spool.
func (w *Writer) spooled() int {
	if w.spool == nil {
		return 0
	}
	return w.spool.Results()
}

// putBack puts a batch that take returned back to the front of the queue.
func (w *Writer) putBack(b store.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.results = slices.Concat(b.Results, w.results)
	w.statusChanges = slices.Concat(b.StatusChanges, w.statusChanges)
	for _, s := range b.States {
		if _, newer := w.queuedStates[s.MonitorID]; !newer {
			w.queuedStates[s.MonitorID] = s
		}
	}
}

func (w *Writer) setWritingSince(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writingSince = t
}

// isWriteSlow reports whether the current write has taken longer than the flush interval.
func (w *Writer) isWriteSlow() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.writingSince.IsZero() && time.Since(w.writingSince) >= flushInterval
}
