package engine

import (
	"context"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// askEvery is how often check requests are read where the store can't be watched.
const askEvery = time.Second

// runNow asks the scheduler's goroutine to run a monitor now. The answer, in has, is whether this runner has it.
type runNow struct {
	monitorID string
	has       chan bool
}

// serveRequests takes the check requests that this runner can answer, whenever asked tells it to look, until
// ctx ends.
func (e *Engine) serveRequests(ctx context.Context, asked chan struct{}) {
	serving := e.outage("read the check requests")
	handled := make(map[string]bool)
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
		}
		pending, err := e.pendingChecks(ctx)
		if ctx.Err() != nil {
			return
		}
		serving.note(err)
		if err != nil {
			pause(ctx, askEvery)
			poke(asked)
			continue
		}
		handled = e.handle(ctx, pending, handled)
	}
}

func (e *Engine) pendingChecks(ctx context.Context) ([]store.OnDemandCheck, error) {
	ctx, cancel := context.WithTimeout(ctx, smallCall)
	defer cancel()
	return e.store.PendingOnDemandChecks(ctx, time.Now())
}

// handle answers the pending requests but for those in before, and returns those that it has answered: until
// the store has forgotten a request, it is pending again and must not be answered twice.
func (e *Engine) handle(ctx context.Context, pending []store.OnDemandCheck, before map[string]bool) map[string]bool {
	handled := make(map[string]bool)
	for _, r := range pending {
		switch {
		case before[r.ID]:
			handled[r.ID] = true
		case r.Definition == nil:
			handled[r.ID] = e.runStored(ctx, r)
		default:
			e.runDefinition(ctx, r)
		}
	}
	return handled
}

// runStored runs the monitor that r names, and reports whether this runner has it.
func (e *Engine) runStored(ctx context.Context, r store.OnDemandCheck) bool {
	ask := runNow{monitorID: r.MonitorID, has: make(chan bool, 1)}
	select {
	case <-ctx.Done():
		return false
	case e.runNow <- ask:
	}
	if !<-ask.has {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, smallCall)
	defer cancel()
	if err := e.store.DeleteOnDemandCheck(ctx, r.ID); err != nil {
		e.requestFailed(ctx, "drop", r, err)
	}
	return true
}

// runDefinition claims r and, if no other runner has it, runs and answers it.
func (e *Engine) runDefinition(ctx context.Context, r store.OnDemandCheck) {
	claiming, cancel := context.WithTimeout(ctx, smallCall)
	defer cancel()
	mine, err := e.store.ClaimOnDemandCheck(claiming, r.ID, e.cfg.ID)
	if err != nil {
		e.requestFailed(ctx, "claim", r, err)
	}
	if !mine {
		return
	}
	e.pool.run(func() {
		result := e.checkOnce(*r.Definition)
		ctx, cancel := context.WithTimeout(e.runs, smallCall)
		defer cancel()
		if err := e.store.CompleteOnDemandCheck(ctx, r.ID, result); err != nil {
			e.requestFailed(ctx, "answer", r, err)
		}
	})
}

func (e *Engine) checkOnce(m monitor.Monitor) monitor.Result {
	c, err := check.Compile(e.types, e.cfg.Secrets, m)
	if err != nil {
		return check.FailedResult(m, time.Now(), err.Error())
	}
	defer c.Close()
	return c.Run(e.runs)
}

// requestFailed logs what whoever asked will see as no answer.
func (e *Engine) requestFailed(ctx context.Context, what string, r store.OnDemandCheck, err error) {
	if ctx.Err() == context.Canceled {
		return
	}
	e.stats.storeErrors.Add(1)
	e.log.Warn("could not "+what+" a check request", "request", r.ID, "error", err)
}
