package weakmap

import (
	"errors"
	"runtime"
	"testing"
)

func TestValuesAreSharedWhileTheyAreInUse(t *testing.T) {
	var m Map[string, int]
	created := 0
	get := func(key string) *int {
		t.Helper()
		value, err := m.Get(key, func() (*int, error) {
			created++
			value := created
			return &value, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	count := func() int {
		m.mu.Lock()
		defer m.mu.Unlock()
		return len(m.values)
	}
	func() {
		first, same, other := get("a"), get("a"), get("b")
		if first != same || first == other || *first != 1 || *other != 2 {
			t.Errorf("got %d, %d and %d", *first, *same, *other)
		}
		runtime.GC()
		if got := count(); got != 2 {
			t.Errorf("%d values are known, want 2", got)
		}
		runtime.KeepAlive([]*int{first, other})
	}()
	for count() > 0 { // Cleanups run some time after a collection.
		runtime.GC()
	}
	if again := get("a"); *again != 3 {
		t.Errorf("got %d, want a new value", *again)
	}
}

func TestAnErrorIsNotKept(t *testing.T) {
	var m Map[string, int]
	failure := errors.New("failure")
	if _, err := m.Get("a", func() (*int, error) { return nil, failure }); !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
	if value, err := m.Get("a", func() (*int, error) { return new(int), nil }); err != nil || value == nil {
		t.Errorf("got %v, %v", value, err)
	}
}
