// Package health holds what is wrong with a runner itself: with its access to the store, with its checks, and whether
// its scheduler responds.
package health

import (
	"maps"
	"slices"
	"sync"
)

// Problems holds the problems of this runner itself. The heartbeat sends them to the API, which shows them on the page;
// the metrics count them. It is safe for concurrent use.
type Problems struct {
	mu sync.Mutex
	// sentences holds one sentence for each problem, by key.
	sentences map[string]string
}

// Set adds a problem or replaces its sentence. The sentence states what is wrong and what to do, without secrets.
func (p *Problems) Set(key, sentence string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sentences == nil {
		p.sentences = make(map[string]string)
	}
	p.sentences[key] = sentence
}

// Clear removes a problem.
func (p *Problems) Clear(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sentences, key)
}

// List returns the sentences, ordered by key. It returns nil if there is no problem.
func (p *Problems) List() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, key := range slices.Sorted(maps.Keys(p.sentences)) {
		list = append(list, p.sentences[key])
	}
	return list
}
