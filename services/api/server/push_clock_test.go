package server

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

// wrongClock is a clock that is ahead of the system clock.
type wrongClock struct{ ahead atomic.Int64 }

func (c *wrongClock) Now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *wrongClock) Correct(d time.Duration) { c.ahead.Add(int64(d)) }

// wrongTimeStore is a store whose own clock is ahead.
type wrongTimeStore struct {
	Store
	ahead time.Duration
}

func (s wrongTimeStore) Now(context.Context) (time.Time, error) { return time.Now().Add(s.ahead), nil }

// TestPingsHaveCorrectedDates lets the clocks of the API, of the store and of two runners differ. One runner has stopped.
func TestPingsHaveCorrectedDates(t *testing.T) {
	for name, c := range map[string]struct{ api, store, runner, want time.Duration }{
		"all are right":         {0, 0, 0, 0},
		"the API is ahead":      {30 * time.Minute, 0, 0, 0},
		"the API is behind":     {-30 * time.Minute, 0, 0, 0},
		"the API is a bit late": {-8 * time.Second, 0, 0, -8 * time.Second},
		"the store is wrong":    {0, time.Hour, 0, 0},
		"the runner is wrong":   {0, 0, time.Hour, 0},
		"the others agree":      {0, time.Hour, time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := openStore(t)
				must(t, db.CreateMonitor(t.Context(), pushMonitor))
				must(t, db.PutPingURL(t.Context(), idA, canary))
				beat := func(id string) {
					must(t, db.PutHeartbeat(t.Context(), store.Runner{ID: id, LastSeen: monitor.Date(time.Now().Add(c.runner))}))
				}
				beat("stopped")
				own := new(wrongClock)
				own.Correct(c.api)
				server := New(Config{Clock: own}, wrongTimeStore{db, c.store}, probe.All(probe.Guard{}), slog.New(slog.DiscardHandler))
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					server.pings.run(ctx)
				}()
				for range 8 {
					beat("live")
					time.Sleep(3 * time.Second)
				}
				want := time.Now().Add(c.want)
				same(t, "status", serve(conformingHandler(t, server), httptest.NewRequest("GET", "/api/push/"+canary, nil)).Code, 200)
				stop()
				<-ended
				pings, err := db.Pings(t.Context(), nil, 10)
				must(t, err)
				if d := pings[0].Received.Sub(want); d.Abs() > 3*time.Second {
					t.Errorf("ping is dated %s too late", d)
				}
				periods, err := db.ReceivingPeriods(t.Context(), time.Time{})
				must(t, err)
				if !slices.ContainsFunc(periods, func(p store.ReceivingPeriod) bool { return p.To.Sub(want).Abs() < 3*time.Second }) {
					t.Errorf("no receiving period ends at %s: %v", want, periods)
				}
			})
		})
	}
}
