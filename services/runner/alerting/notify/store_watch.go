package notify

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// storeFailureDelay is the time that the store must be unavailable before a notification is sent. A restart or a
	// fail-over of a database takes less, and no result is lost during that time.
	storeFailureDelay = time.Minute
	// knownFailureDelay replaces storeFailureDelay if the cause is known, such as a full disk: it doesn't end by itself.
	knownFailureDelay = 10 * time.Second
	// storeRecoveryDelay is the time that the store must be available until its failure is over. A failure that returns
	// earlier is the same one: on a disk that is nearly full, some writes succeed.
	storeRecoveryDelay = 30 * time.Second
)

// StoreWatch sends a notification when the store of this runner does not work. The outbox needs the store, so StoreWatch
// sends from memory. When the store is available again, it stores that notification and a second one, which the outbox
// sends.
type StoreWatch struct {
	outbox *Outbox
	// storing logs failures to store the notifications.
	storing store.FailureLog

	mu sync.Mutex
	// failing is the error of the store; nil while the store is available.
	failing error
	// began is the time at which the store became unavailable. Being available for a shorter time than
	// storeRecoveryDelay does not change it.
	began time.Time
	// recovered is the time at which the store became available again.
	recovered time.Time
}

// NewStoreWatch returns a watch that sends through the channels of o.
func NewStoreWatch(o *Outbox) *StoreWatch {
	return &StoreWatch{outbox: o, storing: store.FailureLog{
		Log: o.log, Failed: "could not store the notifications about the store, retrying",
		Recovered: "stored the notifications about the store",
	}}
}

// Set sets the error of the store and the time since which it is unavailable; a nil error means that it is available.
// Set is safe for concurrent use and never blocks.
func (w *StoreWatch) Set(since time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil && w.failing != nil:
		w.recovered = time.Now()
	case err != nil && w.failing == nil && since.Sub(w.recovered) >= storeRecoveryDelay:
		w.began = since
	}
	w.failing = err
}

// lasting returns the error of the store if it has lasted long enough to send a notification.
func (w *StoreWatch) lasting(now time.Time) (began time.Time, failure error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delay := storeFailureDelay
	if _, known := errors.AsType[*monitor.UnavailableError](w.failing); known {
		delay = knownFailureDelay
	}
	if now.Sub(w.began) < delay {
		return w.began, nil
	}
	return w.began, w.failing
}

// over reports whether the store has been available for storeRecoveryDelay, and since when.
func (w *StoreWatch) over(now time.Time) (recovered time.Time, over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.recovered, w.failing == nil && now.Sub(w.recovered) >= storeRecoveryDelay
}

// Run sends notifications until ctx ends. It cancels an attempt that still runs a few seconds later.
func (w *StoreWatch) Run(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(sendGrace, cancel) })()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	var open *store.Notification // about the current failure; nil if there is none
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			open = w.step(work, open)
		}
	}
}

// step does what is due and returns the notification about the failure that is not over; nil if there is none.
func (w *StoreWatch) step(ctx context.Context, open *store.Notification) *store.Notification {
	now := time.Now()
	if open == nil {
		if began, failure := w.lasting(now); failure != nil {
			open = w.opened(began, failure)
			w.attempt(ctx, open)
		}
		return open
	}
	if recovered, over := w.over(now); over && w.store(ctx, *open, recovered) {
		return nil
	}
	if open.IsDue(w.outbox.now()) {
		w.attempt(ctx, open)
	}
	return open
}

// date returns the date of a time of the system clock. The runner's clock, from which all dates come, may differ from
// it.
func (w *StoreWatch) date(t time.Time) time.Time {
	return monitor.Date(w.outbox.now().Add(-time.Since(t)))
}

// opened returns the notification about a failure.
func (w *StoreWatch) opened(began time.Time, failure error) *store.Notification {
	text := "The database does not answer."
	known, found := errors.AsType[*monitor.UnavailableError](failure)
	switch {
	case found:
		text = "The reason: " + known.Detail + ". What to do: " + known.Hint + "."
	case errors.Is(failure, store.ErrUnknown):
		text = "The database answers with an unknown error; see the log of this runner."
	}
	n := &store.Notification{
		Kind: store.KindStoreUnavailable, Runner: w.outbox.runner, Status: monitor.StatusFailed,
		Message: text + " Checks continue, and results that can't be stored wait. Notifications about monitors may not be sent until " +
			"the database works again.",
		Opened: w.date(began), Date: w.date(time.Now()),
	}
	n.ID = store.RunnerNotificationID(n.Kind, n.Opened)
	n.Deliveries = w.outbox.newDeliveries(*n)
	return n
}

// attempt sends the pending deliveries of n.
func (w *StoreWatch) attempt(ctx context.Context, n *store.Notification) {
	n.Attempts++
	n.Deliveries = slices.Clone(n.Deliveries)
	w.outbox.send(ctx, n, *n, nil)
	w.outbox.schedule(ctx, n, nil)
	w.outbox.logDeliveries(ctx, *n)
}

// store stores the notification about a failure that is over, and a second one that says so. It reports whether it
// succeeded.
func (w *StoreWatch) store(ctx context.Context, open store.Notification, recovered time.Time) bool {
	over := store.Notification{
		Kind: store.KindStoreAvailable, Runner: open.Runner, Opened: open.Opened, Date: w.date(recovered),
		Next: w.date(time.Now()),
	}
	over.Message = "The store was unavailable for " + formatDuration(over.Date.Sub(over.Opened)) + ". Waiting results are being stored."
	over.ID = store.RunnerNotificationID(over.Kind, over.Opened)
	_, err := store.Call(ctx, store.ShortCall, func(ctx context.Context) ([]string, error) {
		return w.outbox.store.AddNotifications(ctx, []store.Notification{open, over})
	})
	w.storing.Record(err)
	return err == nil
}
