package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"nanomon/services/common/store"
)

const (
	// apiKeyPrefix begins every API key. No provider's token begins with it.
	apiKeyPrefix = "nm_"
	// cacheTime is the maximum age of the keys in memory. A revoked key is accepted for at most cacheTime +
	// [RecheckInterval].
	cacheTime = 5 * time.Second
	// RecheckInterval is the time between two revocation checks of a long request, such as an event stream.
	RecheckInterval = 5 * time.Second
	// loadInterval is the minimum time between two loads that unknown keys cause. A key that another process creates is
	// accepted after that time.
	loadInterval = time.Second
	// loadTimeout limits one load.
	loadTimeout = 5 * time.Second
	// touchInterval is the minimum time between two writes of a key's last use.
	touchInterval = time.Minute
	// touchQueue limits the number of pending writes.
	touchQueue = 64
)

// apiKeyForm matches a complete key: the prefix and 32 bytes in Base64.
var apiKeyForm = regexp.MustCompile(`^` + apiKeyPrefix + `[A-Za-z0-9_-]{43}$`)

// ErrUnknownAPIKey means that a key does not exist or was revoked.
var ErrUnknownAPIKey error = tokenError("the API key is unknown or was revoked")

// NewAPIKey creates a random key and returns it with its hash for the store.
func NewAPIKey() (key string, hash [sha256.Size]byte) {
	var secret [32]byte
	rand.Read(secret[:])
	key = apiKeyPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return key, sha256.Sum256([]byte(key))
}

// APIKeyStore is the part of the store that [APIKeys] uses.
type APIKeyStore interface {
	Keys(ctx context.Context) ([]store.Key, error)
	TouchKey(ctx context.Context, id string, at time.Time) error
}

// APIKeys keeps all API keys of a store in memory, so that unknown keys cost nothing. Create it with [NewAPIKeys].
type APIKeys struct {
	store   APIKeyStore
	log     *slog.Logger
	now     func() time.Time
	touches chan touch

	// loading is locked during a load.
	loading sync.Mutex

	// mu protects the fields below.
	mu   sync.Mutex
	keys map[[sha256.Size]byte]store.Key
	// loaded is the start of the last successful load, and ended is the end of the last load, which returned loadErr.
	loaded, ended time.Time
	loadErr       error
	// changed is true if this process has created or revoked a key since the start of the last load.
	changed bool
}

// touch is one use of a key.
type touch struct {
	id string
	at time.Time
}

// NewAPIKeys returns the API keys of a store.
func NewAPIKeys(s APIKeyStore, log *slog.Logger) *APIKeys { return newAPIKeys(s, log, time.Now) }

func newAPIKeys(s APIKeyStore, log *slog.Logger, now func() time.Time) *APIKeys {
	return &APIKeys{store: s, log: log, now: now, touches: make(chan touch, touchQueue)}
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

// Changed makes this process read the keys again at the next use of a key. Call it after creating or revoking a key.
func (k *APIKeys) Changed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changed = true
}

// Identity returns the identity that key stands for. It returns [ErrUnknownAPIKey] if there is no such key, and the
// store's error if the keys in memory are too old and the store is unavailable.
func (k *APIKeys) Identity(ctx context.Context, key string) (Identity, error) {
	if !apiKeyForm.MatchString(key) {
		return Identity{}, ErrUnknownAPIKey
	}
	hash := sha256.Sum256([]byte(key))
	found, current := k.find(hash)
	if !current {
		if err := k.load(ctx); err != nil {
			return Identity{}, err
		}
		found, _ = k.find(hash)
	}
	if found.ID == "" {
		return Identity{}, ErrUnknownAPIKey
	}
	k.use(hash)
	id := Identity{ID: "key " + found.ID, Name: found.Name}
	switch found.Scope {
	case store.KeyScopeRead:
		id.Scope = ScopeRead
	case store.KeyScopeAdmin:
		id.Scope = ScopeAdmin
	}
	return id, nil
}

// find returns the key with this hash, or an empty one. It is current if it is known and the keys were read recently.
func (k *APIKeys) find(hash [sha256.Size]byte) (found store.Key, current bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, known := k.keys[hash]
	return found, known && !k.changed && k.now().Sub(k.loaded) < cacheTime
}

// load reads all keys. Calls during a load and until loadInterval after it share its result.
func (k *APIKeys) load(ctx context.Context) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	if shared, err := k.beginLoad(); shared {
		return err
	}
	started := k.now()
	// Other requests wait for this load, so it goes on when the client of this one disconnects.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
	defer cancel()
	list, err := k.store.Keys(ctx)
	k.endLoad(list, started, err)
	return err
}

// beginLoad returns the result of the last load if it can be shared.
func (k *APIKeys) beginLoad() (shared bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.changed && !k.ended.IsZero() && k.now().Sub(k.ended) < loadInterval {
		return true, k.loadErr
	}
	k.changed = false
	return false, nil
}

func (k *APIKeys) endLoad(list []store.Key, started time.Time, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended, k.loadErr = k.now(), err
	if err != nil {
		return
	}
	keys := make(map[[sha256.Size]byte]store.Key, len(list))
	for _, read := range list {
		if previous := k.keys[read.Hash]; previous.LastUsed.After(read.LastUsed) {
			read.LastUsed = previous.LastUsed // still in the queue
		}
		keys[read.Hash] = read
	}
	k.keys, k.loaded = keys, started
}

// use queues a write of a key's last use if one is due. While the queue is full, uses are not recorded.
func (k *APIKeys) use(hash [sha256.Size]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	used, now := k.keys[hash], k.now()
	if used.ID == "" || now.Sub(used.LastUsed) < touchInterval {
		return
	}
	select {
	case k.touches <- touch{used.ID, now}:
		used.LastUsed = now
		k.keys[hash] = used
	default:
	}
}
