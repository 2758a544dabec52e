package server

import (
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"nanomon/services/common/ratelimit"
	"nanomon/services/common/web"
)

const (
	// A client can send pingRate pings per second, and pingBurst at once.
	pingRate, pingBurst = 50, 300
	// A monitor can receive a ping every monitorPingInterval, and monitorPingBurst at once.
	monitorPingInterval, monitorPingBurst = 2 * time.Second, 60
)

var errTooManyPings = web.Problemf(http.StatusTooManyRequests, "too many pings; try again in a few seconds")

// pingLimits limits the pings of each client and each monitor, so that one job can't fill the store.
type pingLimits struct{ clients, monitors *ratelimit.Limiter }

func newPingLimits(now func() time.Time) pingLimits {
	return pingLimits{
		clients:  ratelimit.New(now, pingRate, pingBurst),
		monitors: ratelimit.New(now, rate.Every(monitorPingInterval), monitorPingBurst),
	}
}
