package server

import (
	"net"
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"nanomon/services/common/web"
)

const (
	// writeRate and writeBurst are how many requests that change something a client may send a second, and at once.
	writeRate, writeBurst = 100, 500
	// maxClients is how many clients are remembered. One that is forgotten may send a burst again.
	maxClients = 10_000
)

// limit bounds what one client may change.
type limit struct {
	now     func() time.Time
	clients *lru.Cache[string, *rate.Limiter]
}

func newLimit(now func() time.Time) *limit {
	clients, err := lru.New[string, *rate.Limiter](maxClients)
	if err != nil {
		panic(err) // only a size below 1 is an error
	}
	return &limit{now: now, clients: clients}
}

// allow answers a client that sends too much with a 429.
func (l *limit) allow(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.client(r.RemoteAddr).AllowN(l.now(), 1) {
			web.Error(w, r, web.Problemf(http.StatusTooManyRequests, "more than %d changes a second; try again in a second", writeRate))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (l *limit) client(address string) *rate.Limiter {
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	fresh := rate.NewLimiter(writeRate, writeBurst)
	if known, ok, _ := l.clients.PeekOrAdd(address, fresh); ok {
		l.clients.Get(address) // it is in use
		return known
	}
	return fresh
}
