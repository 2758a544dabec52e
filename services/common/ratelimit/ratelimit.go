// Package ratelimit limits how often clients do something.
package ratelimit

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// MaxKeys limits the number of keys with a limiter. Beyond it, the limiter of the key that has been quiet for the longest
// time is dropped: if this key comes back, it may do a whole burst again.
const MaxKeys = 10_000

// Limiter limits how often something is done for each key, such as the address of a client. Create it with [New].
type Limiter struct {
	now       func() time.Time
	perSecond rate.Limit
	burst     int
	keys      *lru.Cache[string, *rate.Limiter]
}

// New returns a limiter. For each key, it allows perSecond times per second on average, and burst times at once.
func New(now func() time.Time, perSecond rate.Limit, burst int) *Limiter {
	keys, err := lru.New[string, *rate.Limiter](MaxKeys)
	if err != nil {
		panic(err) // the only possible error is a size below 1
	}
	return &Limiter{now: now, perSecond: perSecond, burst: burst, keys: keys}
}

// Allow reports whether it may be done for a key now, and counts that it is done.
func (l *Limiter) Allow(key string) bool { return l.of(key).AllowN(l.now(), 1) }

// Wait returns the time until it may be done for a key; 0 if it may be done now. It counts nothing.
func (l *Limiter) Wait(key string) time.Duration {
	missing := 1 - l.of(key).TokensAt(l.now())
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing / float64(l.perSecond) * float64(time.Second))
}

// Len returns the number of keys with a limiter.
func (l *Limiter) Len() int { return l.keys.Len() }

func (l *Limiter) of(key string) *rate.Limiter {
	// PeekOrAdd is one step, so that calls for a key that come together get the same limiter.
	created := rate.NewLimiter(l.perSecond, l.burst)
	if existing, ok, _ := l.keys.PeekOrAdd(key, created); ok {
		l.keys.Get(key) // marks it as recently used
		return existing
	}
	return created
}
