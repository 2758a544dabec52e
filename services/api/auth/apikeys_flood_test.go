package auth

import (
	"errors"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/store"
)

// TestRandomAPIKeysDontLockOutValidOnes uses valid keys, one of them for the first time, during a flood of random keys.
func TestRandomAPIKeysDontLockOutValidOnes(t *testing.T) {
	s, c := newCountingStore(t), &clock{}
	k := newAPIKeys(s, discardLogger(), c.frozen())
	flood := func() {
		var clients sync.WaitGroup
		for range 10 {
			clients.Go(func() {
				for range 500 {
					key, _ := NewAPIKey()
					if _, err := k.Identity(t.Context(), key); !errors.Is(err, ErrUnknownAPIKey) {
						t.Errorf("a random key: %v", err)
						return
					}
				}
			})
		}
		clients.Wait()
	}
	used, _ := s.createKey(t, store.KeyScopeRead)
	unused, _ := s.createKey(t, store.KeyScopeAdmin)
	wantScope(t, k, used, ScopeRead)
	flood()
	wantScope(t, k, used, ScopeRead)
	wantScope(t, k, unused, ScopeAdmin)
	s.wantReads(t, 1)

	created, _ := s.createKey(t, store.KeyScopeRead) // by another replica
	c.advance(time.Second)
	flood()
	wantScope(t, k, created, ScopeRead)
	s.wantReads(t, 1)
}
