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
	// apiKeyPrefix begins every API key. No provider's token begins with it.
	apiKeyPrefix = "nm_"
	// cacheTime is the maximum age of a cached key. A revoked key is accepted for at most cacheTime +
	// [RecheckInterval].
	cacheTime = 5 * time.Second
	// RecheckInterval is the time between two revocation checks of a long request, such as an event stream.
	RecheckInterval = 5 * time.Second
	// touchInterval is the minimum time between two writes of a key's last use.
	touchInterval = time.Minute
	// unknownRate and unknownBurst limit the lookups of keys that are not cached, per second and at once. The burst
	// allows every existing key to be used right after a start.
	unknownRate, unknownBurst = 100, store.MaxKeys
	// touchQueue limits the number of pending writes.
	touchQueue = 64
)

// apiKeyForm matches a complete key: the prefix and 32 bytes in Base64.
var apiKeyForm = regexp.MustCompile(`^` + apiKeyPrefix + `[A-Za-z0-9_-]{43}$`)

// ErrUnknownAPIKey means that a key does not exist or was revoked.
var ErrUnknownAPIKey error = tokenError("the API key is unknown or was revoked")

var errTooManyUnknownKeys = web.Problemf(http.StatusTooManyRequests,
	"too many requests with unknown API keys; try again in a second")

// NewAPIKey creates a random key and returns it with its hash for the store.
func NewAPIKey() (key string, hash [sha256.Size]byte) {
	var secret [32]byte
	rand.Read(secret[:])
	key = apiKeyPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return key, sha256.Sum256([]byte(key))
}

// APIKeyStore is the part of the store that [APIKeys] uses.
type APIKeyStore interface {
	KeyByHash(ctx context.Context, hash [sha256.Size]byte) (store.Key, error)
	TouchKey(ctx context.Context, id string, at time.Time) error
}

// APIKeys looks up API keys in a store and caches them. Create it with [NewAPIKeys].
type APIKeys struct {
	store APIKeyStore
	log   *slog.Logger
	now   func() time.Time
	// lookups limits the lookups of keys that are not cached.
	lookups *rate.Limiter
	touches chan touch

	mu sync.Mutex
	// cache holds at most [store.MaxKeys] keys.
	cache map[[sha256.Size]byte]cachedKey
}

type cachedKey struct {
	store.Key
	// read is the time when the key was read from the store.
	read time.Time
}

// touch is one use of a key.
type touch struct {
	id string
	at time.Time
}

// NewAPIKeys returns the API keys of a store.
func NewAPIKeys(s APIKeyStore, log *slog.Logger) *APIKeys { return newAPIKeys(s, log, time.Now) }

func newAPIKeys(s APIKeyStore, log *slog.Logger, now func() time.Time) *APIKeys {
	return &APIKeys{
		store: s, log: log, now: now,
		lookups: rate.NewLimiter(unknownRate, unknownBurst), touches: make(chan touch, touchQueue),
		cache: make(map[[sha256.Size]byte]cachedKey),
	}
}

// Run writes the last use of keys to the store until ctx ends.
func (k *APIKeys) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case used := <-k.touches:
			if err := k.store.TouchKey(ctx, used.id, used.at); err != nil && ctx.Err() == nil {
				k.log.Warn("could not store the last use of an API key", "key_id", used.id, "error", err)
			}
		}
	}
}

// Identity returns the identity that key stands for. It returns [ErrUnknownAPIKey] if there is no such key, and a
// [web.Problem] after too many requests with unknown keys.
func (k *APIKeys) Identity(ctx context.Context, key string) (Identity, error) {
	if !apiKeyForm.MatchString(key) {
		return Identity{}, ErrUnknownAPIKey
	}
	hash, now := sha256.Sum256([]byte(key)), k.now()
	found, cached := k.cached(hash)
	if !cached && !k.lookups.AllowN(now, 1) {
		return Identity{}, errTooManyUnknownKeys
	}
	if !cached || now.Sub(found.read) >= cacheTime {
		read, err := k.store.KeyByHash(ctx, hash)
		if errors.Is(err, monitor.ErrNotFound) {
			k.forget(hash)
			return Identity{}, ErrUnknownAPIKey
		}
		if err != nil {
			return Identity{}, err
		}
		found = cachedKey{read, now}
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

func (k *APIKeys) cached(hash [sha256.Size]byte) (cachedKey, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, ok := k.cache[hash]
	return found, ok
}

func (k *APIKeys) forget(hash [sha256.Size]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.cache, hash)
}

// use caches a key and queues a write of its last use if one is due. While the queue is full, uses are not recorded.
func (k *APIKeys) use(used cachedKey, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	previous, cached := k.cache[used.Hash]
	if cached && previous.LastUsed.After(used.LastUsed) {
		used.LastUsed = previous.LastUsed // still in the queue
	}
	if now.Sub(used.LastUsed) >= touchInterval {
		select {
		case k.touches <- touch{used.ID, now}:
			used.LastUsed = now
		default:
		}
	}
	if !cached && len(k.cache) >= store.MaxKeys {
		clear(k.cache) // it contains revoked keys
	}
	k.cache[used.Hash] = used
}
