package results

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/plain"
	"nanomon/services/common/store"
	"nanomon/services/runner/health"
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

// backlog holds batches that wait on disk, in a spool. Without a spool it holds none. It is safe for concurrent use.
type backlog struct {
	// spool is nil if there is none.
	spool  *spool.Spool
	health *health.Runner
	log    *slog.Logger
	// dropped counts lost results.
	dropped *atomic.Int64
	// overflow receives the number of results that were dropped because of a limit of the spool, and the limit.
	overflow func(n int, limit string)

	mu sync.Mutex
	// failures holds the spool operations that fail now, with the time of the last failure.
	failures map[string]time.Time
	// discards are the recent calls of discard.
	discards []discarded
}

// discarded is a call of discard at a time.
type discarded struct {
	at      time.Time
	matches func(monitorID string, date time.Time) bool
	// isDeleted is nil if no monitors were deleted.
	isDeleted func(monitorID string) bool
}

// hasPush reports whether the monitor of a spooled push state was deleted after the newest event in it.
func (d discarded) hasPush(s store.PushState) bool {
	return d.isDeleted != nil && s.LastEvent().Before(d.at) && d.isDeleted(s.MonitorID)
}

// add moves b to the spool. It returns false if that fails.
func (l *backlog) add(b store.Batch) bool {
	if !l.isUsable() {
		return false
	}
	dropped, err := l.spool.Append(b)
	l.record(spoolWriteFailed, err)
	l.countOverflow(dropped)
	return err == nil
}

func (l *backlog) countOverflow(n int) {
	if n > 0 {
		l.reportSetAside()
		l.overflow(n, fmt.Sprintf("%d results or %d MiB in the spool", spool.MaxResults, spool.MaxBytes>>20))
	}
}

// next returns the oldest batch in the spool without the discarded parts, or nil if there is none.
func (l *backlog) next() *store.Batch {
	if l.spool == nil {
		return nil
	}
	for {
		b, err := l.spool.Next(batchSize)
		var damaged *spool.DamagedError
		if errors.As(err, &damaged) {
			l.dropped.Add(int64(damaged.Results))
			l.log.Error("spool file damaged; results dropped", "file", damaged.File, "results", damaged.Results)
			continue
		}
		l.record(spoolReadFailed, err)
		if b != nil {
			l.filter(b)
		}
		return b
	}
}

// filter removes from b what was discarded after it was spooled, and all but the newest state of each monitor.
func (l *backlog) filter(b *store.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range l.discards {
		matches := func(id string, date time.Time) bool { return date.Before(d.at) && d.matches(id, date) }
		b.Results, b.StatusChanges = without(b.Results, b.StatusChanges, matches)
		b.States = slices.DeleteFunc(b.States, func(s store.State) bool { return matches(s.MonitorID, s.Latest.Date) })
		b.PushStates = slices.DeleteFunc(b.PushStates, d.hasPush)
	}
	states := make(map[string]store.State, len(b.States))
	for _, s := range b.States {
		if other, found := states[s.MonitorID]; !found || s.IsNewerThan(&other) {
			states[s.MonitorID] = s
		}
	}
	b.States = slices.Collect(maps.Values(states))
	b.PushStates = newestPushStates(b.PushStates)
}

// discard drops the matching parts of the batches, when they are read.
func (l *backlog) discard(d discarded) {
	if l.spool == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	d.at = time.Now()
	if !l.spool.HasSetAside() {
		l.discards = slices.DeleteFunc(l.discards, func(old discarded) bool { return d.at.Sub(old.at) > discardTTL })
	}
	l.discards = append(l.discards, d)
}

// takeOver takes over the spools of stopped runners at regular intervals, once that is allowed.
func (l *backlog) takeOver(ctx context.Context, allowed <-chan struct{}) {
	select {
	case <-ctx.Done():
		return
	case <-allowed:
	}
	ticker := time.NewTicker(takeOverInterval)
	defer ticker.Stop()
	for {
		taken, dropped, err := l.spool.TakeOver()
		l.record(spoolTakeOverFailed, err)
		l.countOverflow(dropped)
		if taken > 0 {
			l.log.Info("took over the spool of a stopped runner", "results", taken)
		}
		l.reportSetAside()
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

// record records the outcome of a spool operation. It logs the message when the operation starts to fail.
func (l *backlog) record(message string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		delete(l.failures, message)
		return
	}
	if l.failures[message].IsZero() {
		l.log.Error(message, "error", err)
	}
	l.failures[message] = time.Now()
}

// isUsable reports whether there is a spool and no write to it has failed recently.
func (l *backlog) isUsable() bool {
	if l.spool == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	lastFailure, failing := l.failures[spoolWriteFailed]
	return !failing || time.Since(lastFailure) >= spoolRetryDelay
}

// length returns the number of results that wait.
func (l *backlog) length() int {
	if l.spool == nil {
		return 0
	}
	return l.spool.Results()
}

// setAside sets aside a batch that the store rejects. It returns false if that fails.
func (l *backlog) setAside(rejected store.Batch, reason error) bool {
	dropped, err := l.spool.SetAside(rejected)
	l.record(spoolWriteFailed, err)
	l.countOverflow(dropped)
	if err != nil {
		return false
	}
	l.log.Error("store rejects results but accepts others; results set aside in the spool",
		"results", len(rejected.Results), "retry_interval", asideRetryInterval, "error", reason)
	l.reportSetAside()
	return true
}

// reportSetAside updates the problem about results that are set aside.
func (l *backlog) reportSetAside() {
	if !l.spool.HasSetAside() {
		l.health.Problems.Clear(asideProblem)
		return
	}
	l.health.Problems.Set(asideProblem, fmt.Sprintf("The store rejects %s although it accepts others. The spool keeps "+
		"what is rejected, and the runner tries to store it every hour. See its log for the error and fix the cause in the "+
		"database.", plain.Count(l.spool.SetAsideResults(), "result")))
}
