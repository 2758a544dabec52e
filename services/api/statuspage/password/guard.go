package password

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"nanomon/services/common/ratelimit"
	"nanomon/services/common/statuspage"
)

// The limits of wrong passwords, and of all checks. In any period, at most the burst and what the rate adds in it are
// possible.
const (
	// A client can be wrong 5 times at once, and then once a minute.
	clientBurst = 5
	clientRate  = rate.Limit(1) / 60
	// All clients together can be wrong 60 times in an hour for a page.
	pageBurst = 30
	pageRate  = rate.Limit(30) / 3600
	// All pages together check at most one password per second, which takes a quarter of a CPU core.
	checkBurst = 10
	checkRate  = rate.Limit(1)
	// queueTime is the maximum time that a check waits for the ones before it.
	queueTime = 10 * time.Second
)

// all is the key of the limit for all checks.
const all = ""

// Guard checks the passwords that visitors send, and limits how often. Create it with [NewGuard].
type Guard struct {
	now     func() time.Time
	matches func(hash, password string) bool
	// turn contains a value while a password is checked: one hash at a time leaves the other cores to everything else.
	turn                   chan struct{}
	clients, pages, checks *ratelimit.Limiter
}

// NewGuard returns a guard. now returns the time for limits and cookies.
func NewGuard(now func() time.Time) *Guard {
	return &Guard{
		now: now, matches: matches, turn: make(chan struct{}, 1),
		clients: ratelimit.New(now, clientRate, clientBurst),
		pages:   ratelimit.New(now, pageRate, pageBurst),
		checks:  ratelimit.New(now, checkRate, checkBurst),
	}
}

// Check reports whether a client has sent the password of a page. If wait is above zero, it has not checked the password,
// because there were too many attempts: the next one is possible after this time. The right password is refused then, too,
// so that guesses on many addresses do not help. Only wrong passwords count for the limits of the client and the page.
func (g *Guard) Check(ctx context.Context, page statuspage.Page, client, password string) (correct bool, wait time.Duration) {
	if wait := g.wait(page, client); wait > 0 {
		return false, wait
	}
	ctx, cancel := context.WithTimeout(ctx, queueTime)
	defer cancel()
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return false, queueTime
	}
	// The attempts before this one may have used up the limit.
	if wait := g.wait(page, client); wait > 0 {
		return false, wait
	}
	g.checks.Allow(all)
	if g.matches(page.PasswordHash, password) {
		return true, 0
	}
	g.clients.Allow(client)
	g.pages.Allow(page.ID)
	return false, 0
}

func (g *Guard) wait(page statuspage.Page, client string) time.Duration {
	return max(g.clients.Wait(client), g.pages.Wait(page.ID), g.checks.Wait(all))
}
