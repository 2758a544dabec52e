// Package auth identifies the sender of a request and restricts routes to permitted senders.
package auth

import (
	"context"
	"time"
)

// Scope is a permission level. A higher scope includes the lower ones.
type Scope int

// The scopes.
const (
	// ScopeNone is the scope of senders that have not signed in, or have no permission.
	ScopeNone Scope = iota
	// ScopeRead permits reading everything except secrets.
	ScopeRead
	// ScopeAdmin permits reading and changing everything.
	ScopeAdmin
)

// Identity is the sender of a request.
type Identity struct {
	// ID tells senders apart, for limits; empty if the sender has not signed in, or its token names nobody.
	ID string
	// Name is for display; empty if the sender has not signed in.
	Name  string
	Scope Scope
	// Expires is the time when the identity stops being valid; zero if it does not expire.
	Expires time.Time
	// Revoked reports whether the identity was revoked; nil if it can't be. Long requests call it every
	// [RecheckInterval].
	Revoked func(context.Context) bool
}

type contextKey struct{}

// FromContext returns the identity that [Middleware] found for the request of ctx. While sign-in is off, its scope is
// admin. For a route without the middleware, the scope is none.
func FromContext(ctx context.Context) Identity {
	id, _ := ctx.Value(contextKey{}).(Identity)
	return id
}

// NewContext returns a copy of ctx with an identity, for [FromContext].
func NewContext(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, id)
}
