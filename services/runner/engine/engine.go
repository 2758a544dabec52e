// Package engine runs the checks of one runner. It loads the monitors that are assigned to the runner and follows their
// changes, starts each check when it is due, and writes results, states and status changes to the store.
package engine

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
	"nanomon/services/runner/cluster"
	"nanomon/services/runner/health"
	"nanomon/services/runner/housekeeping"
	"nanomon/services/runner/quarantine"
	"nanomon/services/runner/results"
)

const (
	// abandonAfter is the time that cancelled checks have to return at a stop.
	abandonAfter = time.Second
	// flushTimeout limits the time for writing the remaining results at a stop.
	flushTimeout = 5 * time.Second
	// releasedStateTTL is the time for which the engine remembers the state of a monitor that it no longer runs. Its
	// last results are written by then.
	releasedStateTTL = 10 * time.Minute
	// housekeepingKey is assigned to one of the runners like a monitor.
	housekeepingKey = "housekeeping"
)

// Engine runs the monitors of one runner. Create it with [New] and call Run once.
type Engine struct {
	cfg        Config
	store      Store
	types      probe.Registry
	log        *slog.Logger
	clock      clock
	stats      stats
	notChecked notChecked

	pool         *pool
	results      *results.Writer
	health       *health.Runner
	member       *cluster.Member
	housekeeping *housekeeping.Housekeeper

	// The scheduler's goroutine receives from these channels.
	changes           chan change
	finished          chan finishedCheck
	checkNow          chan checkNow
	dependencyUpdates chan map[string]bool
	// ping proves that the scheduler responds.
	ping chan struct{}

	// ignoreRules are replaced by the scheduler's goroutine.
	ignoreRules atomic.Pointer[ignoreRules]

	// monitorsChanged wakes reconcile.
	monitorsChanged chan struct{}
	// reload makes reconcile read the states of all monitors of this runner again.
	reload atomic.Bool

	// Only the scheduler's goroutine uses the fields below, up to remoteNotOK.
	entries map[string]*entry
	// released holds the last state of monitors that this runner no longer runs, by id.
	released  map[string]releasedState
	isolation isolation
	schedule  schedule
	cleared   time.Time
	// remoteNotOK reports, by id, whether a dependency that another runner checks is not OK.
	remoteNotOK map[string]bool

	// running lists the entries for other goroutines. It never holds nil.
	running atomic.Pointer[[]*entry]
	// checkCtx is the parent of the context of every check. It ends with the grace time.
	checkCtx context.Context
}

// finishedCheck reports the end of one check.
type finishedCheck struct {
	entry *entry
	// completed is false if the check was cancelled; there is no result then.
	completed bool
	result    monitor.Result
	// notChecked is the fault of this runner because of which there is no result; nil if there is one.
	notChecked error
	// way says beside which other checks the check ran.
	way quarantine.Way
	// delay is the time from the due time to the start.
	delay    time.Duration
	duration time.Duration
}

// releasedState is the last known state of a monitor, and the time of the clock at which this runner stopped running
// it.
type releasedState struct {
	state *store.State
	at    time.Duration
}

// New returns an engine that runs the monitors in s with the probes in types.
func New(cfg Config, s Store, types probe.Registry, log *slog.Logger) *Engine {
	cfg.PollingInterval = cmp.Or(cfg.PollingInterval, 10*time.Second)
	cfg.Grace = cmp.Or(cfg.Grace, 10*time.Second)
	cfg.Observer = cmp.Or[Observer](cfg.Observer, noObserver{})
	cfg.Clock = cmp.Or[cluster.Clock](cfg.Clock, systemClock{})
	if cfg.OnCheck == nil {
		cfg.OnCheck = func(CompletedCheck) {}
	}
	concurrency := concurrentChecks(log)
	e := &Engine{
		cfg: cfg, store: s, types: types, log: log, results: cfg.Results, health: cfg.Health,
		clock:             clock{base: time.Now()},
		pool:              newPool(concurrency),
		changes:           make(chan change),
		finished:          make(chan finishedCheck, concurrency),
		checkNow:          make(chan checkNow),
		dependencyUpdates: make(chan map[string]bool),
		ping:              make(chan struct{}),
		monitorsChanged:   make(chan struct{}, 1),
		entries:           make(map[string]*entry),
		released:          make(map[string]releasedState),
		notChecked:        notChecked{problems: make(map[string]*notCheckedProblem)},
		remoteNotOK:       make(map[string]bool),
	}
	e.isolation = e.newIsolation(cfg.Quarantine)
	e.ignoreRules.Store(&ignoreRules{})
	e.running.Store(new([]*entry))
	e.member = cluster.Join(cluster.Config{
		ID: cfg.ID, Alone: cfg.SingleRunner, Clock: cfg.Clock, Describe: e.describe, Health: cfg.Health,
		Changed: func() { wake.Signal(e.monitorsChanged) }, Late: e.reloadStates,
	}, s, log)
	e.housekeeping = housekeeping.New(housekeeping.Config{
		Retention: cfg.Retention, Now: cfg.Clock.Now, Health: cfg.Health,
		Assigned: func() bool { return e.member.Assignment().Has(housekeepingKey) },
	}, s, log)
	return e
}

// describe returns the part of the heartbeat that says what this runner does.
func (e *Engine) describe() store.Runner {
	return store.Runner{Monitors: len(*e.running.Load()), Problems: e.health.Problems.List(), NotChecked: e.notChecked.list()}
}

// reloadStates makes reconcile read the states of all monitors of this runner again. The clocks of the runners that have
// run them may be ahead, and then the states of this runner would not be stored.
func (e *Engine) reloadStates() {
	e.reload.Store(true)
	wake.Signal(e.monitorsChanged)
}

// Run runs the monitors until ctx ends. It then starts no more checks, gives running checks the grace time to finish,
// and writes the remaining results. While the store is unavailable, Run retries. It always returns nil.
func (e *Engine) Run(ctx context.Context) error {
	e.log.Info("runner started", "runner", e.cfg.ID)
	began := time.Now()
	var cancelChecks context.CancelFunc
	e.checkCtx, cancelChecks = context.WithCancel(e.cfg.Memory.Context(context.WithoutCancel(ctx)))
	defer cancelChecks()

	var writing, helpers sync.WaitGroup
	writes, cancelWrites := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelWrites()
	writing.Go(func() { e.results.Run(writes) })
	onDemandChanged := make(chan struct{}, 1)
	helpers.Go(func() { e.watch(ctx, store.TopicMonitors, e.cfg.PollingInterval, e.monitorsChanged) })
	helpers.Go(func() { e.watch(ctx, store.TopicOnDemandChecks, onDemandPollInterval, onDemandChanged) })
	helpers.Go(func() { e.reconcile(ctx, e.monitorsChanged) })
	helpers.Go(func() { e.pollRemoteDependencies(ctx) })
	helpers.Go(func() { e.serveOnDemandChecks(ctx, onDemandChanged) })
	helpers.Go(func() { e.member.Run(ctx) })
	helpers.Go(func() { e.housekeeping.Run(ctx) })
	if e.cfg.HealthFile != "" {
		helpers.Go(func() { health.UpdateFile(ctx, e.cfg.HealthFile, e.ping, e.log) })
	}

	e.runScheduler(ctx)

	grace := time.AfterFunc(e.cfg.Grace, cancelChecks)
	defer grace.Stop()
	helpers.Wait()
	e.member.Leave(ctx)
	e.drain()

	flush := time.AfterFunc(flushTimeout, cancelWrites)
	defer flush.Stop()
	e.results.Close()
	writing.Wait()

	if err := e.cfg.Quarantine.Stopped(); err != nil {
		e.log.Warn("could not record the clean stop; the next start may check some monitors one at a time", "error", err)
	}
	e.logStop(time.Since(began))
	return nil
}

// runScheduler starts checks when they are due and handles changes and finished checks, until ctx ends. Its goroutine
// owns the entries.
func (e *Engine) runScheduler(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(e.startDueChecks(ctx))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case c := <-e.changes:
			e.apply(c)
			e.startAlone(ctx)
			e.results.AllowTakeOver()
		case f := <-e.finished:
			e.handleFinished(ctx, f)
		case request := <-e.checkNow:
			request.accepted <- e.startNow(ctx, request.monitorID)
		case notOK := <-e.dependencyUpdates:
			maps.Copy(e.remoteNotOK, notOK)
		case <-e.ping:
		}
	}
}

// drain waits for the running checks, records their results and closes their probes. It abandons checks that don't
// return although they were cancelled.
func (e *Engine) drain() {
	done := make(chan struct{})
	go func() {
		e.pool.wait()
		close(done)
	}()
	abandon := make(chan struct{})
	stop := context.AfterFunc(e.checkCtx, func() { time.AfterFunc(abandonAfter, func() { close(abandon) }) })
	defer stop()
	for waiting := true; waiting; {
		select {
		case f := <-e.finished:
			e.recordResult(f)
		case <-done:
			waiting = false
		case <-abandon:
			e.logAbandoned()
			waiting = false
		}
	}
	e.closeEntries()
}

// closeEntries records the remaining results and closes the probes of all checks that don't run.
func (e *Engine) closeEntries() {
	for len(e.finished) > 0 {
		e.recordResult(<-e.finished)
	}
	for _, en := range e.entries {
		if en.running {
			en.cancel()
			continue
		}
		en.close()
	}
}

// logAbandoned logs the monitors whose checks still run.
func (e *Engine) logAbandoned() {
	var ids []string
	for id, en := range e.entries {
		if en.running {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	e.log.Warn("checks did not stop in time, abandoned them", "checks", len(ids), "monitor_ids", ids[:min(len(ids), 20)])
}

// startDueChecks starts the checks that are due and returns the time until the next one is due.
func (e *Engine) startDueChecks(ctx context.Context) time.Duration {
	now := e.clock.now()
	for {
		en := e.schedule.first()
		if en == nil {
			return time.Hour
		}
		if en.due > now {
			return en.due - now
		}
		due, missed := en.due, 0
		if now-due > suspendThreshold {
			en.due, missed = en.dueAfterSuspend(due, now)
			e.schedule.reorderFirst()
			e.stats.countSkipped(missed)
			continue
		}
		en.due, missed = en.nextDue(due, now)
		e.schedule.reorderFirst()
		if en.running {
			missed++
		} else {
			e.startCheck(ctx, en, due)
		}
		e.stats.countSkipped(missed)
	}
}

// startNow starts a check outside the schedule. If a check is running, another one follows it. It reports whether this
// runner runs the monitor.
func (e *Engine) startNow(ctx context.Context, id string) bool {
	en := e.entries[id]
	switch {
	case en == nil:
		return false
	case en.running:
		en.rerun = true
	default:
		e.startCheck(ctx, en, e.clock.now())
	}
	return true
}

// startCheck starts a check as soon as it may run.
func (e *Engine) startCheck(ctx context.Context, en *entry, due time.Duration) {
	en.running = true
	e.dispatch(ctx, dueCheck{en, due})
}

// runCheck hands a check to the pool. A check that is still waiting when the engine stops is not run.
func (e *Engine) runCheck(ctx context.Context, c dueCheck, way quarantine.Way) {
	en := c.entry
	e.pool.run(func() {
		f := finishedCheck{entry: en, way: way}
		if ctx.Err() == nil && en.ctx.Err() == nil {
			began, date := e.clock.now(), monitor.Date(e.cfg.Clock.Now())
			f.delay = began - c.due
			end := e.cfg.Quarantine.Begin(quarantine.KeyOf(en.monitor), way)
			f.result, f.notChecked = en.run(e.types, e.cfg.Secrets)
			f.result.Date = date
			end()
			f.duration = e.clock.now() - began
			f.completed = en.ctx.Err() == nil
		}
		e.finished <- f
	})
}

// handleFinished records the result of a check, and starts the next check if one was requested.
func (e *Engine) handleFinished(ctx context.Context, f finishedCheck) {
	e.recordResult(f)
	e.endIsolation(ctx, f)
	if en := f.entry; en.rerun && !en.removed {
		en.rerun = false
		e.startCheck(ctx, en, e.clock.now())
	}
}

// recordResult passes the result of a check to the writer, with the state and the status changes that follow from it.
func (e *Engine) recordResult(f finishedCheck) {
	en := f.entry
	en.running = false
	if en.removed {
		en.close()
		return
	}
	if !f.completed {
		return
	}
	if f.notChecked != nil {
		e.recordNotChecked(en, f.notChecked)
		return
	}
	e.recordChecked(en.monitor.ID)
	e.stats.countCheck(f.result.Status)
	e.cfg.OnCheck(CompletedCheck{Type: en.monitor.Type, Status: f.result.Status, Delay: f.delay, Duration: f.duration})
	f.result.Ignored = e.ignoreReason(en, f.result)
	next, changes := advance(en.state.Load(), f.result, en.gapInterval)
	en.state.Store(next)
	en.gapInterval = en.interval
	e.results.Add(f.result, next, changes)
}
