package engine

import "sync"

// pool runs a limited number of tasks at the same time. Further tasks wait and start in the order they were added.
type pool struct {
	working sync.WaitGroup

	mu      sync.Mutex
	free    int
	waiting []func()
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

// wait waits until all tasks have finished. No task may be added during the call.
func (p *pool) wait() { p.working.Wait() }
