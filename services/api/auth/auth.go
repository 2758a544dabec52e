// Package auth tells who sends a request, and lets only those through to a route who may use it.
package auth

import (
	"context"
	"time"
)

// Scope is what somebody may do; a higher one includes the lower ones.
type Scope int

// The scopes.
const (
	// ScopeNone is that of whoever has not signed in, or has signed in and been given nothing.
	ScopeNone Scope = iota
	// ScopeRead sees what is there, but no secrets.
	ScopeRead
	// ScopeAdmin sees and changes everything.
	ScopeAdmin
)

// Identity is who sends a request.
type Identity struct {
	// Name is for people; empty for whoever has not signed in.
	Name  string
	Scope Scope
	// Until is when it stops being good; zero: it does not.
	Until time.Time
	// Revoked reports whether it has stopped being good before; nil: it does not. Who goes on for long asks every [KeyPause].
	Revoked func(context.Context) bool
}

type identityKey struct{}

// From is the identity that a [Gate] found for the request of ctx: of the scope admin while sign-in is off, and of the scope none
// where no gate was passed.
func From(ctx context.Context) Identity {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id
}

// With is ctx with an identity, for [From].
func With(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}
