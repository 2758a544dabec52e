package engine

import (
	"context"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/runner/health"
	"nanomon/services/runner/quarantine"
	"nanomon/services/runner/results"
)

// releasedStateTTL is the time for which the engine remembers the state of a monitor that it no longer runs. Its last
// results are written by then.
const releasedStateTTL = 10 * time.Minute

// scheduler starts the checks of the monitors when they are due and records their results. Only the goroutine
// of run calls its methods, and uses the fields from entries on.
type scheduler struct {
	cfg      Config
	types    probe.Registry
	compiler *check.Compiler
	log      *slog.Logger
	clock    clock
	stats    stats
	pool     *pool
	results  *results.Writer
	health   *health.Runner
	// checkCtx is the parent of the context of every check. It ends with the grace time.
	checkCtx context.Context

	// run receives from these channels.
	changes           chan change
	finished          chan finishedCheck
	checkNow          chan checkNow
	dependencyUpdates chan map[string]bool
	// ping proves that run responds.
	ping chan struct{}

	// Other goroutines read what follows. The pointers are never nil. running lists the entries.
	notChecked  notChecked
	ignoreRules atomic.Pointer[ignoreRules]
	running     atomic.Pointer[[]*entry]

	entries map[string]*entry
	// released holds the last state of monitors that this runner no longer runs, by id.
	released  map[string]releasedState
	isolation isolation
	schedule  schedule
	cleared   time.Time
	// remoteNotOK reports, by id, whether a dependency that another runner checks is not OK.
	remoteNotOK map[string]bool
	pauses      pauses
	push        *pushes
}

func newScheduler(cfg Config, types probe.Registry, log *slog.Logger) *scheduler {
	concurrency := concurrentChecks(log)
	s := &scheduler{
		cfg: cfg, types: types, compiler: check.NewCompiler(types, cfg.Secrets), log: log, results: cfg.Results, health: cfg.Health,
		clock:             clock{base: time.Now()},
		pool:              newPool(concurrency),
		changes:           make(chan change),
		finished:          make(chan finishedCheck, concurrency),
		checkNow:          make(chan checkNow),
		dependencyUpdates: make(chan map[string]bool),
		ping:              make(chan struct{}),
		notChecked:        notChecked{problems: make(map[string]*notCheckedProblem)},
		entries:           make(map[string]*entry),
		released:          make(map[string]releasedState),
		isolation:         newIsolation(cfg.Quarantine, log),
		remoteNotOK:       make(map[string]bool),
	}
	s.push = &pushes{scheduler: s, inbox: newInbox()}
	s.ignoreRules.Store(&ignoreRules{})
	s.running.Store(new([]*entry))
	return s
}

// releasedState is the last known state of a monitor, its push state if it has one, and the time of the clock at which
// this runner stopped running it.
type releasedState struct {
	state *store.State
	push  *store.PushState
	at    time.Duration
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

// run starts checks when they are due and handles changes and finished checks, until ctx ends. Its goroutine
// owns the entries.
func (s *scheduler) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	correction := time.NewTicker(correctionInterval)
	defer correction.Stop()
	for {
		timer.Reset(s.startDueChecks(ctx))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case c := <-s.changes:
			s.apply(c)
			s.startAlone(ctx)
			s.results.AllowTakeOver()
		case f := <-s.finished:
			s.handleFinished(ctx, f)
		case request := <-s.checkNow:
			request.accepted <- s.startNow(ctx, request.monitorID)
		case page := <-s.push.inbox.pages:
			s.push.handlePings(ctx, page)
		case notOK := <-s.dependencyUpdates:
			maps.Copy(s.remoteNotOK, notOK)
		case <-correction.C:
			s.push.followClock(ctx)
		case <-s.ping:
		}
	}
}

// startDueChecks starts the checks that are due and returns the time until the next one is due.
func (s *scheduler) startDueChecks(ctx context.Context) time.Duration {
	now := s.clock.now()
	for {
		en := s.schedule.first()
		if en == nil {
			return time.Hour
		}
		if en.due > now {
			return en.due - now
		}
		if en.push != nil {
			s.push.examine(ctx, en)
			continue
		}
		due, missed := en.due, 0
		if now-due > suspendThreshold {
			en.due, missed = en.dueAfterSuspend(due, now)
			s.schedule.reorderFirst()
			s.stats.countSkipped(missed)
			continue
		}
		en.due, missed = en.nextDue(due, now)
		s.schedule.reorderFirst()
		if en.running {
			missed++
		} else {
			s.startCheck(ctx, en, due)
		}
		s.stats.countSkipped(missed)
	}
}

// startNow starts a check outside the schedule. If a check is running, another one follows it. It reports whether this
// runner runs the monitor and can check it.
func (s *scheduler) startNow(ctx context.Context, id string) bool {
	en := s.entries[id]
	switch {
	case en == nil || en.push != nil:
		return false
	case en.running:
		en.rerun = true
	default:
		s.startCheck(ctx, en, s.clock.now())
	}
	return true
}

// startCheck starts a check as soon as it may run.
func (s *scheduler) startCheck(ctx context.Context, en *entry, due time.Duration) {
	en.begin(s.checkCtx)
	s.dispatch(ctx, dueCheck{en, due})
}

// runCheck hands a check to the pool. A check that is still waiting when the engine stops is not run.
func (s *scheduler) runCheck(ctx context.Context, c dueCheck, way quarantine.Way) {
	en := c.entry
	s.pool.run(func() {
		f := finishedCheck{entry: en, way: way}
		if ctx.Err() == nil && en.ctx.Err() == nil {
			began, date := s.clock.now(), monitor.Date(s.cfg.Clock.Now())
			f.delay = began - c.due
			end := s.cfg.Quarantine.Begin(quarantine.KeyOf(en.monitor), way)
			run := func() (monitor.Result, error) { return en.run(s.compiler, s.log) }
			f.result, f.notChecked = unlessPaused(s.types, en.monitor, run)
			f.result.Date = date
			end()
			f.duration = s.clock.now() - began
			f.completed = en.ctx.Err() == nil
		}
		s.finished <- f
	})
}

// handleFinished records the result of a check, and starts the next check if one was requested.
func (s *scheduler) handleFinished(ctx context.Context, f finishedCheck) {
	s.recordResult(f)
	s.endIsolation(ctx, f)
	switch en := f.entry; {
	case en.removed:
	case en.push != nil:
		s.push.examine(ctx, en)
	case en.rerun:
		en.rerun = false
		s.startCheck(ctx, en, s.clock.now())
	}
}

// recordResult records the result of a check, or why there is none.
func (s *scheduler) recordResult(f finishedCheck) {
	en := f.entry
	en.end()
	if en.removed {
		en.close()
		return
	}
	if !f.completed {
		return
	}
	switch {
	case f.notChecked == errPaused && !en.overran():
		s.stats.countNotChecked(probe.CausePaused)
		s.pauses.record(s.log, s.clock.now(), f.duration)
		return
	case f.notChecked == errPaused:
		s.recordNotChecked(en, errOverruns)
		return
	case f.notChecked != nil:
		s.recordNotChecked(en, f.notChecked)
		if en.push != nil {
			s.push.endWithoutResult(en)
		}
		return
	}
	if en.push != nil {
		f.result.ID, f.result.Date = en.push.current.ping.ID, en.push.current.date
	}
	en.overruns = 0
	s.record(f)
}

// record passes a result to the writer, with the state and the status changes that follow from it.
func (s *scheduler) record(f finishedCheck) {
	en := f.entry
	s.recordChecked(en.monitor.ID)
	s.stats.countCheck(f.result.Status)
	s.cfg.OnCheck(CompletedCheck{Type: en.monitor.Type, Status: f.result.Status, Delay: f.delay, Duration: f.duration})
	en.setIgnored(s, &f.result)
	prev := en.state.Load()
	next, changes := advance(prev, f.result, en.gapInterval)
	en.state.Store(next)
	if en.push != nil {
		s.push.recordPush(en, f.result, prev, next, changes)
		return
	}
	en.gapInterval = en.interval
	s.results.Add(f.result, next, changes)
}
