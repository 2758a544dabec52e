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
	roundEvery = 500 * time.Millisecond
	// slowRound is the longest pause between two rounds while the store is away.
	slowRound = 4 * time.Second
	// lastRound is how long the round at a stop may take.
	lastRound = 3 * time.Second
	// lookEvery is the time between two looks at what was told lately, and lookBack how far they go: for when another
	// runner judged the same monitor at the same time.
	lookEvery = time.Minute
	lookBack  = 10 * time.Minute
	// startBack is how far back the first look goes.
	startBack = 24 * time.Hour
	// goneAfter is how long a message must have been there when the monitors were told, for its monitor to be held for deleted if
	// it is not among them.
	goneAfter = time.Minute
	// chunk is how many documents are read at once.
	chunk = 1000
	// waitEvery is the time between two looks at the parents of monitors whose alerts wait for them.
	waitEvery = time.Second
	// tries is how often a monitor is judged in one round when other runners are faster.
	tries = 3
)

// errContended says that other runners were faster, several times in a row.
var errContended = errors.New("other runners judge the same monitors")

// judging judges monitors in rounds. Each takes in all that is new, and asks the store as often for one monitor as for
// thousands.
type judging struct {
	runner string
	rules  Rules
	store  Store
	log    *slog.Logger
	inbox  *inbox

	// What follows belongs to run.
	monitors monitorSet
	entries  map[string]*entry
	// pending are the ids of the entries that have to be looked at.
	pending map[string]bool
	// looked says that the first look was had.
	looked bool
	// outage is the last time in which the runner may have been cut off. It is looked into when something turned. Untold is a message
	// of it that may not be stored yet.
	outage outage
	turned bool
	untold *store.Notification
}

func newJudging(runner string, rules Rules, s Store, log *slog.Logger) *judging {
	return &judging{
		runner: runner, rules: rules, store: s, log: log, inbox: newInbox(),
		entries: make(map[string]*entry), pending: make(map[string]bool),
	}
}

// run judges until ctx ends, and then once more.
func (j *judging) run(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	round := time.NewTimer(0)
	defer round.Stop()
	waiting, pause := true, roundEvery
	trouble := trouble{log: j.log, work: "judging of alerts"}
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastRound)
			defer cancel()
			trouble.note(j.round(last))
			return
		case <-look.C:
			trouble.note(j.look(ctx, time.Now().Add(-lookBack)))
			if !waiting && len(j.pending) > 0 {
				waiting = true
				round.Reset(roundEvery)
			}
		case <-j.inbox.signal:
			if !waiting {
				waiting = true
				round.Reset(roundEvery)
			}
		case <-round.C:
			err := j.round(ctx)
			trouble.note(err)
			next := waitEvery
			if err == nil {
				pause = roundEvery
			} else {
				next, pause = pause, min(2*pause, slowRound)
			}
			if waiting = len(j.pending) > 0; waiting {
				round.Reset(next)
			}
		}
	}
}

// round judges all that is new. After an error it is all there for the next round.
func (j *judging) round(ctx context.Context) error {
	j.takeIn()
	work := j.work()
	now := monitor.Date(time.Now())
	err := j.sync(ctx, work)
	if err == nil {
		err = j.watchConnection(ctx, now)
	}
	var parents map[string]store.Point
	if err == nil {
		parents, err = j.askParents(ctx, work)
	}
	for try := 0; err == nil && len(work) > 0; try++ {
		if try == tries {
			err = errContended
			break
		}
		work, err = j.settle(ctx, work, parents, now)
	}
	if err != nil {
		for id := range j.pending {
			j.entries[id].unsure()
		}
	}
	return err
}

// takeIn empties the inbox.
func (j *judging) takeIn() {
	set, states := j.inbox.take()
	if set != nil {
		j.setMonitors(*set)
	}
	for id, s := range states {
		e := j.entries[id]
		if e == nil || e.news != nil && !s.Latest.Date.After(e.news.Latest.Date) {
			continue
		}
		e.news = &s
		j.pending[id] = true
		if found := sight(e.monitor, s); found.date.After(e.found.date) {
			if found.since.Equal(e.found.since) {
				found.wasBad = e.found.wasBad // its history may no longer tell
			}
			j.turned = j.turned || !found.sameTurn(e.found)
			e.found = found
		}
	}
}

// setMonitors makes the entries those of set's own monitors, and of the ones that are gone: those any runner shuts, since the
// one that was responsible may be gone too.
func (j *judging) setMonitors(set monitorSet) {
	for id, m := range j.monitors.all {
		if _, found := set.all[id]; found {
			continue
		}
		if j.entries[id] == nil {
			j.entries[id] = newEntry(m)
		}
		j.entries[id].deleted = true
		j.pending[id] = true
	}
	for id := range set.own {
		e := j.entries[id]
		if e == nil {
			e = newEntry(set.all[id])
			j.entries[id] = e
		}
		e.monitor, e.deleted = set.all[id], false
		e.found = e.found.of(e.monitor)
		j.pending[id] = true
	}
	for id, e := range j.entries {
		if _, found := set.all[id]; !set.own[id] && (found || !e.deleted) {
			j.drop(id)
		}
	}
	j.monitors, j.turned = set, true
}

func (j *judging) drop(id string) {
	delete(j.entries, id)
	delete(j.pending, id)
}

// work are the entries that need the store, in the order of their ids.
func (j *judging) work() []*entry {
	var work []*entry
	for _, id := range slices.Sorted(maps.Keys(j.pending)) {
		if e := j.entries[id]; e.settled() {
			j.done(e)
		} else {
			work = append(work, e)
		}
	}
	return work
}

func (j *judging) done(e *entry) {
	if e.waits() {
		return
	}
	delete(j.pending, e.monitor.ID)
	if e.deleted {
		j.drop(e.monitor.ID)
	}
}
