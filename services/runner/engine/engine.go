// Package engine runs the checks of one runner. It loads the monitors that are assigned to the runner and follows their
// changes, starts each check when it is due, and writes results, states and status changes to the store.
package engine

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	dateclock "nanomon/services/common/clock"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
	"nanomon/services/runner/cluster"
	"nanomon/services/runner/health"
	"nanomon/services/runner/housekeeping"
	"nanomon/services/runner/results"
)

const (
	// flushTimeout limits the time for writing the remaining results at a stop.
	flushTimeout = 5 * time.Second
	// handOverTimeout limits the time for writing results before other runners take over the monitors.
	handOverTimeout = 2 * time.Second
	// housekeepingKey is assigned to one of the runners like a monitor.
	housekeepingKey = "housekeeping"
)

// Engine runs the monitors of one runner. Create it with [New] and call Run once.
type Engine struct {
	cfg          Config
	store        Store
	log          *slog.Logger
	scheduler    *scheduler
	results      *results.Writer
	health       *health.Runner
	member       *cluster.Member
	housekeeping *housekeeping.Housekeeper

	// monitorsChanged wakes reconcile.
	monitorsChanged chan struct{}
	// reload makes reconcile read the states of all monitors of this runner again.
	reload atomic.Bool
}

// New returns an engine that runs the monitors in s with the probes in types.
func New(cfg Config, s Store, types probe.Registry, log *slog.Logger) *Engine {
	cfg.PollingInterval = cmp.Or(cfg.PollingInterval, 10*time.Second)
	cfg.Grace = cmp.Or(cfg.Grace, 10*time.Second)
	cfg.Observer = cmp.Or[Observer](cfg.Observer, noObserver{})
	cfg.Clock = cmp.Or[dateclock.Source](cfg.Clock, dateclock.System{})
	if cfg.OnCheck == nil {
		cfg.OnCheck = func(CompletedCheck) {}
	}
	e := &Engine{
		cfg: cfg, store: s, log: log, scheduler: newScheduler(cfg, types, log), results: cfg.Results, health: cfg.Health,
		monitorsChanged: wake.New(),
	}
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
	return store.Runner{
		Monitors: len(*e.scheduler.running.Load()), Problems: e.health.Problems.List(),
		NotChecked: e.scheduler.notChecked.list(),
	}
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
	e.scheduler.checkCtx, cancelChecks = context.WithCancel(e.cfg.Memory.Context(context.WithoutCancel(ctx)))
	defer cancelChecks()

	var writing, helpers sync.WaitGroup
	writes, cancelWrites := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelWrites()
	writing.Go(func() { e.results.Run(writes) })
	onDemandChanged := wake.New()
	helpers.Go(func() { e.watch(ctx, store.TopicMonitors, e.cfg.PollingInterval, e.monitorsChanged) })
	helpers.Go(func() { e.watch(ctx, store.TopicOnDemandChecks, onDemandPollInterval, onDemandChanged) })
	helpers.Go(func() { e.readInbox(ctx) })
	helpers.Go(func() { e.reconcile(ctx, e.monitorsChanged) })
	helpers.Go(func() { e.pollRemoteDependencies(ctx) })
	helpers.Go(func() { e.serveOnDemandChecks(ctx, onDemandChanged) })
	helpers.Go(func() { e.member.Run(ctx) })
	helpers.Go(func() { e.housekeeping.Run(ctx) })
	if e.cfg.HealthFile != "" {
		helpers.Go(func() { health.UpdateFile(ctx, e.cfg.HealthFile, e.scheduler.ping, e.log) })
	}

	e.scheduler.run(ctx)

	grace := time.AfterFunc(e.cfg.Grace, cancelChecks)
	defer grace.Stop()
	helpers.Wait()
	e.flushBeforeLeave()
	e.member.Leave(ctx)
	e.scheduler.drain()

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

// flushBeforeLeave writes the queued results, so that the next runner of a monitor reads what this one knows.
func (e *Engine) flushBeforeLeave() {
	ctx, cancel := context.WithTimeout(context.Background(), handOverTimeout)
	defer cancel()
	e.results.Flush(ctx)
}
