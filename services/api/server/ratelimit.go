package server

import (
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"nanomon/services/common/web"
)

const (
	// writeRate and writeBurst limit the write requests of a client, per second and at once.
	writeRate, writeBurst = 100, 500
	// maxClients limits the number of clients with a limiter. Beyond it, the limiter of the client that has been quiet
	// for the longest time is dropped: if this client comes back, it may do a whole burst again.
	maxClients = 10_000
)

// rateLimiter limits how often each client does something.
type rateLimiter struct {
	now func() time.Time
	// perSecond is how often a client may do it per second on average, and burst how often at once.
	perSecond rate.Limit
	burst     int
	clients   *lru.Cache[string, *rate.Limiter]
}

func newRateLimiter(now func() time.Time, perSecond rate.Limit, burst int) *rateLimiter {
	clients, err := lru.New[string, *rate.Limiter](maxClients)
	if err != nil {
		panic(err) // the only possible error is a size below 1
	}
	return &rateLimiter{now: now, perSecond: perSecond, burst: burst, clients: clients}
}

// middleware responds with 429 to a client that exceeds its limit.
func (l *rateLimiter) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.allow(clientOf(r)) {
			web.Error(w, r, web.Problemf(http.StatusTooManyRequests,
				"more than %d changes a second; try again in a second", writeRate))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allow reports whether a client may do it now, and counts that it does.
func (l *rateLimiter) allow(client string) bool { return l.limiter(client).AllowN(l.now(), 1) }

func (l *rateLimiter) limiter(client string) *rate.Limiter {
	// PeekOrAdd is one step, so requests of a client that come together get the same limiter.
	created := rate.NewLimiter(l.perSecond, l.burst)
	if existing, ok, _ := l.clients.PeekOrAdd(client, created); ok {
		l.clients.Get(client) // marks it as recently used
		return existing
	}
	return created
}
