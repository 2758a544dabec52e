package store

import (
	"crypto/sha256"
	"time"
)

// MaxKeys is how many API keys there may be.
const MaxKeys = 1000

// The scopes of a [Key].
const (
	// KeyReads sees what is there, but no secrets.
	KeyReads = "read"
	// KeyAdministers sees and changes everything.
	KeyAdministers = "admin"
)

// Key is what is kept of an API key, from which the key itself can't be had.
type Key struct {
	ID string `json:"id"`
	// Name is for people.
	Name string `json:"name"`
	// Scope is one of the scopes above.
	Scope   string    `json:"scope"`
	Created time.Time `json:"created"`
	// LastUsed is when it was last seen, to the minute or so; zero: never.
	LastUsed time.Time `json:"lastUsed,omitzero"`
	// Hash is the SHA-256 of the key.
	Hash [sha256.Size]byte `json:"-"`
}
