package summary

import (
	"context"
	"log/slog"
	"reflect"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

const (
	// interval is the time between two computations. It is shorter after one that failed, and while a monitor is new.
	interval      = 5 * time.Minute
	shortInterval = 30 * time.Second
	// newFor is the time for which a monitor is new after it was created or edited.
	newFor = 2 * interval
	// idleAfter is the time without a request after which the summaries are forgotten.
	idleAfter = time.Hour
	// minPause is the minimum time between two computations.
	minPause = 10 * time.Second
)

// Store is the part of the store that summaries read; [store.Store] documents the methods.
type Store interface {
	Monitors(ctx context.Context) ([]monitor.Monitor, error)
	States(ctx context.Context) ([]store.State, error)
	StatesOf(ctx context.Context, monitorIDs []string) ([]store.State, error)
	StatusChanges(ctx context.Context, monitorID string, from, to time.Time, limit int) ([]store.StatusChange, error)
	StatusChangesOf(
		ctx context.Context, monitorIDs []string, from, to time.Time, limit int,
	) ([]store.StatusChange, error)
	EachRollup(
		ctx context.Context, monitorIDs []string, p store.Period, from, to time.Time, each func(store.Rollup),
	) error
	ResultsCleared(ctx context.Context) (time.Time, error)
	StatusChangesExpired(ctx context.Context) (time.Time, error)
}

// Keeper keeps the summaries of all monitors current while clients request them. Create it with [NewKeeper].
type Keeper struct {
	store Store
	log   *slog.Logger
	// changed is called with the time of each computation that has changed a summary.
	changed func(at time.Time)
	// isWatched reports whether clients wait for changes.
	isWatched func() bool
	// wake makes Run compute the summaries at once.
	wake chan struct{}
	// requested is the time of the last request in milliseconds since 1970; 0 while Run waits for a first one.
	requested atomic.Int64
	current   atomic.Pointer[Snapshot]

	// Only the computation uses the fields below.
	tracked map[string]*tracked
	cleared time.Time
	// expired is the date before which status changes have expired.
	expired time.Time
	// hasNew reports whether a monitor was created or edited recently.
	hasNew bool
}

// NewKeeper returns a keeper that works while [Keeper.Run] runs.
func NewKeeper(s Store, log *slog.Logger, changed func(at time.Time), isWatched func() bool) *Keeper {
	return &Keeper{
		store: s, log: log, changed: changed, isWatched: isWatched, wake: wake.New(), tracked: make(map[string]*tracked),
	}
}

// Current returns the newest snapshot, nil if there is none yet. The first call starts the computation.
func (k *Keeper) Current() *Snapshot {
	if k.requested.Swap(time.Now().UnixMilli()) == 0 {
		wake.Signal(k.wake)
	}
	return k.current.Load()
}

// Renew computes the summaries again soon, because the newest snapshot is outdated or does not contain a monitor.
func (k *Keeper) Renew() { wake.Signal(k.wake) }

// Run computes the summaries until ctx ends. A summary that can't be computed keeps its last value.
func (k *Keeper) Run(ctx context.Context) {
	failures := store.FailureLog{
		Log: k.log, Failed: "could not compute the summaries of the monitors, retrying",
		Recovered: "summaries of the monitors are computed again",
	}
	timer := time.NewTimer(interval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		case <-timer.C:
		}
		next := interval
		if !k.forgetIfIdle() {
			err := k.Refresh(ctx, time.Now())
			if ctx.Err() != nil {
				return
			}
			failures.Record(err)
			if !wake.Pause(ctx, minPause) {
				return
			}
			if err != nil || k.hasNew {
				next = shortInterval
			}
			next -= minPause
		}
		timer.Reset(next)
	}
}

// forgetIfIdle forgets the summaries if nobody needs them. It reports whether nobody does.
func (k *Keeper) forgetIfIdle() bool {
	requested := k.requested.Load()
	if requested == 0 {
		return true
	}
	if time.Since(time.UnixMilli(requested)) < idleAfter || k.isWatched() {
		return false
	}
	if k.requested.CompareAndSwap(requested, 0) {
		k.current.Store(nil)
		clear(k.tracked)
	}
	return true
}

// publish makes the summaries of the monitors available. It keeps the last snapshot if no summary has changed.
func (k *Keeper) publish(now time.Time) (failed error) {
	next := &Snapshot{cleared: k.cleared, entries: make(map[string]entry, len(k.tracked))}
	last := k.current.Load()
	isSame := last != nil && last.cleared.Equal(k.cleared)
	for id, t := range k.tracked {
		if t.full.IsZero() {
			continue
		}
		s, err := t.summary(now, k.expired)
		if err != nil {
			failed = describe(id, err)
		}
		next.entries[id] = entry{s, t.seen.number}
		if isSame {
			before, known := last.entries[id]
			isSame = known && reflect.DeepEqual(before.Summary, s)
		}
	}
	if !isSame || len(last.entries) != len(next.entries) {
		k.current.Store(next)
		k.changed(now)
	}
	return failed
}
