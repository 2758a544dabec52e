package server

import (
	"net/http"

	"nanomon/services/common/ratelimit"
	"nanomon/services/common/web"
)

// writeRate and writeBurst limit the write requests of a client, per second and at once.
const writeRate, writeBurst = 100, 500

// limitWrites is a middleware that responds with 429 to a client that exceeds its limit.
func limitWrites(limit *ratelimit.Limiter) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !limit.Allow(clientOf(r)) {
				web.Error(w, r, web.Problemf(http.StatusTooManyRequests,
					"more than %d changes a second; try again in a second", writeRate))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
