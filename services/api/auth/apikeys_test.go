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

// counting is a store that counts what it is asked for, and can be away.
type counting struct {
	*sqlite.Store
	reads, touches atomic.Int64
	away           atomic.Bool
}

var errAway = fmt.Errorf("connect: %w", monitor.ErrUnavailable)

func (c *counting) KeyByHash(ctx context.Context, hash [sha256.Size]byte) (store.Key, error) {
	c.reads.Add(1)
	if c.away.Load() {
		return store.Key{}, errAway
	}
	return c.Store.KeyByHash(ctx, hash)
}

func (c *counting) TouchKey(ctx context.Context, id string, at time.Time) error {
	c.touches.Add(1)
	if c.away.Load() {
		return errAway
	}
	return c.Store.TouchKey(ctx, id, at)
}

// still is a clock that moves only when it is told to.
func (c *clock) still() func() time.Time {
	start := time.Now()
	return func() time.Time { return start.Add(time.Duration(c.ahead.Load())) }
}

func (c *counting) wantReads(t *testing.T, want int64) {
	t.Helper()
	if n := c.reads.Swap(0); n != want {
		t.Errorf("the store was asked %d times, want %d", n, want)
	}
}

func newCounting(t *testing.T) *counting {
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
	return &counting{Store: s}
}

// add makes a key in the store, and gives it and its id.
func (c *counting) add(t *testing.T, scope string) (key, id string) {
	t.Helper()
	key, hash := NewKey()
	id = monitor.NewID(time.Now())
	if err := c.CreateKey(t.Context(), store.Key{ID: id, Name: scope, Scope: scope, Created: time.Now(), Hash: hash}); err != nil {
		t.Fatal(err)
	}
	return key, id
}

func wantScope(t *testing.T, k *StoredKeys, key string, want Scope) {
	t.Helper()
	if id, err := k.Identity(t.Context(), key); err != nil || id.Scope != want {
		t.Errorf("%+v, %v, want the scope %d", id, err, want)
	}
}

func wantError(t *testing.T, k *StoredKeys, key string, want error) {
	t.Helper()
	if id, err := k.Identity(t.Context(), key); !errors.Is(err, want) || id.Scope != ScopeNone {
		t.Errorf("%+v, %v, want %v", id, err, want)
	}
}

func TestNewKeys(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		key, hash := NewKey()
		if !keyForm.MatchString(key) || !tokenForm.MatchString(key) || hash != sha256.Sum256([]byte(key)) || seen[key] {
			t.Fatalf("made %s", key)
		}
		seen[key] = true
	}
}

func TestScopesOfKeys(t *testing.T) {
	s := newCounting(t)
	k := NewStoredKeys(s, silent())
	for scope, want := range map[string]Scope{store.KeyScopeRead: ScopeRead, store.KeyScopeAdmin: ScopeAdmin, "": ScopeNone, "root": ScopeNone} {
		key, _ := s.add(t, scope)
		wantScope(t, k, key, want)
	}
}

func TestARevokedKeyStops(t *testing.T) {
	if keyAge+KeyPause > 10*time.Second {
		t.Error("a revoked key is good for more than 10 s")
	}
	s, c := newCounting(t), &clock{}
	k := newStoredKeys(s, silent(), c.still())
	key, id := s.add(t, store.KeyScopeAdmin)
	for range 100 {
		wantScope(t, k, key, ScopeAdmin)
	}
	s.wantReads(t, 1)
	c.advance(keyAge)
	for range 100 {
		wantScope(t, k, key, ScopeAdmin)
	}
	s.wantReads(t, 1)
	if err := s.DeleteKey(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c.advance(keyAge)
	wantError(t, k, key, ErrUnknownKey)
	wantError(t, k, key, ErrUnknownKey)
	s.wantReads(t, 2)
	if len(k.known) != 0 {
		t.Errorf("%d keys are remembered", len(k.known))
	}
}

func TestWhatIsNoKeyIsNotLookedUp(t *testing.T) {
	s := newCounting(t)
	k := NewStoredKeys(s, silent())
	key, _ := s.add(t, store.KeyScopeAdmin)
	for _, bad := range []string{
		"", "nm_", key[:len(key)-1], key + "A", key[1:], strings.ToUpper(key[:3]) + key[3:], key + "\n", " " + key, key[:len(key)-1] + "=", key[:len(key)-1] + "+",
		strings.Repeat(key, 300),
	} {
		wantError(t, k, bad, ErrUnknownKey)
	}
	s.wantReads(t, 0)
}

func TestGuessesDontBecomeTheStoresLoad(t *testing.T) {
	s, c := newCounting(t), &clock{}
	k := newStoredKeys(s, silent(), c.still())
	good, _ := s.add(t, store.KeyScopeRead)
	wantScope(t, k, good, ScopeRead)
	guess := func(times int) {
		var everyone sync.WaitGroup
		for range 10 {
			everyone.Go(func() {
				for range times / 10 {
					key, _ := NewKey()
					if _, err := k.Identity(t.Context(), key); !errors.Is(err, ErrUnknownKey) && !errors.Is(err, errTooManyKeys) {
						t.Error(err)
					}
				}
			})
		}
		everyone.Wait()
	}
	guess(5000)
	s.wantReads(t, guessBurst)
	fresh, _ := s.add(t, store.KeyScopeRead)
	wantError(t, k, fresh, errTooManyKeys)
	// Who is known goes on, also when the store is to be asked again.
	c.advance(keyAge - time.Second)
	wantScope(t, k, good, ScopeRead)
	s.wantReads(t, 0)
	guess(5000)
	s.wantReads(t, 4*guessRate)
	c.advance(time.Second)
	guess(5000)
	wantScope(t, k, good, ScopeRead)
	s.wantReads(t, guessRate+1)
	c.advance(time.Second)
	wantScope(t, k, fresh, ScopeRead)
	if len(k.known) != 2 {
		t.Errorf("%d keys are remembered", len(k.known))
	}
}

func TestFewKeysAreRemembered(t *testing.T) {
	k := NewStoredKeys(newCounting(t), silent())
	for range 5 * store.MaxKeys {
		_, hash := NewKey()
		k.use(knownKey{Key: store.Key{Hash: hash}, read: time.Now()}, time.Now())
		if _, known := k.remembered(hash); !known || len(k.known) > store.MaxKeys {
			t.Fatalf("%d keys are remembered", len(k.known))
		}
	}
}

func TestKeysWhileTheStoreIsAway(t *testing.T) {
	s, c := newCounting(t), &clock{}
	k := newStoredKeys(s, silent(), c.still())
	key, _ := s.add(t, store.KeyScopeRead)
	wantScope(t, k, key, ScopeRead)
	s.away.Store(true)
	wantScope(t, k, key, ScopeRead)
	c.advance(keyAge)
	wantError(t, k, key, monitor.ErrUnavailable)
	s.away.Store(false)
	wantScope(t, k, key, ScopeRead)
}

func TestLastUsedIsWrittenOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newCounting(t)
		var log bytes.Buffer
		k := NewStoredKeys(s, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { k.Run(ctx) })
		defer running.Wait()
		defer stop()
		key, id := s.add(t, store.KeyScopeRead)
		other := newStoredKeys(s, silent(), time.Now) // another process
		// use uses the key every second, by turns in both processes.
		use := func(seconds int) {
			for range seconds {
				wantScope(t, k, key, ScopeRead)
				synctest.Wait()
				wantScope(t, other, key, ScopeRead)
				time.Sleep(time.Second)
			}
		}
		touched := func(what string, times int64, last time.Time) {
			t.Helper()
			list, err := s.Keys(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n := s.touches.Swap(0); n != times || !list[0].LastUsed.Equal(last) || len(other.touches) != 0 {
				t.Errorf("%s: %d writes, last at %s, %d wait; want %d and %s", what, n, list[0].LastUsed, len(other.touches), times, last)
			}
		}
		start := time.Now()
		use(60)
		touched("in the first minute", 1, start)
		use(1)
		touched("after it", 1, start.Add(time.Minute))
		use(179)
		touched("in the next three", 2, start.Add(3*time.Minute))

		s.away.Store(true)
		k.touches <- touch{id, time.Now()}
		synctest.Wait()
		if s.touches.Load() != 1 || strings.Count(log.String(), "level=WARN") != 1 || !strings.Contains(log.String(), id) || strings.Contains(log.String(), "nm_") {
			t.Errorf("%d writes, log is:\n%s", s.touches.Load(), &log)
		}
	})
}

// TestWhatWaitsIsNotWrittenTwice reads a key again before its use is written.
func TestWhatWaitsIsNotWrittenTwice(t *testing.T) {
	s, c := newCounting(t), &clock{}
	k := newStoredKeys(s, silent(), c.still())
	key, _ := s.add(t, store.KeyScopeRead)
	for range 10 {
		wantScope(t, k, key, ScopeRead)
		c.advance(keyAge)
	}
	s.wantReads(t, 10)
	if n := len(k.touches); n != 1 {
		t.Errorf("%d writes wait", n)
	}
}

// TestNobodyWaitsForTouches uses many keys while nothing is written.
func TestNobodyWaitsForTouches(t *testing.T) {
	s := newCounting(t)
	k := NewStoredKeys(s, silent())
	for range 2 * maxTouches {
		key, _ := s.add(t, store.KeyScopeRead)
		wantScope(t, k, key, ScopeRead)
	}
	if n := len(k.touches); n != maxTouches {
		t.Errorf("%d writes wait", n)
	}
}
