package alerting

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	// roundEvery is how long what is new waits for more.
	roundInterval = 500 * time.Millisecond
	// slowRound is the longest pause between two rounds while the store is away.
	maxRoundInterval = 4 * time.Second
	// lastRound is how long the round at a stop may take.
	finalRoundTimeout = 3 * time.Second
	// lookEvery is the time between two looks at what was told lately, and lookBack how far they go: for when another
	// runner judged the same monitor at the same time.
	rereadInterval = time.Minute
	rereadPeriod  = 10 * time.Minute
	// startBack is how far back the first look goes.
	firstReadPeriod = 24 * time.Hour
	// goneAfter is how long a message must have been there when the monitors were told, for its monitor to be held for deleted if
	// it is not among them.
	deletedAfter = time.Minute
	// chunk is how many documents are read at once.
	pageSize = 1000
	// waitEvery is the time between two looks at the parents of monitors whose alerts wait for them.
	dependencyInterval = time.Second
	// tries is how often a monitor is judged in one round when other runners are faster.
	maxTries = 3
)

// errContended says that other runners were faster, several times in a row.
var errContended = errors.New("other runners judge the same monitors")

// judging judges monitors in rounds. Each takes in all that is new, and asks the store as often for one monitor as for
// thousands.
type evaluator struct {
	runner string
	rules  Rules
	store  Store
	log    *slog.Logger
	updates  *updates

	// What follows belongs to run.
	monitors monitorSet
	tracked  map[string]*trackedMonitor
	// pending are the ids of the entries that have to be looked at.
	pending map[string]bool
	// looked says that the first look was had.
	notificationsRead bool
	// outage is the last time in which the runner may have been cut off. It is looked into when something turned. Untold is a message
	// of it that may not be stored yet.
	offline offlinePeriod
	evidenceChanged bool
	unstored *store.Notification
}

func newEvaluator(runner string, rules Rules, s Store, log *slog.Logger) *evaluator {
	return &evaluator{
		runner: runner, rules: rules, store: s, log: log, updates: newUpdates(),
		tracked: make(map[string]*trackedMonitor), pending: make(map[string]bool),
	}
}

// run judges until ctx ends, and then once more.
func (e *evaluator) run(ctx context.Context) {
	reread := time.NewTicker(rereadInterval)
	defer reread.Stop()
	round := time.NewTimer(0)
	defer round.Stop()
	scheduled, pause := true, roundInterval
	trouble := failureLog{log: e.log, task: "judging of alerts"}
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalRoundTimeout)
			defer cancel()
			trouble.report(e.round(last))
			return
		case <-reread.C:
			trouble.report(e.readNotifications(ctx, time.Now().Add(-rereadPeriod)))
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
			err := e.round(ctx)
			trouble.report(err)
			next := dependencyInterval
			if err == nil {
				pause = roundInterval
			} else {
				next, pause = pause, min(2*pause, maxRoundInterval)
			}
			if scheduled = len(e.pending) > 0; scheduled {
				round.Reset(next)
			}
		}
	}
}

// round judges all that is new. After an error it is all there for the next round.
func (e *evaluator) round(ctx context.Context) error {
	e.takeUpdates()
	work := e.pendingWork()
	now := monitor.Date(time.Now())
	err := e.load(ctx, work)
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
	return err
}

// takeIn empties the inbox.
func (e *evaluator) takeUpdates() {
	set, states := e.updates.take()
	if set != nil {
		e.setMonitors(*set)
	}
	for id, s := range states {
		t := e.tracked[id]
		if t == nil || t.pending != nil && !s.Latest.Date.After(t.pending.Latest.Date) {
			continue
		}
		t.pending = &s
		e.pending[id] = true
		if evidence := newEvidence(t.monitor, s); evidence.date.After(t.evidence.date) {
			if evidence.since.Equal(t.evidence.since) {
				evidence.wasNotOK = t.evidence.wasNotOK // its history may no longer tell
			}
			e.evidenceChanged = e.evidenceChanged || !evidence.equivalent(t.evidence)
			t.evidence = evidence
		}
	}
}

// setMonitors makes the entries those of set's own monitors, and of the ones that are gone: those any runner shuts, since the
// one that was responsible may be gone too.
func (e *evaluator) setMonitors(set monitorSet) {
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
		t.evidence = t.evidence.withMonitor(t.monitor)
		e.pending[id] = true
	}
	for id, t := range e.tracked {
		if _, found := set.all[id]; !set.own[id] && (found || !t.deleted) {
			e.drop(id)
		}
	}
	e.monitors, e.evidenceChanged = set, true
}

func (e *evaluator) drop(id string) {
	delete(e.tracked, id)
	delete(e.pending, id)
}

// work are the entries that need the store, in the order of their ids.
func (e *evaluator) pendingWork() []*trackedMonitor {
	var work []*trackedMonitor
	for _, id := range slices.Sorted(maps.Keys(e.pending)) {
		if t := e.tracked[id]; t.finishWithoutStore() {
			e.done(t)
		} else {
			work = append(work, t)
		}
	}
	return work
}

func (e *evaluator) done(t *trackedMonitor) {
	if t.isWaiting() {
		return
	}
	delete(e.pending, t.monitor.ID)
	if t.deleted {
		e.drop(t.monitor.ID)
	}
}
