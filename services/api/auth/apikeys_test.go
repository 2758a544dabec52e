package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// countingStore counts the reads and touches of keys. It can be made unavailable.
type countingStore struct {
	*sqlite.Store
	reads, touches atomic.Int64
	unavailable    atomic.Bool
}

var errUnavailable = fmt.Errorf("connect: %w", monitor.ErrUnavailable)

func (c *countingStore) Keys(ctx context.Context) ([]store.Key, error) {
	c.reads.Add(1)
	if c.unavailable.Load() {
		return nil, errUnavailable
	}
	return c.Store.Keys(ctx)
}

func (c *countingStore) TouchKey(ctx context.Context, id string, at time.Time) error {
	c.touches.Add(1)
	if c.unavailable.Load() {
		return errUnavailable
	}
	return c.Store.TouchKey(ctx, id, at)
}

// frozen returns a clock that only advance moves.
func (c *clock) frozen() func() time.Time {
	start := time.Now()
	return func() time.Time { return start.Add(time.Duration(c.ahead.Load())) }
}

func (c *countingStore) wantReads(t *testing.T, want int64) {
	t.Helper()
	if n := c.reads.Swap(0); n != want {
		t.Errorf("%d reads of the store, want %d", n, want)
	}
}

func newCountingStore(t *testing.T) *countingStore {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "keys.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &countingStore{Store: s}
}

// createKey creates a key in the store.
func (c *countingStore) createKey(t *testing.T, scope string) (key, id string) {
	t.Helper()
	key, hash := NewAPIKey()
	id = monitor.NewID(time.Now())
	if err := c.CreateKey(t.Context(), store.Key{ID: id, Name: scope, Scope: scope, Created: time.Now(), Hash: hash}); err != nil {
		t.Fatal(err)
	}
	return key, id
}

func wantScope(t *testing.T, k *APIKeys, key string, want Scope) {
	t.Helper()
	if id, err := k.Identity(t.Context(), key); err != nil || id.Scope != want {
		t.Errorf("%+v, %v, want the scope %d", id, err, want)
	}
}

func wantError(t *testing.T, k *APIKeys, key string, want error) {
	t.Helper()
	if id, err := k.Identity(t.Context(), key); !errors.Is(err, want) || id.Scope != ScopeNone {
		t.Errorf("%+v, %v, want %v", id, err, want)
	}
}

func TestNewAPIKey(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		key, hash := NewAPIKey()
		if !apiKeyForm.MatchString(key) || !tokenForm.MatchString(key) || hash != sha256.Sum256([]byte(key)) || seen[key] {
			t.Fatalf("got %s", key)
		}
		seen[key] = true
	}
}

func TestAPIKeyScopes(t *testing.T) {
	s := newCountingStore(t)
	k := NewAPIKeys(s, discardLogger())
	wantError(t, k, apiKeyPrefix+strings.Repeat("A", 43), ErrUnknownAPIKey)
	for scope, want := range map[string]Scope{store.KeyScopeRead: ScopeRead, store.KeyScopeAdmin: ScopeAdmin, "": ScopeNone, "root": ScopeNone} {
		key, id := s.createKey(t, scope)
		k.Changed()
		wantScope(t, k, key, want)
		if got, err := k.Identity(t.Context(), key); err != nil || got.ID != "key "+id || got.Name != scope {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestRevokedAPIKeyIsRejected(t *testing.T) {
	if cacheTime+RecheckInterval > 10*time.Second {
		t.Error("a revoked key is accepted for more than 10 s")
	}
	s, c := newCountingStore(t), &clock{}
	k := newAPIKeys(s, discardLogger(), c.frozen())
	key, id := s.createKey(t, store.KeyScopeAdmin)
	for range 100 {
		wantScope(t, k, key, ScopeAdmin)
	}
	s.wantReads(t, 1)
	c.advance(cacheTime)
	for range 100 {
		wantScope(t, k, key, ScopeAdmin)
	}
	s.wantReads(t, 1)
	if err := s.DeleteKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c.advance(cacheTime)
	wantError(t, k, key, ErrUnknownAPIKey)
	wantError(t, k, key, ErrUnknownAPIKey)
	s.wantReads(t, 1)
}

func TestMalformedAPIKeyIsNotLookedUp(t *testing.T) {
	s := newCountingStore(t)
	k := NewAPIKeys(s, discardLogger())
	key, _ := s.createKey(t, store.KeyScopeAdmin)
	for _, malformed := range []string{
		"", "nm_", key[:len(key)-1], key + "A", key[1:], strings.ToUpper(key[:3]) + key[3:], key + "\n", " " + key, key[:len(key)-1] + "=", key[:len(key)-1] + "+",
		strings.Repeat(key, 300),
	} {
		wantError(t, k, malformed, ErrUnknownAPIKey)
	}
	s.wantReads(t, 0)
}

func TestAPIKeysWhileStoreIsUnavailable(t *testing.T) {
	s, c := newCountingStore(t), &clock{}
	k := newAPIKeys(s, discardLogger(), c.frozen())
	key, _ := s.createKey(t, store.KeyScopeRead)
	wantScope(t, k, key, ScopeRead)
	s.unavailable.Store(true)
	wantScope(t, k, key, ScopeRead)
	unknown, _ := NewAPIKey()
	wantError(t, k, unknown, ErrUnknownAPIKey)
	s.wantReads(t, 1)
	c.advance(cacheTime)
	for range 100 {
		wantError(t, k, key, monitor.ErrUnavailable)
		wantError(t, k, unknown, monitor.ErrUnavailable)
	}
	s.wantReads(t, 1)
	s.unavailable.Store(false)
	c.advance(loadInterval)
	wantScope(t, k, key, ScopeRead)
}

func TestLastUseIsStoredOncePerMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newCountingStore(t)
		var log bytes.Buffer
		k := NewAPIKeys(s, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { k.Run(ctx) })
		defer running.Wait()
		defer stop()
		key, id := s.createKey(t, store.KeyScopeRead)
		other := newAPIKeys(s, discardLogger(), time.Now) // another process
		// use uses the key every second, alternately in both processes.
		use := func(seconds int) {
			for range seconds {
				wantScope(t, k, key, ScopeRead)
				synctest.Wait()
				wantScope(t, other, key, ScopeRead)
				time.Sleep(time.Second)
			}
		}
		wantTouches := func(what string, times int64, last time.Time) {
			t.Helper()
			list, err := s.Keys(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n := s.touches.Swap(0); n != times || !list[0].LastUsed.Equal(last) || len(other.touches) != 0 {
				t.Errorf("%s: %d writes, last at %s, %d pending; want %d and %s", what, n, list[0].LastUsed, len(other.touches), times, last)
			}
		}
		start := time.Now()
		use(60)
		wantTouches("first minute", 1, start)
		use(1)
		wantTouches("after the first minute", 1, start.Add(time.Minute))
		use(179)
		wantTouches("next three minutes", 2, start.Add(3*time.Minute))

		s.unavailable.Store(true)
		k.touches <- touch{id, time.Now()}
		synctest.Wait()
		if s.touches.Load() != 1 || strings.Count(log.String(), "level=WARN") != 1 || !strings.Contains(log.String(), id) || strings.Contains(log.String(), "nm_") {
			t.Errorf("%d writes, log is:\n%s", s.touches.Load(), &log)
		}
	})
}

// TestPendingTouchIsNotRepeated reads a key again before its last use is written.
func TestPendingTouchIsNotRepeated(t *testing.T) {
	s, c := newCountingStore(t), &clock{}
	k := newAPIKeys(s, discardLogger(), c.frozen())
	key, _ := s.createKey(t, store.KeyScopeRead)
	for range 10 {
		wantScope(t, k, key, ScopeRead)
		c.advance(cacheTime)
	}
	s.wantReads(t, 10)
	if n := len(k.touches); n != 1 {
		t.Errorf("%d writes are pending", n)
	}
}

// TestFullTouchQueueDoesNotBlock uses many keys while no touch is written.
func TestFullTouchQueueDoesNotBlock(t *testing.T) {
	s := newCountingStore(t)
	k := NewAPIKeys(s, discardLogger())
	for range 2 * touchQueue {
		key, _ := s.createKey(t, store.KeyScopeRead)
		k.Changed()
		wantScope(t, k, key, ScopeRead)
	}
	if n := len(k.touches); n != touchQueue {
		t.Errorf("%d writes are pending", n)
	}
}
