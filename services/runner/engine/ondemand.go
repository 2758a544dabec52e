package engine

import (
	"context"
	"errors"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/wake"
)

// onDemandPollInterval is the time between two reads of the on-demand checks if the store cannot report changes.
const onDemandPollInterval = time.Second

// checkNow requests a check of a monitor from the scheduler's goroutine. It reports on accepted whether this runner
// runs the monitor.
type checkNow struct {
	monitorID string
	accepted  chan bool
}

// serveOnDemandChecks runs the on-demand checks that this runner can run, after each signal on changed, until ctx ends.
func (e *Engine) serveOnDemandChecks(ctx context.Context, changed chan struct{}) {
	select {
	case <-ctx.Done():
		return
	case <-e.scheduler.isolation.settled:
	}
	reading := e.health.Operation("read on-demand checks")
	handled := make(map[string]bool)
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		pending, err := e.pendingOnDemandChecks(ctx)
		if ctx.Err() != nil {
			return
		}
		reading.Record(err)
		if err != nil {
			wake.Pause(ctx, onDemandPollInterval)
			wake.Signal(changed)
			continue
		}
		handled = e.handleOnDemandChecks(ctx, pending, handled)
	}
}

func (e *Engine) pendingOnDemandChecks(ctx context.Context) ([]store.OnDemandCheck, error) {
	return store.Call(ctx, store.ShortCall, func(ctx context.Context) ([]store.OnDemandCheck, error) {
		return e.store.PendingOnDemandChecks(ctx, e.cfg.Clock.Now())
	})
}

// handleOnDemandChecks runs the pending checks except those in before. It returns the checks of stored monitors that it
// has handled: if their deletion fails they stay pending, and they must not run twice.
func (e *Engine) handleOnDemandChecks(
	ctx context.Context, pending []store.OnDemandCheck, before map[string]bool,
) map[string]bool {
	handled := make(map[string]bool)
	for _, c := range pending {
		switch {
		case before[c.ID]:
			handled[c.ID] = true
		case c.Definition == nil:
			handled[c.ID] = e.checkStored(ctx, c)
		default:
			e.checkDefinition(ctx, c)
		}
	}
	return handled
}

// checkStored runs the stored monitor of c, and reports whether this runner runs it.
func (e *Engine) checkStored(ctx context.Context, c store.OnDemandCheck) bool {
	request := checkNow{monitorID: c.MonitorID, accepted: make(chan bool, 1)}
	select {
	case <-ctx.Done():
		return false
	case e.scheduler.checkNow <- request:
	}
	if !<-request.accepted {
		return false
	}
	err := store.Do(ctx, store.ShortCall, func(ctx context.Context) error { return e.store.DeleteOnDemandCheck(ctx, c.ID) })
	if err != nil {
		e.logOnDemandFailure(ctx, "could not delete an on-demand check", c, err)
	}
	return true
}

// checkDefinition claims c. Unless another runner has claimed it, it runs the definition and stores the result in c.
func (e *Engine) checkDefinition(ctx context.Context, c store.OnDemandCheck) {
	claimed, err := store.Call(ctx, store.ShortCall, func(ctx context.Context) (bool, error) {
		return e.store.ClaimOnDemandCheck(ctx, c.ID, e.cfg.ID, e.cfg.Clock.Now())
	})
	if err != nil {
		e.logOnDemandFailure(ctx, "could not claim an on-demand check", c, err)
	}
	if !claimed {
		return
	}
	e.scheduler.pool.run(func() {
		result := e.checkOnce(*c.Definition)
		err := store.Do(e.scheduler.checkCtx, store.ShortCall, func(ctx context.Context) error {
			return e.store.CompleteOnDemandCheck(ctx, c.ID, result)
		})
		if err != nil {
			e.logOnDemandFailure(ctx, "could not store the result of an on-demand check", c, err)
		}
	})
}

// checkOnce checks m. If this runner can't make the check, the result says so.
func (e *Engine) checkOnce(m monitor.Monitor) monitor.Result {
	result, err := e.compileAndRun(m)
	var own *probe.NotCheckedError
	if errors.As(err, &own) {
		e.scheduler.stats.countNotChecked(own.Cause)
	}
	if err != nil {
		result = check.FailedResult(m, e.cfg.Clock.Now(), err.Error())
		result.NotChecked = own != nil
	}
	return result
}

func (e *Engine) compileAndRun(m monitor.Monitor) (monitor.Result, error) {
	c, err := e.scheduler.compiler.Compile(m)
	if err != nil {
		return monitor.Result{}, err
	}
	defer c.Close()
	run := func() (monitor.Result, error) { return c.Run(e.scheduler.checkCtx, nil) }
	return unlessPaused(e.scheduler.types, m, run)
}

// logOnDemandFailure logs a failed store operation on c. The API reports a missing result after the check has expired.
func (e *Engine) logOnDemandFailure(ctx context.Context, message string, c store.OnDemandCheck, err error) {
	if ctx.Err() == context.Canceled {
		return
	}
	e.health.CountError()
	e.log.Warn(message, "check_id", c.ID, "error", err)
}
