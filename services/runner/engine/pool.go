package engine

import "sync"

// maxIdle is the maximum number of goroutines that wait for the next task.
const maxIdle = 64

// pool runs a limited number of tasks at the same time. Further tasks wait and start in the order they were added.
// Goroutines are reused, because growing the stack of a new one is a large part of the cost of a check.
type pool struct {
	working sync.WaitGroup

	mu      sync.Mutex
	free    int
	waiting []func()
	// idle contains one channel of each goroutine that waits for a task.
	idle []chan func()
	// stopping is set when goroutines no longer wait for tasks.
	stopping bool
}

func newPool(size int) *pool { return &pool{free: size} }

// run runs task on another goroutine. It does not block.
func (p *pool) run(task func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free == 0 {
		p.waiting = append(p.waiting, task)
		return
	}
	p.free--
	if last := len(p.idle) - 1; last >= 0 {
		p.idle[last] <- task
		p.idle = p.idle[:last]
		return
	}
	p.working.Go(func() { p.work(task) })
}

// work runs task and then other tasks.
func (p *pool) work(task func()) {
	tasks := make(chan func(), 1)
	for ; task != nil; task = <-tasks {
		task()
		p.next(tasks)
	}
}

// next sends the next task to a goroutine, now or when there is one. It closes tasks if the goroutine is not needed.
func (p *pool) next(tasks chan func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.waiting) > 0:
		tasks <- p.waiting[0]
		p.waiting[0] = nil
		p.waiting = p.waiting[1:]
		return
	case p.stopping || len(p.idle) == maxIdle:
		close(tasks)
	default:
		p.idle = append(p.idle, tasks)
	}
	p.free++
}

// wait waits until all tasks have finished and ends the goroutines. No task may be added during the call.
func (p *pool) wait() {
	p.mu.Lock()
	p.stopping = true
	for _, tasks := range p.idle {
		close(tasks)
	}
	p.idle = nil
	p.mu.Unlock()
	p.working.Wait()
}
