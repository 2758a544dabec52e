package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/runner/spool"
)

const (
	// adoptEvery is the time between two looks for what dead runners have left.
	adoptEvery = 10 * time.Second
	// spoolAgain is how long results wait in memory after the spool has failed.
	spoolAgain = 10 * time.Second
	// goneFor is how long it is remembered what was discarded: until then it may come out of the spool of a runner that is dead.
	goneFor = 24 * time.Hour
)

// gone is what was discarded at a time.
type gone struct {
	at  time.Time
	old func(monitorID string, date time.Time) bool
}

// startSpooling keeps results in the spool while the store is away, and adopts the spools of dead runners, until ctx ends or
// the function that it returns is called, which waits for the end of that.
func (w *writer) startSpooling(ctx context.Context) (stop func()) {
	if w.spool == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var spooling sync.WaitGroup
	spooling.Go(func() { w.spillInOutages(ctx) })
	spooling.Go(func() { w.adopt(ctx) })
	return func() {
		cancel()
		spooling.Wait()
	}
}

// spillInOutages moves what waits to the spool as long as older results are there, or while a write takes long. So what
// came last comes last, and hardly anything is in memory only.
func (w *writer) spillInOutages(ctx context.Context) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if w.spooled() > 0 || w.hangs() {
			w.spill()
		}
	}
}

// spill moves what waits in memory to the spool.
func (w *writer) spill() {
	for w.spoolWorks() {
		b := w.take()
		if isEmpty(b) {
			return
		}
		if !w.keep(b) {
			w.putBack(b)
		}
	}
}

// keep puts b into the spool. False when it can't: b is still the caller's.
func (w *writer) keep(b store.Batch) bool {
	if !w.spoolWorks() {
		return false
	}
	dropped, err := w.spool.Append(b)
	w.noteSpool(cantKeep, err)
	w.noteDropped(dropped)
	return err == nil
}

func (w *writer) noteDropped(n int) {
	if n > 0 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lose(n, fmt.Sprintf("%d or %d MiB in the spool", spool.MaxResults, spool.MaxBytes>>20))
	}
}

// fromSpool is what has been in the spool for longest, without what was discarded; nil when the spool is empty.
func (w *writer) fromSpool() *store.Batch {
	if w.spool == nil {
		return nil
	}
	for {
		b, err := w.spool.Next(batchSize)
		var damaged *spool.DamagedError
		if errors.As(err, &damaged) {
			w.stats.dropped.Add(int64(damaged.Results))
			w.log.Error("a file of the spool is damaged: what was in it is lost", "file", damaged.File, "results", damaged.Results)
			continue
		}
		w.noteSpool(cantRead, err)
		if b != nil {
			w.filter(b)
		}
		return b
	}
}

// filter takes out of b what was discarded while it was in the spool, and all but the newest state of each monitor.
func (w *writer) filter(b *store.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.gone {
		old := func(id string, date time.Time) bool { return date.Before(g.at) && g.old(id, date) }
		b.Results, b.StatusChanges = without(b.Results, b.StatusChanges, old)
		b.States = slices.DeleteFunc(b.States, func(s store.State) bool { return old(s.MonitorID, s.Latest.Date) })
	}
	states := make(map[string]store.State, len(b.States))
	for _, s := range b.States {
		if other, found := states[s.MonitorID]; !found || newer(s.Latest, other.Latest) {
			states[s.MonitorID] = s
		}
	}
	b.States = slices.Collect(maps.Values(states))
}

// remember lets filter take out what old reports. Its caller holds the lock.
func (w *writer) remember(old func(string, time.Time) bool) {
	if w.spool == nil {
		return
	}
	now := time.Now()
	w.gone = slices.DeleteFunc(w.gone, func(g gone) bool { return now.Sub(g.at) > goneFor })
	w.gone = append(w.gone, gone{at: now, old: old})
}

// adopt takes over the spools of dead runners: at first when it is known which results count, then again and again.
func (w *writer) adopt(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-w.known:
	}
	ticker := time.NewTicker(adoptEvery)
	defer ticker.Stop()
	for {
		adopted, dropped, err := w.spool.Adopt()
		w.noteSpool(cantAdopt, err)
		w.noteDropped(dropped)
		if adopted > 0 {
			w.log.Info("the spool of a dead runner is adopted", "results", adopted)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// What the spool may fail to do.
const (
	cantKeep  = "the spool can't be written: results wait in memory"
	cantRead  = "the spool can't be read: trying again"
	cantAdopt = "the spool of a dead runner can't be adopted: trying again"
)

// noteSpool takes in how an operation on the spool went, and logs what it means when it begins to fail.
func (w *writer) noteSpool(fault string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		delete(w.faults, fault)
		return
	}
	if w.faults[fault].IsZero() {
		w.log.Error(fault, "error", err)
	}
	w.faults[fault] = time.Now()
}

// spoolWorks reports whether there is a spool that didn't fail to be written lately.
func (w *writer) spoolWorks() bool {
	if w.spool == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	failed, fails := w.faults[cantKeep]
	return !fails || time.Since(failed) >= spoolAgain
}

// spooled is how many results are in the spool.
func (w *writer) spooled() int {
	if w.spool == nil {
		return 0
	}
	return w.spool.Results()
}

// putBack puts what take took back at its place.
func (w *writer) putBack(b store.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.results = slices.Concat(b.Results, w.results)
	w.transitions = slices.Concat(b.StatusChanges, w.transitions)
	for _, s := range b.States {
		if _, newer := w.states[s.MonitorID]; !newer {
			w.states[s.MonitorID] = s
		}
	}
}

// setWriting says since when a batch is being written.
func (w *writer) setWriting(since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writing = since
}

// hangs reports whether a batch takes longer to write than results may wait.
func (w *writer) hangs() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.writing.IsZero() && time.Since(w.writing) >= flushEvery
}
