// Package engine runs the monitors: it keeps the running set equal to the stored one, starts every check
// when it is due, and writes what the checks find.
package engine

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

const (
	// atATime is how many checks run at once; those that are due beyond it wait.
	atATime = 1024
	// smallCall and bigCall are how long a store call may take: one of a few documents, and one that
	// may carry all that there are.
	smallCall = 3 * time.Second
	bigCall   = 10 * time.Second
	// beatEvery is the time between two heartbeats.
	beatEvery = 3 * time.Second
	// flushTime is how long a stop waits for results to be written.
	flushTime = 5 * time.Second
	// leftFor is how long the state of a monitor that left this runner is remembered: by then it is written.
	leftFor = 10 * time.Minute
)

// Engine runs the monitors of one runner. It is made by [New] and runs once.
type Engine struct {
	cfg   Config
	store Store
	types probe.Registry
	log   *slog.Logger
	clock clock
	stats stats

	pool   *pool
	writer *writer

	// changes, finished, runNow, parentsRead and alive are what the scheduler's goroutine listens to; the last one asks for nothing.
	changes     chan change
	finished    chan run
	runNow      chan runNow
	parentsRead chan map[string]bool
	alive       chan struct{}

	// exclusions are those of the last change; the scheduler's goroutine replaces them.
	exclusions atomic.Pointer[exclusions]

	// share is what this runner has to run; nil until joined is closed.
	share  atomic.Pointer[share]
	joined chan struct{}

	// What follows belongs to the scheduler's goroutine.
	entries  map[string]*entry
	left     map[string]farewell
	schedule schedule
	cleared  time.Time
	// bad says, by its id, whether a monitor is bad that another runner runs and one of these depends on.
	bad map[string]bool

	// running are the entries, for those who don't own them; it never holds nil.
	running atomic.Pointer[[]*entry]
	// runs is what every check's context comes from; it ends with the grace time.
	runs context.Context
}

// run is the end of one run of a monitor.
type run struct {
	entry *entry
	// done is false when the run was given up; there is no result then.
	done   bool
	result monitor.Result
	// late is how long after its due time the run began, and took how long it went on.
	late, took time.Duration
}

// farewell is the last known state of a monitor that left this runner at a time of the clock.
type farewell struct {
	state *store.State
	at    time.Duration
}

// New makes an engine that runs the monitors in s with the probes in types.
func New(cfg Config, s Store, types probe.Registry, log *slog.Logger) *Engine {
	cfg.PollingInterval = cmp.Or(cfg.PollingInterval, 10*time.Second)
	cfg.Grace = cmp.Or(cfg.Grace, 10*time.Second)
	cfg.Observer = cmp.Or[Observer](cfg.Observer, nobody{})
	if cfg.Ran == nil {
		cfg.Ran = func(Run) {}
	}
	e := &Engine{
		cfg: cfg, store: s, types: types, log: log,
		clock:       clock{base: time.Now()},
		pool:        newPool(atATime),
		changes:     make(chan change),
		finished:    make(chan run, atATime),
		runNow:      make(chan runNow),
		parentsRead: make(chan map[string]bool),
		alive:       make(chan struct{}),
		joined:      make(chan struct{}),
		entries:     make(map[string]*entry),
		left:        make(map[string]farewell),
		bad:         make(map[string]bool),
	}
	e.exclusions.Store(&exclusions{})
	e.running.Store(new([]*entry))
	e.writer = newWriter(s, cfg.Spool, cfg.Observer.Stored, &e.stats, log)
	return e
}

// Run runs the monitors until ctx ends. Then no check is started any more, those that run may finish within
// the grace time, what was found is written, and Run returns nil: it has no other way to fail,
// for without the store it goes on and waits.
func (e *Engine) Run(ctx context.Context) error {
	e.log.Info("runner started", "id", e.cfg.ID)
	began := time.Now()
	var cancelRuns context.CancelFunc
	e.runs, cancelRuns = context.WithCancel(context.WithoutCancel(ctx))
	defer cancelRuns()

	var writing, helpers sync.WaitGroup
	writes, cancelWrites := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelWrites()
	writing.Go(func() { e.writer.run(writes) })
	monitors, checks := make(chan struct{}, 1), make(chan struct{}, 1)
	helpers.Go(func() { e.watch(ctx, store.TopicMonitors, e.cfg.PollingInterval, monitors) })
	helpers.Go(func() { e.watch(ctx, store.TopicOnDemandChecks, askEvery, checks) })
	helpers.Go(func() { e.reconcile(ctx, monitors) })
	helpers.Go(func() { e.readParents(ctx) })
	helpers.Go(func() { e.serveRequests(ctx, checks) })
	helpers.Go(func() { e.takePart(ctx, monitors) })
	helpers.Go(func() { e.keepHouse(ctx) })
	if e.cfg.HealthFile != "" {
		helpers.Go(func() { e.tellAlive(ctx) })
	}

	e.schedulerLoop(ctx)

	grace := time.AfterFunc(e.cfg.Grace, cancelRuns)
	defer grace.Stop()
	helpers.Wait()
	e.removeHeartbeat(ctx)
	e.drain()

	flush := time.AfterFunc(flushTime, cancelWrites)
	defer flush.Stop()
	e.writer.close()
	writing.Wait()

	e.logStop(time.Since(began))
	return nil
}

// schedulerLoop owns the running monitors until ctx ends.
func (e *Engine) schedulerLoop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(e.startDue(ctx))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case c := <-e.changes:
			e.apply(c)
			e.writer.ready()
		case r := <-e.finished:
			e.finish(ctx, r)
		case ask := <-e.runNow:
			ask.has <- e.startNow(ctx, ask.monitorID)
		case bad := <-e.parentsRead:
			maps.Copy(e.bad, bad)
		case <-e.alive:
		}
	}
}

// drain waits for the runs that are going on and closes what the monitors keep.
func (e *Engine) drain() {
	go func() {
		e.pool.wait()
		close(e.finished)
	}()
	for r := range e.finished {
		e.settle(r)
	}
	for _, en := range e.entries {
		en.close()
	}
}

// startDue starts what is due and returns the time until the next monitor is.
func (e *Engine) startDue(ctx context.Context) time.Duration {
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
		if now-due > stall {
			en.due, missed = en.resume(due, now)
			e.schedule.move()
			e.stats.skip(missed)
			continue
		}
		en.due, missed = en.next(due, now)
		e.schedule.move()
		if en.running {
			missed++
		} else {
			e.start(ctx, en, due)
		}
		e.stats.skip(missed)
	}
}

// startNow starts a monitor outside its schedule, or again if it is running. It reports
// whether this runner has the monitor.
func (e *Engine) startNow(ctx context.Context, id string) bool {
	en := e.entries[id]
	switch {
	case en == nil:
		return false
	case en.running:
		en.again = true
	default:
		e.start(ctx, en, e.clock.now())
	}
	return true
}

// start hands a run to the pool. The run is given up if the engine stops before it has begun.
func (e *Engine) start(ctx context.Context, en *entry, due time.Duration) {
	en.running = true
	e.pool.run(func() {
		r := run{entry: en}
		if ctx.Err() == nil && en.ctx.Err() == nil {
			began := e.clock.now()
			r.late = began - due
			r.result = en.run(e.types, e.cfg.Secrets)
			r.took = e.clock.now() - began
			r.done = en.ctx.Err() == nil
		}
		e.finished <- r
	})
}

// finish takes in the end of a run, and starts the next one if that was asked for.
func (e *Engine) finish(ctx context.Context, r run) {
	e.settle(r)
	if en := r.entry; en.again && !en.gone {
		en.again = false
		e.start(ctx, en, e.clock.now())
	}
}

// settle takes in the end of a run: its result goes to the writer, with all that follows from it.
func (e *Engine) settle(r run) {
	en := r.entry
	en.running = false
	if en.gone {
		en.close()
		return
	}
	if !r.done {
		return
	}
	e.stats.ran(r.result.Status)
	e.cfg.Ran(Run{Type: en.monitor.Type, Status: r.result.Status, Late: r.late, Took: r.took})
	r.result.Ignored = e.exclude(en, r.result)
	last := en.state.Load()
	next, transitions := advance(last, r.result, en.covered)
	state := next
	if next == last {
		state = nil
	}
	en.state.Store(next)
	en.covered = en.every
	e.writer.add(r.result, state, transitions)
}
