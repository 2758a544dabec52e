package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// keyPrefix begins every API key, and no token of a provider.
	keyPrefix = "nm_"
	// keyAge is for how long the store isn't asked again for a key. With [KeyPause] it bounds how long a revoked one is good.
	keyAge = 5 * time.Second
	// KeyPause is how often something that goes on, such as a stream, is to ask whether its key was revoked.
	KeyPause = 5 * time.Second
	// touchPause is the least time between two writes of when a key was last used.
	touchPause = time.Minute
	// guessRate and guessBurst are how many keys that are not known here the store is asked for a second, and at once: after a
	// start it may be all that there are.
	guessRate, guessBurst = 100, store.MaxKeys
	// maxTouches is how many writes may wait.
	maxTouches = 64
)

// keyForm is that of a whole key: after the prefix 32 bytes in Base64.
var keyForm = regexp.MustCompile(`^` + keyPrefix + `[A-Za-z0-9_-]{43}$`)

// ErrUnknownKey is that of a key that was never made, or was revoked.
var ErrUnknownKey error = refusal("the API key is unknown or was revoked")

var errTooManyKeys = web.Problemf(http.StatusTooManyRequests, "too many unknown API keys are tried; try again in a second")

// NewKey makes a key, and its hash for the store.
func NewKey() (key string, hash [sha256.Size]byte) {
	var secret [32]byte
	rand.Read(secret[:])
	key = keyPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return key, sha256.Sum256([]byte(key))
}

// KeyStore is what [StoredKeys] need of a store.
type KeyStore interface {
	KeyByHash(ctx context.Context, hash [sha256.Size]byte) (store.Key, error)
	TouchKey(ctx context.Context, id string, at time.Time) error
}

// StoredKeys are the API keys of a store. Make them with [NewStoredKeys].
type StoredKeys struct {
	store KeyStore
	log   *slog.Logger
	now   func() time.Time
	// guesses bounds the questions for keys that are not known here.
	guesses *rate.Limiter
	touches chan touch

	mu sync.Mutex
	// known are keys that were in the store when it was last asked for them, at most [store.MaxKeys].
	known map[[sha256.Size]byte]knownKey
}

type knownKey struct {
	store.Key
	// read is when the store was asked for it.
	read time.Time
}

// touch says when a key was used.
type touch struct {
	id string
	at time.Time
}

// NewStoredKeys makes the keys of a store.
func NewStoredKeys(s KeyStore, log *slog.Logger) *StoredKeys { return newStoredKeys(s, log, time.Now) }

func newStoredKeys(s KeyStore, log *slog.Logger, now func() time.Time) *StoredKeys {
	return &StoredKeys{
		store: s, log: log, now: now, guesses: rate.NewLimiter(guessRate, guessBurst), touches: make(chan touch, maxTouches),
		known: make(map[[sha256.Size]byte]knownKey),
	}
}

// Run writes to the store when keys were last used, until ctx ends.
func (k *StoredKeys) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case used := <-k.touches:
			if err := k.store.TouchKey(ctx, used.id, used.at); err != nil && ctx.Err() == nil {
				k.log.Warn("the last use of an API key can't be written", "id", used.id, "error", err)
			}
		}
	}
}

// Identity is who uses key; [ErrUnknownKey] if there is no such key, and a [web.Problem] if too many such were tried.
func (k *StoredKeys) Identity(ctx context.Context, key string) (Identity, error) {
	if !keyForm.MatchString(key) {
		return Identity{}, ErrUnknownKey
	}
	hash, now := sha256.Sum256([]byte(key)), k.now()
	found, known := k.remembered(hash)
	if !known && !k.guesses.AllowN(now, 1) {
		return Identity{}, errTooManyKeys
	}
	if !known || now.Sub(found.read) >= keyAge {
		read, err := k.store.KeyByHash(ctx, hash)
		if errors.Is(err, monitor.ErrNotFound) {
			k.forget(hash)
			return Identity{}, ErrUnknownKey
		}
		if err != nil {
			return Identity{}, err
		}
		found = knownKey{read, now}
	}
	k.use(found, now)
	id := Identity{Name: found.Name}
	switch found.Scope {
	case store.KeyScopeRead:
		id.Scope = ScopeRead
	case store.KeyScopeAdmin:
		id.Scope = ScopeAdmin
	}
	return id, nil
}

func (k *StoredKeys) remembered(hash [sha256.Size]byte) (knownKey, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, known := k.known[hash]
	return found, known
}

func (k *StoredKeys) forget(hash [sha256.Size]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, hash)
}

// use remembers a key, and has its use written if that is due. Where too much waits to be written, the next use is.
func (k *StoredKeys) use(used knownKey, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	before, known := k.known[used.Hash]
	if known && before.LastUsed.After(used.LastUsed) {
		used.LastUsed = before.LastUsed // it is not written yet
	}
	if now.Sub(used.LastUsed) >= touchPause {
		select {
		case k.touches <- touch{used.ID, now}:
			used.LastUsed = now
		default:
		}
	}
	if !known && len(k.known) >= store.MaxKeys {
		clear(k.known) // some were revoked
	}
	k.known[used.Hash] = used
}
