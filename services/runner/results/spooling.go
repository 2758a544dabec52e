package results

import (
	"context"
	"sync"
	"time"
)

// startSpooling starts two goroutines: one moves the queue to the spool while the store is unavailable, the other takes
// over the spools of stopped runners. They run until ctx ends or stop is called; stop waits for their end.
func (w *Writer) startSpooling(ctx context.Context) (stop func()) {
	if w.backlog.spool == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var spooling sync.WaitGroup
	spooling.Go(func() { w.spoolWhileBlocked(ctx) })
	spooling.Go(func() { w.backlog.takeOver(ctx, w.takeOverAllowed) })
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
		if w.backlog.length() > 0 || w.isWriteSlow() {
			w.spoolQueue()
		}
	}
}

// spoolQueue moves the queue to the spool.
func (w *Writer) spoolQueue() {
	for w.backlog.isUsable() {
		b := w.queue.take()
		if isEmpty(b) {
			return
		}
		if !w.backlog.add(b) {
			w.queue.putBack(b)
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
