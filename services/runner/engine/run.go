package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
)

// entry is a monitor that this runner runs, which never changes. The scheduler's goroutine owns the rest, but for check and
// broken, which belong to the run while there is one.
type entry struct {
	monitor monitor.Monitor
	timing
	// ctx ends when the monitor is no longer run here.
	ctx    context.Context
	cancel context.CancelFunc

	due   time.Duration
	index int
	// running is true from when a run is handed to the pool until its end has been seen.
	running bool
	// again asks for another run as soon as this one has ended.
	again bool
	// gone is set when a run of a monitor that was removed is still to end.
	gone bool

	// state is what is known after the newest result; nil before the first. What it points to never changes. Anyone may read it.
	state atomic.Pointer[store.State]
	// covered is the interval by which the time since the last result is judged: the longer one while the
	// interval has just been changed.
	covered time.Duration
	// spell is what is known of its maintenance at the newest result.
	spell spell

	check  *check.Check
	broken error
}

func newEntry(ctx context.Context, m monitor.Monitor) *entry {
	e := &entry{monitor: m, timing: timingOf(m)}
	e.covered = e.every
	e.ctx, e.cancel = context.WithCancel(ctx)
	return e
}

// run checks the monitor once. It is compiled on its first run, so that a start with
// thousands of monitors doesn't hold up the schedule.
func (e *entry) run(types probe.Registry, secrets secret.Source) monitor.Result {
	if e.check == nil && e.broken == nil {
		e.check, e.broken = check.Compile(types, secrets, e.monitor)
	}
	if e.broken != nil {
		return check.FailedResult(e.monitor, time.Now(), e.broken.Error())
	}
	return e.check.Run(e.ctx)
}

// close gives up what the probe keeps. No run may be going on.
func (e *entry) close() {
	e.cancel()
	if e.check != nil {
		e.check.Close()
	}
}

// pool runs tasks, a limited number at a time; the others wait in the order in which they came.
type pool struct {
	working sync.WaitGroup

	mu      sync.Mutex
	free    int
	waiting []func()
}

func newPool(size int) *pool { return &pool{free: size} }

// run runs task on another goroutine as soon as there is a place for it.
func (p *pool) run(task func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free == 0 {
		p.waiting = append(p.waiting, task)
		return
	}
	p.free--
	p.working.Go(func() {
		for ; task != nil; task = p.next() {
			task()
		}
	})
}

func (p *pool) next() func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		p.free++
		return nil
	}
	task := p.waiting[0]
	p.waiting[0] = nil
	p.waiting = p.waiting[1:]
	return task
}

// wait returns when all tasks have ended; none may be added meanwhile.
func (p *pool) wait() { p.working.Wait() }
