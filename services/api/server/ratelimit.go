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

// rateLimiter limits the write requests of each client.
type rateLimiter struct {
	now     func() time.Time
	clients *lru.Cache[string, *rate.Limiter]
}

func newRateLimiter(now func() time.Time) *rateLimiter {
	clients, err := lru.New[string, *rate.Limiter](maxClients)
	if err != nil {
		panic(err) // the only possible error is a size below 1
	}
	return &rateLimiter{now: now, clients: clients}
}

// middleware responds with 429 to a client that exceeds its limit.
func (l *rateLimiter) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.limiter(clientOf(r)).AllowN(l.now(), 1) {
			web.Error(w, r, web.Problemf(http.StatusTooManyRequests,
				"more than %d changes a second; try again in a second", writeRate))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (l *rateLimiter) limiter(client string) *rate.Limiter {
	created := rate.NewLimiter(writeRate, writeBurst)
	if existing, ok, _ := l.clients.PeekOrAdd(client, created); ok {
		l.clients.Get(client) // marks it as recently used
		return existing
	}
	return created
}
