// Package results writes the results of checks to the store, in batches and in order, with the states and status changes
// that follow from them. While the store is unavailable, they wait in memory or in a spool on disk.
package results

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
	"nanomon/services/runner/health"
	"nanomon/services/runner/results/spool"
)

const (
	// flushInterval is the maximum time that a result waits for others before a batch is written.
	flushInterval = 250 * time.Millisecond
	// batchSize is the maximum number of results, and of status changes, in one batch.
	batchSize = 500
	// queueSize is the maximum number of results in memory. If the queue is full, the oldest results are dropped.
	queueSize = 100_000
	// writeProblem is the key of the problem that results can't be stored.
	writeProblem = "write-results"
)

// Store is the part of the store that a writer uses; see [store.Store].
type Store interface {
	AppendBatch(ctx context.Context, b store.Batch) error
	// The following methods are for tryOtherWrites.
	Ping(ctx context.Context) error
	AddOnDemandChecks(ctx context.Context, rs ...store.OnDemandCheck) error
	DeleteOnDemandCheck(ctx context.Context, id string) error
}

// Config configures a [Writer].
type Config struct {
	// Spool stores batches while the store is unavailable. If it is nil, they stay in memory.
	Spool *spool.Spool
	// Stored receives the newest states of the monitors in each batch that was written; it may be nil. It must not block.
	// While spooled results are written, these states are newer than those in the store.
	Stored func([]store.State)
	// Health receives the outcomes of the writes, and the problem that results are set aside.
	Health *health.Runner
}

// Writer queues results, states and status changes, and writes them in batches. Create it with [NewWriter], and call Run
// once. The other methods are safe for concurrent use and never block.
type Writer struct {
	store   Store
	queue   *queue
	backlog *backlog
	stored  func([]store.State)
	health  *health.Runner
	writes  *store.FailureLog
	log     *slog.Logger
	// dropped counts lost results.
	dropped atomic.Int64
	closing chan struct{}
	// flushes receives a channel from Flush, which Run closes after it has written the queue.
	flushes chan chan struct{}
	// takeOverAllowed is closed by AllowTakeOver.
	takeOverAllowed chan struct{}
	allowTakeOver   sync.Once
	// unwritten counts the results of batches that were being written when the time for writing was over.
	unwritten int
	// asideRetried is the time of the last attempt to write the batches that were set aside.
	asideRetried time.Time

	mu sync.Mutex
	// writingSince is the time at which the write of the current batch began; zero if there is none.
	writingSince time.Time
}

// NewWriter returns a writer to s with an empty queue.
func NewWriter(cfg Config, s Store, log *slog.Logger) *Writer {
	if cfg.Stored == nil {
		cfg.Stored = func([]store.State) {}
	}
	w := &Writer{
		store: s, stored: cfg.Stored, health: cfg.Health, writes: cfg.Health.Essential("write results"), log: log,
		closing: make(chan struct{}), flushes: make(chan chan struct{}), takeOverAllowed: make(chan struct{}),
	}
	w.queue = newQueue(&w.dropped, log)
	w.backlog = &backlog{
		spool: cfg.Spool, health: cfg.Health, log: log, dropped: &w.dropped, overflow: w.queue.drop,
		failures: make(map[string]time.Time),
	}
	return w
}

// Add queues a result with its status changes and the state after it.
func (w *Writer) Add(r monitor.Result, s *store.State, changes []store.StatusChange) {
	w.queue.add(r, s, changes)
}

// AddPush does the same for a push monitor, with its push state after the result and the pings that need no further
// handling. r and s are nil if there is no result. The push state is written, and the pings are deleted, only after all
// results of the monitor that were added before are written.
func (w *Writer) AddPush(
	r *monitor.Result, s *store.State, changes []store.StatusChange, push store.PushState, donePings []string,
) {
	w.queue.addPush(r, s, changes, push, donePings)
}

// AddDonePings queues pings that need no further handling, and belong to no push state.
func (w *Writer) AddDonePings(pings []string) { w.queue.addDone(pings) }

// Queued returns the number of results in memory and in the spool, without the batch that is being written.
func (w *Writer) Queued() int { return w.backlog.length() + w.queue.length() }

// Dropped returns the number of results that were lost since the start.
func (w *Writer) Dropped() int64 { return w.dropped.Load() }

// Discard drops the queued and spooled results, status changes and states for which matches returns true.
// Push states and done pings stay, because the deadlines depend on them.
func (w *Writer) Discard(matches func(monitorID string, date time.Time) bool) {
	w.backlog.discard(discarded{matches: matches})
	w.queue.discard(matches)
}

// DiscardMonitors drops all that is queued and spooled of deleted monitors.
func (w *Writer) DiscardMonitors(isDeleted func(monitorID string) bool) {
	matches := func(monitorID string, _ time.Time) bool { return isDeleted(monitorID) }
	w.backlog.discard(discarded{matches: matches, isDeleted: isDeleted})
	w.queue.discard(matches)
	w.queue.discardPush(isDeleted)
}

// AllowTakeOver lets the writer take over the spools of stopped runners. Call it once it is known which monitors and
// results were deleted, and after Discard: the spools may contain them.
func (w *Writer) AllowTakeOver() { w.allowTakeOver.Do(func() { close(w.takeOverAllowed) }) }

// Flush waits until Run has written what was queued before, or until ctx ends.
func (w *Writer) Flush(ctx context.Context) {
	flushed := make(chan struct{})
	select {
	case <-ctx.Done():
		return
	case w.flushes <- flushed:
	}
	select {
	case <-ctx.Done():
	case <-flushed:
	}
}

// Close makes Run write the queue and return. No result may be added afterwards.
func (w *Writer) Close() { close(w.closing) }

// Run writes batches until the writer is closed and the queue is empty, or ctx ends. Results that are not written then
// stay in the spool.
func (w *Writer) Run(ctx context.Context) {
	stopSpooling := w.startSpooling(ctx)
	ticker := time.NewTicker(flushInterval)
	defer ticker.Stop()
	for closed := false; !closed; {
		select {
		case <-ticker.C:
		case <-w.queue.full:
		case <-w.closing:
			closed = true
		case flushed := <-w.flushes:
			w.flush(ctx)
			close(flushed)
			continue
		}
		w.flush(ctx)
		if !closed {
			w.retrySetAside(ctx)
		}
	}
	stopSpooling()
	w.flush(ctx) // what stopSpooling moved to the spool
	w.spoolQueue()
	if spooled := w.backlog.length(); spooled > 0 {
		w.log.Warn("store unavailable at shutdown; results stay in the spool", "results", spooled)
	}
	if lost := w.unwritten + w.queue.length(); lost > 0 {
		w.dropped.Add(int64(lost))
		w.log.Error("store unavailable at shutdown; results dropped", "results", lost)
	}
}

// flush writes the spool and then the queue, unless ctx ends before.
func (w *Writer) flush(ctx context.Context) {
	for ctx.Err() == nil {
		if b := w.backlog.next(); b != nil {
			if isEmpty(*b) || w.write(ctx, *b, true) {
				w.backlog.spool.Done()
			}
			continue
		}
		b := w.queue.take()
		if isEmpty(b) {
			return
		}
		w.setWritingSince(time.Now())
		w.write(ctx, b, false)
		w.setWritingSince(time.Time{})
	}
}

// write writes b, unchanged at each retry, until it succeeds, the store rejects b for good, or ctx ends. A batch with
// an invalid document is split, so that only this document is dropped. Any other error is retried. A batch that is not
// from the spool is moved to it until the store accepts it. write returns true if b needs no further write by the
// caller.
func (w *Writer) write(ctx context.Context, b store.Batch, fromSpool bool) bool {
	retry := store.NewRetryBackoff()
	var rejection rejection
	for {
		err := w.appendBatch(ctx, b)
		switch {
		case err == nil:
			w.recordStored(b)
			return true
		case ctx.Err() != nil:
			if !fromSpool && !w.backlog.add(b) {
				w.unwritten += len(b.Results)
			}
			return false
		case monitor.IsInvalid(err):
			return w.splitOrDrop(ctx, b, fromSpool, err)
		case !fromSpool && w.backlog.add(b):
			w.recordFailure(err)
			wake.Pause(ctx, retry.NextBackOff())
			return true
		case rejection.record(ctx, w.store, err) && w.setAside(ctx, b):
			return true
		}
		w.recordFailure(err)
		wake.Pause(ctx, retry.NextBackOff())
	}
}

// recordFailure records that a batch was not written and is written again. The heartbeat shows the problem if the store
// accepts other documents than results.
func (w *Writer) recordFailure(err error) {
	w.writes.Record(err)
	w.health.Problems.Set(writeProblem, "Results can't be stored. They are kept and stored later. See the log of this runner for the "+
		"error and fix the cause in the database.")
}

// recordStored records that b was written.
func (w *Writer) recordStored(b store.Batch) {
	w.writes.Record(nil)
	w.health.Problems.Clear(writeProblem)
	w.queue.logOverflow()
	w.stored(w.queue.newestOf(b.States))
}

func (w *Writer) appendBatch(ctx context.Context, b store.Batch) error {
	return store.Do(ctx, store.ShortCall, func(ctx context.Context) error { return w.store.AppendBatch(ctx, b) })
}

// splitOrDrop writes the two halves of a batch with an invalid document one after the other. It drops a batch of a
// single document.
func (w *Writer) splitOrDrop(ctx context.Context, b store.Batch, fromSpool bool, err error) bool {
	if isSingle(b) {
		w.dropped.Add(int64(len(b.Results)))
		w.log.Error("store rejected a batch; results dropped", "results", len(b.Results), "states", len(b.States),
			"status_changes", len(b.StatusChanges), "push_states", len(b.PushStates), "error", err)
		if len(b.PushStates) > 0 && len(b.DonePings) > 0 { // Most of the pings belong to other monitors.
			return w.write(ctx, store.Batch{DonePings: b.DonePings}, fromSpool)
		}
		return true
	}
	first, second := split(b)
	firstDone := w.write(ctx, first, fromSpool)
	secondDone := w.write(ctx, second, fromSpool)
	return firstDone && secondDone
}
