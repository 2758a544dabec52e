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
	// maxClients limits the number of clients with a limiter. The least recently active one is dropped and gets a new
	// burst.
	maxClients = 10_000
)

// rateLimiter limits how often each client does something.
type rateLimiter struct {
	now     func() time.Time
	rate    rate.Limit
	burst   int
	clients *lru.Cache[string, *rate.Limiter]
}

// newRateLimiter returns a limiter that allows this rate per second, and the burst at once.
func newRateLimiter(now func() time.Time, limit rate.Limit, burst int) *rateLimiter {
	clients, err := lru.New[string, *rate.Limiter](maxClients)
	if err != nil {
		panic(err) // the only possible error is a size below 1
	}
	return &rateLimiter{now: now, rate: limit, burst: burst, clients: clients}
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

// allow reports whether a client may do it once more.
func (l *rateLimiter) allow(client string) bool { return l.limiter(client).AllowN(l.now(), 1) }

func (l *rateLimiter) limiter(client string) *rate.Limiter {
	created := rate.NewLimiter(l.rate, l.burst)
	if existing, ok, _ := l.clients.PeekOrAdd(client, created); ok {
		l.clients.Get(client) // marks it as recently used
		return existing
	}
	return created
}
