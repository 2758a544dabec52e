package results

import (
	"context"
	"errors"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// rejectionTime is the time for which a batch must fail with unknown errors, while the store accepts other writes,
	// until it is set aside.
	rejectionTime = 10 * time.Minute
	// otherWritesInterval is the minimum time between two tests of whether the store accepts other writes.
	otherWritesInterval = 30 * time.Second
	// asideRetryInterval is the time between two attempts to write the batches that were set aside.
	asideRetryInterval = time.Hour
	// asideProblem is the key of the problem that batches are set aside.
	asideProblem = "set-aside"
)

// rejection records for how long a batch has failed with unknown errors although the store accepts other writes.
type rejection struct {
	// since is the time of the first test in which the store accepted other writes; zero if it accepted none in the last
	// test.
	since time.Time
	// tested is the time of the last test.
	tested time.Time
}

// isUnknown reports whether err does not say why a batch was not written: the store may be unavailable or reject the
// batch.
func isUnknown(err error) bool {
	if errors.Is(err, store.ErrUnknown) {
		return true
	}
	return !errors.Is(err, monitor.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) &&
		!errors.Is(err, context.Canceled)
}

// record records a failed write of a batch to s. It reports whether the store rejects that batch but no others.
func (r *rejection) record(ctx context.Context, s Store, err error) bool {
	now := time.Now()
	switch {
	case !isUnknown(err):
		*r = rejection{}
		return false
	case now.Sub(r.tested) < otherWritesInterval:
		return false
	}
	r.tested = now
	if tryOtherWrites(ctx, s) != nil {
		r.since = time.Time{}
		return false
	}
	if r.since.IsZero() {
		r.since = now
	}
	return now.Sub(r.since) >= rejectionTime
}

// tryOtherWrites returns an error unless the store can be read, and accepts and deletes a document. The document is an
// on-demand check that has expired, so that no runner executes it.
func tryOtherWrites(ctx context.Context, s Store) error {
	ctx, cancel := context.WithTimeout(ctx, store.ShortCall)
	defer cancel()
	if err := s.Ping(ctx); err != nil {
		return err
	}
	now := monitor.Date(time.Now())
	check := store.OnDemandCheck{ID: monitor.NewID(now), Requested: now, Expires: now.Add(-time.Hour)}
	if err := s.AddOnDemandChecks(ctx, check); err != nil {
		return err
	}
	return s.DeleteOnDemandCheck(ctx, check.ID)
}

// setAside writes the parts of b that the store accepts and sets aside the rest. Without a spool it drops the rest. It
// returns false if the store becomes unavailable or the spool can't be written; then b must be written again.
func (w *Writer) setAside(ctx context.Context, b store.Batch) bool {
	rejected, reason := w.isolate(ctx, b)
	if isUnavailable(reason) {
		return false
	}
	switch {
	case reason == nil:
		return true
	case w.backlog.spool != nil:
		kept := w.backlog.setAside(rejected, reason)
		if kept {
			w.asideRetried = time.Now()
		}
		return kept
	}
	w.dropped.Add(int64(len(rejected.Results)))
	w.log.Error("store rejects results but accepts others; results dropped because SPOOL_DIR is not set",
		"results", len(rejected.Results), "error", reason)
	return true
}

// isolate writes the halves of a batch that the store rejects, and their halves. It returns the documents that the
// store rejects on their own with the last error. It stops when the store becomes unavailable and returns that error.
func (w *Writer) isolate(ctx context.Context, b store.Batch) (rejected store.Batch, err error) {
	if err = w.appendBatch(ctx, b); err == nil {
		w.recordStored(b)
		return store.Batch{}, nil
	}
	if isUnavailable(err) || isSingle(b) {
		return b, err
	}
	first, second := split(b)
	firstRejected, firstErr := w.isolate(ctx, first)
	if isUnavailable(firstErr) {
		return b, firstErr
	}
	secondRejected, secondErr := w.isolate(ctx, second)
	if secondErr != nil {
		firstErr = secondErr
	}
	return join(firstRejected, secondRejected), firstErr
}

// isUnavailable reports whether err says that the store is unavailable, and not that it rejects a batch.
func isUnavailable(err error) bool { return err != nil && !monitor.IsInvalid(err) && !isUnknown(err) }

// retrySetAside tries to write the batches that are set aside, if an attempt is due.
func (w *Writer) retrySetAside(ctx context.Context) {
	waiting := w.backlog.spool
	if waiting == nil || !waiting.HasSetAside() || time.Since(w.asideRetried) < asideRetryInterval {
		return
	}
	w.asideRetried = time.Now()
	before := waiting.SetAsideResults()
	err := waiting.RetryAside(func(b store.Batch) bool {
		w.backlog.filter(&b)
		err := w.appendBatch(ctx, b)
		if err == nil {
			w.recordStored(b)
		}
		return err == nil
	})
	w.backlog.record(spoolAsideFailed, err)
	if stored := before - waiting.SetAsideResults(); stored > 0 {
		w.log.Info("stored results that were set aside", "results", stored)
	}
	w.backlog.reportSetAside()
}
