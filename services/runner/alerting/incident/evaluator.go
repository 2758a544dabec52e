package incident

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// roundInterval delays a round after an update, so that it handles many updates at once.
	roundInterval = 500 * time.Millisecond
	// maxRoundInterval is the longest pause between two rounds while they fail.
	maxRoundInterval = 4 * time.Second
	// finalRoundTimeout limits the round after the context has ended.
	finalRoundTimeout = 3 * time.Second
	// rereadInterval is the time between two reads of recent notifications, rereadPeriod the period that they cover. They
	// find the notifications of another runner that evaluated the same monitor at the same time.
	rereadInterval = time.Minute
	rereadPeriod   = 10 * time.Minute
	// firstReadPeriod is the period that the first read of notifications covers.
	firstReadPeriod = 24 * time.Hour
	// pageSize is the number of documents that one query reads.
	pageSize = 1000
	// dependencyInterval is the time between two reads of the dependencies that incidents wait for.
	dependencyInterval = time.Second
	// maxTries limits how often one round evaluates a monitor while other runners evaluate it too.
	maxTries = 3
)

// errContended means that other runners stored the notifications of the same monitors first, maxTries times in a row.
var errContended = errors.New("other runners evaluate the same monitors")

// Evaluator evaluates the results of one runner's monitors in rounds. A round handles all updates that have arrived,
// with a number of store calls that hardly depends on the number of monitors. Monitors, Stored and RunnerProblem are
// safe for concurrent use, at any time, and never block.
type Evaluator struct {
	counts

	runner  string
	rules   Rules
	types   Types
	now     func() time.Time
	store   Store
	log     *slog.Logger
	updates *updates
	// incidents stores the incidents.
	incidents incidents

	// Only Run uses the fields below.
	monitors monitorSet
	tracked  map[string]*trackedMonitor
	// pending contains the ids of the tracked monitors that need an evaluation.
	pending map[string]bool
	// notificationsRead reports whether the first read of notifications succeeded. It also finds the deleted monitors with
	// an open incident.
	notificationsRead bool
	// offline is the latest period in which this runner was offline.
	offline offlinePeriod
	// evidenceChanged reports whether the connection must be checked.
	evidenceChanged bool
	// unstored is a notification about this runner that may not be stored yet.
	unstored *store.Notification
	// problems are the notifications of problems of this runner that may not be stored yet; problemCount counts all.
	problems     []store.Notification
	problemCount int
}

// New returns the evaluator of the runner with the given id. now returns the time for the dates that are stored.
func New(
	runner string, rules Rules, types Types, now func() time.Time, s Store, log *slog.Logger,
) *Evaluator {
	rules.FailCount = cmp.Or(rules.FailCount, 3)
	rules.RecoveryCount = cmp.Or(rules.RecoveryCount, 1)
	return &Evaluator{
		runner: runner, rules: rules, types: types, now: now, store: s, log: log, updates: newUpdates(),
		incidents: incidents{s, types},
		tracked:   make(map[string]*trackedMonitor), pending: make(map[string]bool),
	}
}

// Monitors sets the stored monitors, including disabled ones; own reports whether a monitor is assigned to this runner.
// The evaluator closes an open incident if its monitor is disabled or not stored any more.
func (e *Evaluator) Monitors(all []monitor.Monitor, own func(id string) bool) {
	e.updates.setMonitors(all, own)
}

// Stored passes stored monitor states to the evaluator: those just written, and those read at the start or when the
// runner takes over monitors. The evaluator ignores older states and states of monitors that other runners have.
func (e *Evaluator) Stored(states []store.State) { e.updates.addStates(states) }

// RunnerProblem stores a notification about this runner, which can't make checks. The text contains no secret.
func (e *Evaluator) RunnerProblem(text string, since time.Time) { e.updates.addProblem(text, since) }

// Offline returns the latest period in which the runner was offline. since is zero if there was none, until is zero
// while it is offline. Offline must not run at the same time as Run or Round.
func (e *Evaluator) Offline() (since, until time.Time) { return e.offline.since, e.offline.until }

// Run evaluates until ctx ends, and then once more.
func (e *Evaluator) Run(ctx context.Context) {
	reread := time.NewTicker(rereadInterval)
	defer reread.Stop()
	round := time.NewTimer(0)
	defer round.Stop()
	scheduled, retry := true, newBackoff()
	failures := store.FailureLog{
		Log: e.log, Failed: "incident evaluation failed, retrying", Recovered: "incident evaluation works again",
	}
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalRoundTimeout)
			defer cancel()
			_, err := e.Round(last)
			failures.Record(err)
			return
		case <-reread.C:
			failures.Record(e.Reread(ctx))
			if !scheduled && len(e.pending) > 0 {
				scheduled = true
				round.Reset(roundInterval)
			}
		case <-e.updates.signal:
			if !scheduled {
				scheduled = true
				round.Reset(roundInterval)
			}
		case <-round.C:
			again, err := e.Round(ctx)
			failures.Record(err)
			next := dependencyInterval
			if err == nil {
				retry.Reset()
			} else {
				next = retry.NextBackOff()
			}
			if scheduled = again; scheduled {
				round.Reset(next)
			}
		}
	}
}

// newBackoff returns the pauses between rounds that fail, which grow from roundInterval to maxRoundInterval.
func newBackoff() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: roundInterval, Multiplier: 2, MaxInterval: maxRoundInterval}
}

// Round evaluates the results that have arrived. It reports whether another round is needed without further results:
// because an incident waits for its dependency, or after an error. Run calls Round; a simulation may call it instead.
func (e *Evaluator) Round(ctx context.Context) (again bool, err error) {
	e.takeUpdates()
	work := e.pendingWork()
	evaluated := slices.Clone(work)
	now := monitor.Date(e.now())
	if e.offline.until.After(now) {
		e.offline = offlinePeriod{} // from before the clock was set back
	}
	err = e.storeProblems(ctx, now)
	if err == nil {
		err = e.load(ctx, work)
	}
	if err == nil {
		err = e.checkConnection(ctx, now)
	}
	var dependencies map[string]store.Point
	if err == nil {
		dependencies, err = e.readDependencies(ctx, work)
	}
	for try := 0; err == nil && len(work) > 0; try++ {
		if try == maxTries {
			err = errContended
			break
		}
		work, err = e.process(ctx, work, dependencies, now)
	}
	if err != nil {
		for id := range e.pending {
			e.tracked[id].reload()
		}
	}
	for _, t := range evaluated {
		e.counts.update(t, e.tracked[t.monitor.ID] == t)
	}
	return len(e.pending)+len(e.problems) > 0, err
}

// Reread reads and applies the notifications that other runners stored in the last minutes about the same monitors. Run
// calls it every minute; a simulation may call it instead.
func (e *Evaluator) Reread(ctx context.Context) error {
	return e.readNotifications(ctx, e.now().Add(-rereadPeriod))
}

// takeUpdates applies the updates that have arrived.
func (e *Evaluator) takeUpdates() {
	set, states := e.updates.take()
	if set != nil {
		e.setMonitors(*set)
	}
	for id, s := range states {
		t := e.tracked[id]
		if t == nil || t.pending != nil && s.Number() <= t.pending.Number() {
			continue
		}
		t.pending = &s
		e.pending[id] = true
		if evidence := newEvidence(s); evidence.number > t.evidence.number {
			evidence.host, evidence.maxDelay = t.evidence.host, t.evidence.maxDelay
			if evidence.since.Equal(t.evidence.since) {
				evidence.wasNotOK = t.evidence.wasNotOK // the history may no longer reach back that far
			}
			e.evidenceChanged = e.evidenceChanged || !evidence.equivalent(t.evidence)
			t.evidence = evidence
		}
	}
}

// setMonitors tracks the own monitors of set, and all monitors that were deleted: any runner may close their incidents,
// because the one that had them may no longer run.
func (e *Evaluator) setMonitors(set monitorSet) {
	for id, m := range e.monitors.all {
		if _, found := set.all[id]; found {
			continue
		}
		if e.tracked[id] == nil {
			e.tracked[id] = newTrackedMonitor(m)
		}
		e.tracked[id].deleted = true
		e.pending[id] = true
	}
	for id := range set.own {
		t := e.tracked[id]
		if t == nil {
			t = newTrackedMonitor(set.all[id])
			e.tracked[id] = t
		}
		t.monitor, t.deleted = set.all[id], false
		t.isPush = e.types.IsPush(t.monitor)
		t.evidence = t.evidence.withMonitor(t.monitor, e.types)
		e.pending[id] = true
	}
	for id, t := range e.tracked {
		if _, found := set.all[id]; !set.own[id] && (found || !t.deleted) {
			e.drop(id)
		}
	}
	e.monitors, e.evidenceChanged = set, true
}

func (e *Evaluator) drop(id string) {
	if t := e.tracked[id]; t != nil {
		e.counts.update(t, false)
	}
	delete(e.tracked, id)
	delete(e.pending, id)
}

// pendingWork returns the pending monitors whose evaluation needs the store, sorted by id, and finishes the others.
func (e *Evaluator) pendingWork() []*trackedMonitor {
	var work []*trackedMonitor
	for _, id := range slices.Sorted(maps.Keys(e.pending)) {
		if t := e.tracked[id]; t.finishWithoutStore(e.rules) {
			e.done(t)
		} else {
			work = append(work, t)
		}
	}
	return work
}

func (e *Evaluator) done(t *trackedMonitor) {
	if t.isWaiting() {
		return
	}
	delete(e.pending, t.monitor.ID)
	if t.deleted {
		e.drop(t.monitor.ID)
	}
}
