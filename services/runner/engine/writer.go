package engine

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/spool"
)

const (
	// flushEvery is how long a result waits for others to be written with.
	flushEvery = 250 * time.Millisecond
	// batchSize is how many results, and how many transitions, are written at once.
	batchSize = 500
	// queueSize is how many results wait while the store is away; beyond it the oldest are lost.
	queueSize = 100_000
	// refusals is how often a batch is tried that the store refuses for a reason that may pass.
	refusals = 5
)

// appender is where the writer writes to.
type appender interface {
	AppendBatch(ctx context.Context, b store.Batch) error
}

// writer writes results, states and transitions in batches. Taking them in never blocks.
type writer struct {
	store appender
	// spool is where batches wait for the store; nil where they wait in memory.
	spool *spool.Spool
	// stored is told the states of the monitors in each batch that was written.
	stored  func([]store.State)
	stats   *stats
	log     *slog.Logger
	outage  outage
	full    chan struct{}
	closing chan struct{}
	// ready closes known: from then on it is known which results count; see adopt.
	ready func()
	known chan struct{}
	// unwritten counts the results that were being written when the time for it was over.
	unwritten int

	mu          sync.Mutex
	results     []monitor.Result
	transitions []store.StatusChange
	// states are the newest ones of the monitors that have results waiting.
	states map[string]store.State
	// newest are the newest states that were taken in, waiting or not.
	newest map[string]store.State
	// overflow counts the results lost since the store was last written to.
	overflow int
	// writing is since when a batch is being written; zero while none is.
	writing time.Time
	// faults are what the spool fails to do, with the time when it last did.
	faults map[string]time.Time
	// gone are what was discarded lately.
	gone []gone
}

func newWriter(s appender, sp *spool.Spool, stored func([]store.State), st *stats, log *slog.Logger) *writer {
	known := make(chan struct{})
	return &writer{
		store: s, spool: sp, stored: stored, stats: st, log: log,
		outage:  outage{operation: "write results", stats: st, log: log},
		full:    make(chan struct{}, 1),
		closing: make(chan struct{}),
		known:   known,
		ready:   sync.OnceFunc(func() { close(known) }),
		states:  make(map[string]store.State),
		newest:  make(map[string]store.State),
		faults:  make(map[string]time.Time),
	}
}

// add takes in a result with the state after it, nil if the result didn't change it, and the transitions it is.
func (w *writer) add(r monitor.Result, s *store.State, ts []store.StatusChange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.results = append(w.results, r)
	w.transitions = append(w.transitions, ts...)
	if s != nil {
		w.states[s.MonitorID], w.newest[s.MonitorID] = *s, *s
	}
	if len(w.results) > queueSize {
		w.results[0] = monitor.Result{}
		w.results = w.results[1:]
		w.lose(1, queueSize)
	}
	if surplus := len(w.transitions) - queueSize; surplus > 0 {
		w.transitions = w.transitions[surplus:]
	}
	if len(w.results) >= batchSize {
		poke(w.full)
	}
}

// lose counts n results that were dropped for lack of room. Its caller holds the lock.
func (w *writer) lose(n int, limit any) {
	if w.overflow == 0 {
		w.log.Error("the queue is full while the store is away: the oldest results are being lost", "limit", limit)
	}
	w.overflow += n
	w.stats.dropped.Add(int64(n))
}

// waiting is how many results are not handed to the store yet.
func (w *writer) waiting() int {
	spooled := w.spooled()
	w.mu.Lock()
	defer w.mu.Unlock()
	return spooled + len(w.results)
}

// discard takes out what waits of the monitors and dates that old reports.
func (w *writer) discard(old func(monitorID string, date time.Time) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.results, w.transitions = without(w.results, w.transitions, old)
	isOld := func(id string, s store.State) bool { return old(id, s.Latest.Date) }
	maps.DeleteFunc(w.states, isOld)
	maps.DeleteFunc(w.newest, isOld)
	w.remember(old)
}

// without are copies that lack what old reports.
func without(rs []monitor.Result, ts []store.StatusChange, old func(string, time.Time) bool) ([]monitor.Result, []store.StatusChange) {
	return slices.DeleteFunc(slices.Clone(rs), func(r monitor.Result) bool { return old(r.MonitorID, r.Date) }),
		slices.DeleteFunc(slices.Clone(ts), func(t store.StatusChange) bool { return old(t.MonitorID, t.Date) })
}

// close makes run write what waits and return. Nothing may be added any more.
func (w *writer) close() { close(w.closing) }

// run writes until the writer is closed and all is written, or ctx ends. What isn't written then stays in the spool.
func (w *writer) run(ctx context.Context) {
	stopSpooling := w.startSpooling(ctx)
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for closed := false; !closed; {
		select {
		case <-ticker.C:
		case <-w.full:
		case <-w.closing:
			closed = true
		}
		w.flush(ctx)
	}
	stopSpooling()
	w.flush(ctx) // what was on its way into the spool
	w.spill()
	if kept := w.spooled(); kept > 0 {
		w.log.Warn("the store was away at the stop: what waits is kept in the spool", "results", kept)
	}
	if lost := w.unwritten + len(w.results); lost > 0 {
		w.stats.dropped.Add(int64(lost))
		w.log.Error("the store was away at the stop: results are lost", "results", lost)
	}
}

// flush writes all that waits, what is in the spool first, unless ctx ends before.
func (w *writer) flush(ctx context.Context) {
	for ctx.Err() == nil {
		if b := w.fromSpool(); b != nil {
			if isEmpty(*b) || w.write(ctx, *b, refusals, true) {
				w.spool.Done()
			}
			continue
		}
		b := w.take()
		if isEmpty(b) {
			return
		}
		w.setWriting(time.Now())
		w.write(ctx, b, refusals, false)
		w.setWriting(time.Time{})
	}
}

func isEmpty(b store.Batch) bool { return len(b.Results)+len(b.StatusChanges) == 0 }

// take cuts the next batch off the queue.
func (w *writer) take() store.Batch {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b store.Batch
	b.Results, w.results = cut(w.results)
	b.StatusChanges, w.transitions = cut(w.transitions)
	for _, r := range b.Results {
		if s, ok := w.states[r.MonitorID]; ok {
			b.States = append(b.States, s)
			delete(w.states, r.MonitorID)
		}
	}
	return b
}

func cut[T any](queue []T) (batch, rest []T) {
	n := min(len(queue), batchSize)
	if n == len(queue) {
		return queue, nil
	}
	return queue[:n:n], queue[n:]
}

// write sends b, always the same, until the store has it, or refuses it for good, or ctx ends. A refused batch
// is halved, so that only what is at fault is lost. What can't be sent now goes to the spool, unless it came from there. It reports
// whether b is dealt with.
func (w *writer) write(ctx context.Context, b store.Batch, tries int, spooled bool) bool {
	retry := newBackoff()
	for {
		err := w.send(ctx, b)
		switch {
		case err == nil:
			w.outage.note(nil)
			w.reportOverflow()
			w.stored(w.latest(b.States))
			return true
		case ctx.Err() != nil:
			if !spooled && !w.keep(b) {
				w.unwritten += len(b.Results)
			}
			return false
		case isRefusal(err):
			if tries--; tries <= 0 || isInvalid(err) {
				return w.halve(ctx, b, spooled, err)
			}
		case !spooled && w.keep(b):
			w.outage.note(err)
			pause(ctx, retry.NextBackOff())
			return true
		}
		w.outage.note(err)
		pause(ctx, retry.NextBackOff())
	}
}

// latest are states, each in its newest form: what comes out of the spool after an outage is the past by then.
func (w *writer) latest(states []store.State) []store.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := slices.Clone(states)
	for i, s := range list {
		if n, found := w.newest[s.MonitorID]; found && newer(n.Latest, s.Latest) {
			list[i] = n
		}
	}
	return list
}

func (w *writer) send(ctx context.Context, b store.Batch) error {
	ctx, cancel := context.WithTimeout(ctx, smallCall)
	defer cancel()
	return w.store.AppendBatch(ctx, b)
}

// halve writes the two halves of a refused batch one after the other, or gives up a single document.
func (w *writer) halve(ctx context.Context, b store.Batch, spooled bool, err error) bool {
	if max(len(b.Results), len(b.States), len(b.StatusChanges)) <= 1 {
		w.stats.dropped.Add(int64(len(b.Results)))
		w.log.Error("the store refuses what was found: it is lost", "results", len(b.Results), "states", len(b.States),
			"transitions", len(b.StatusChanges), "error", err)
		return true
	}
	r, s, t := len(b.Results)/2, len(b.States)/2, len(b.StatusChanges)/2
	first := w.write(ctx, store.Batch{Results: b.Results[:r], States: b.States[:s], StatusChanges: b.StatusChanges[:t]}, 1, spooled)
	second := w.write(ctx, store.Batch{Results: b.Results[r:], States: b.States[s:], StatusChanges: b.StatusChanges[t:]}, 1, spooled)
	return first && second
}

func (w *writer) reportOverflow() {
	w.mu.Lock()
	lost := w.overflow
	w.overflow = 0
	w.mu.Unlock()
	if lost > 0 {
		w.log.Error("results were lost while the store was away", "results", lost)
	}
}

// isRefusal reports whether the store was reached and didn't take a batch.
func isRefusal(err error) bool {
	return !errors.Is(err, monitor.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) &&
		!errors.Is(err, context.Canceled)
}

func isInvalid(err error) bool {
	var invalid *monitor.InvalidError
	return errors.As(err, &invalid)
}
