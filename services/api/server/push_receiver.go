package server

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"nanomon/services/common/clock"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

const (
	// receivingInterval is the time between two extensions of a receiving period.
	receivingInterval = 5 * time.Second
	// maxReceivingGap is the maximum time between two extensions. After a longer time, in which the process did perhaps
	// not run, a new period begins.
	maxReceivingGap = 3 * receivingInterval
	// pushMonitorPoll is the time between two looks for push monitors if the store can't be watched.
	pushMonitorPoll = 10 * time.Second
)

// receiverStore is the part of the store for receiving periods.
type receiverStore interface {
	store.Watcher
	monitorLister
	clockStore
	PutReceivingPeriod(ctx context.Context, p store.ReceivingPeriod) error
}

// pingReceiver stores the periods in which this process could store all pings, while there are push monitors. So a runner
// knows which deadlines were missed because nothing received the pings.
type pingReceiver struct {
	store receiverStore
	// process is the name of this process in its periods, and started the time of its start.
	process string
	started time.Time
	// clock returns the time for the dates of pings and periods.
	clock clock.Source
	types probe.Registry
	log   *slog.Logger
	// changed wakes run when needed changes.
	changed chan struct{}

	mu sync.Mutex
	// needed reports whether there are push monitors.
	needed bool
	// period is the current period; its ID is empty if there is none.
	period store.ReceivingPeriod
	// failures is the number of pings that could not be stored.
	failures int
	// stored reports whether this process has stored a period.
	stored bool
	// pending contains the times of receipt of the pings that are being stored, by id.
	pending map[string]time.Time
}

func newPingReceiver(s receiverStore, process string, types probe.Registry, log *slog.Logger) *pingReceiver {
	return &pingReceiver{
		store: s, process: process, started: monitor.Date(time.Now()), clock: clock.System{}, types: types, log: log,
		changed: wake.New(), pending: make(map[string]time.Time),
	}
}

// begin is called when a ping has been received, before it is stored. The caller calls end with false if the ping is
// lost because the store did not work.
func (r *pingReceiver) begin(p store.Ping) (end func(ok bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending[p.ID] = p.Received
	return func(ok bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.pending, p.ID)
		if !ok {
			r.period = store.ReceivingPeriod{}
			r.failures++
		}
	}
}

func (r *pingReceiver) newPeriod(now time.Time) store.ReceivingPeriod {
	return store.ReceivingPeriod{ID: monitor.NewID(now), Process: r.process, From: now, To: now}
}

// run extends the period until ctx ends.
func (r *pingReceiver) run(ctx context.Context) {
	var following sync.WaitGroup
	following.Go(func() { r.followMonitors(ctx) })
	defer following.Wait()
	failures := store.FailureLog{
		Log: r.log, Failed: "could not extend the receiving period, retrying", Recovered: "receiving period extended again",
	}
	others := otherClocks{store: r.store, clock: r.clock, log: r.log}
	ticker := time.NewTicker(receivingInterval)
	defer ticker.Stop()
	for running := true; running; {
		select {
		case <-ctx.Done():
			running = false // once more, because the last requests may take a while
		case <-ticker.C:
		case <-r.changed:
		}
		if r.isNeeded() {
			others.correct(ctx)
		}
		failures.Record(r.extend(context.WithoutCancel(ctx), r.clock.Now(), false))
	}
}

// stop ends the period. It is called after run, when no ping is received any more.
func (r *pingReceiver) stop(ctx context.Context) {
	if err := r.extend(ctx, r.clock.Now(), true); err != nil {
		r.log.Warn("could not store that no more pings are received", "error", err)
	}
}

// followMonitors finds out whether there are push monitors, until ctx ends.
func (r *pingReceiver) followMonitors(ctx context.Context) {
	followed := store.Followed{
		Topic: store.TopicMonitors, Poll: pushMonitorPoll, Rewatch: receivingInterval, Delay: receivingInterval / 10,
	}
	store.Follow(ctx, r.store, followed, func() bool {
		list, err := store.Call(ctx, store.LongCall, r.store.Monitors)
		for ; err != nil; list, err = store.Call(ctx, store.LongCall, r.store.Monitors) {
			// The health check of the store logs the error. There may be no change that causes the next call.
			if !wake.Pause(ctx, receivingInterval) {
				return true
			}
		}
		r.setNeeded(slices.ContainsFunc(list, func(m monitor.Monitor) bool { return r.types[m.Type].Spec.Push }))
		return false
	})
}

func (r *pingReceiver) isNeeded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.needed
}

func (r *pingReceiver) setNeeded(needed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.needed != needed {
		r.needed, r.period = needed, store.ReceivingPeriod{}
		wake.Signal(r.changed)
	}
}

// extend stores that all pings until now have been stored, and whether this process has stopped.
func (r *pingReceiver) extend(ctx context.Context, now time.Time, stopped bool) error {
	list, failures := r.next(monitor.Date(now), stopped)
	for _, p := range list {
		err := store.Do(ctx, store.ShortCall, func(ctx context.Context) error { return r.store.PutReceivingPeriod(ctx, p) })
		r.record(p, failures, err)
		if err != nil {
			return err
		}
	}
	return nil
}

// record remembers whether p has been stored. failures is the result of next.
func (r *pingReceiver) record(p store.ReceivingPeriod, failures int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil:
		r.period = store.ReceivingPeriod{}
		return
	case r.failures == failures && r.needed:
		r.period = p
	}
	r.stored = true
}

// next returns the periods to store, in this order, with the number of failures before it; none if there is nothing to
// store. The last one ends before the oldest ping that is not stored yet.
func (r *pingReceiver) next(now time.Time, stopped bool) (list []store.ReceivingPeriod, failures int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.needed {
		return nil, r.failures
	}
	until := now
	for _, received := range r.pending {
		if received.Before(until) {
			until = received
		}
	}
	p := r.period
	if gap := now.Sub(p.To); p.ID == "" || gap > maxReceivingGap || gap < 0 {
		from := now
		switch {
		case r.stored:
		case r.failures > 0: // the time between two periods counts as lost
			list = append(list, r.newPeriod(r.started))
		default:
			from = until
		}
		p = r.newPeriod(from)
	}
	if p.To = until; until.Before(p.From) {
		p.To = p.From
	}
	p.Ended = stopped && len(r.pending) == 0
	return append(list, p), r.failures
}
