package store

import (
	"crypto/sha256"
	"time"
)

// MaxKeys is the maximum number of API keys.
const MaxKeys = 1000

// The scopes of a [Key].
const (
	// KeyScopeRead allows reading everything except secrets.
	KeyScopeRead = "read"
	// KeyScopeAdmin allows reading and changing everything.
	KeyScopeAdmin = "admin"
)

// Key is a stored API key. The key itself is not stored, only its hash.
type Key struct {
	ID string `json:"id"`
	// Name is a label that the administrator chose.
	Name string `json:"name"`
	// Scope is KeyScopeRead or KeyScopeAdmin.
	Scope   string    `json:"scope"`
	Created time.Time `json:"created"`
	// LastUsed is the time of the last use, accurate to about a minute; zero if the key was never used.
	LastUsed time.Time `json:"lastUsed,omitzero"`
	// Hash is the SHA-256 of the key.
	Hash [sha256.Size]byte `json:"-"`
}
