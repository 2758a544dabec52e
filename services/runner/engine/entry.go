package engine

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

// entry is a monitor in the schedule of this runner. The field monitor never changes; a changed monitor gets a new
// entry. The scheduler's goroutine owns the other fields, except check and compileErr, which a running check owns.
type entry struct {
	monitor monitor.Monitor
	timing
	// ctx is the context of the running check. cancel ends it, and is also called after the check. Both are nil while no
	// check is running.
	ctx    context.Context
	cancel context.CancelFunc

	due time.Duration
	// index is the position in the schedule's heap.
	index int
	// running is true from the time a check is handed to the pool until its end is handled.
	running bool
	// rerun requests another check after the running one.
	rerun bool
	// removed is true if the monitor was removed while a check was running.
	removed bool
	// overruns is the number of checks in a row that took too long because of a pause.
	overruns int

	// state is the state after the newest result; nil before the first. Any goroutine may read it. The State itself is
	// never changed.
	state atomic.Pointer[store.State]
	// gapInterval is the interval for detecting missing results. After a change of the interval it is the longer of the
	// old and the new one until the next result.
	gapInterval time.Duration
	// maintenance is the cached maintenance status at the newest result.
	maintenance maintenanceStatus

	check      *check.Check
	compileErr error

	// push is what a push monitor has in addition; nil for other types.
	push *pushMonitor
}

func newEntry(m monitor.Monitor) *entry {
	e := &entry{monitor: m, timing: timingOf(m)}
	e.gapInterval = e.interval
	return e
}

// begin marks the entry as running, with a context for the check.
func (e *entry) begin(ctx context.Context) {
	e.running = true
	e.ctx, e.cancel = context.WithCancel(ctx)
}

// end marks the entry as not running.
func (e *entry) end() {
	e.cancel()
	e.running, e.ctx, e.cancel = false, nil, nil
}

// run checks the monitor once, or evaluates a ping of a push monitor. The first run compiles the check: compiling
// thousands of monitors at the start would delay the schedule. The error is a [probe.NotCheckedError].
func (e *entry) run(compiler *check.Compiler, log *slog.Logger) (monitor.Result, error) {
	if e.check == nil && e.compileErr == nil {
		e.compile(compiler, log)
	}
	if own := probe.OwnFault(e.compileErr); own != nil {
		return monitor.Result{}, own
	}
	if e.compileErr != nil {
		return check.FailedResult(e.monitor, time.Now(), e.compileErr.Error()), nil
	}
	if e.push != nil {
		return e.push.current.receive(e.ctx, e.check, e.state.Load())
	}
	return e.check.Run(e.ctx, e.state.Load())
}

func (e *entry) compile(compiler *check.Compiler, log *slog.Logger) {
	e.check, e.compileErr = compiler.Compile(e.monitor)
	if e.compileErr != nil {
		return
	}
	if ignored := e.check.Ignored(); len(ignored) > 0 {
		log.Warn("ignored properties that the type of the monitor does not have",
			"monitor_id", e.monitor.ID, "type", e.monitor.Type, "properties", ignored)
	}
}

// close releases the resources of the probe. No check may be running.
func (e *entry) close() {
	if e.check != nil {
		e.check.Close()
	}
}
