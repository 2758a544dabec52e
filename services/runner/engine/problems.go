package engine

import (
	"maps"
	"slices"
	"sync"
)

// problemSet holds the problems of this runner itself. The heartbeat sends them to the API, which shows them on the
// page; the metrics count them. It is safe for concurrent use.
type problemSet struct {
	mu sync.Mutex
	// sentences holds one sentence for each problem, by key.
	sentences map[string]string
}

// set adds a problem or replaces its sentence. The sentence states what is wrong and what to do, without secrets.
func (p *problemSet) set(key, sentence string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sentences == nil {
		p.sentences = make(map[string]string)
	}
	p.sentences[key] = sentence
}

// clear removes a problem.
func (p *problemSet) clear(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sentences, key)
}

// list returns the sentences, ordered by key. It returns nil if there is no problem.
func (p *problemSet) list() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, key := range slices.Sorted(maps.Keys(p.sentences)) {
		list = append(list, p.sentences[key])
	}
	return list
}
