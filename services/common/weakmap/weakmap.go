// Package weakmap lets parts of the program share values that need much memory. A value that nobody uses any more is
// dropped.
package weakmap

import (
	"runtime"
	"sync"
	"weak"
)

// Map contains the values that are in use, by key. The zero value is empty. Its methods are safe for concurrent use.
type Map[K comparable, V any] struct {
	mu     sync.Mutex
	values map[K]weak.Pointer[V]
}

// Get returns the value of key. If nobody uses one, it calls create, whose error it returns. create must not call Get
// of the same map.
func (m *Map[K, V]) Get(key K, create func() (*V, error)) (*V, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if value := m.values[key].Value(); value != nil {
		return value, nil
	}
	value, err := create()
	if err != nil {
		return nil, err
	}
	if m.values == nil {
		m.values = make(map[K]weak.Pointer[V])
	}
	m.values[key] = weak.Make(value)
	runtime.AddCleanup(value, m.forget, key)
	return value, nil
}

// forget removes the value of key if nobody uses it any more.
func (m *Map[K, V]) forget(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values[key].Value() == nil {
		delete(m.values, key)
	}
}
