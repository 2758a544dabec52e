package engine

import (
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// TestClockOfTheAPIIsAhead: once the clock is right again, no ping is lost.
func TestClockOfTheAPIIsAhead(t *testing.T) {
	testPush(t, func(t *testing.T, p *pushTest) {
		ahead := func(ping *store.Ping) { ping.Received = ping.Received.Add(30 * time.Minute) }
		for range store.MaxPushPings {
			elapse(10 * time.Second)
			p.ping(store.PingStart, ahead)
			p.ping(store.PingSuccess, ahead)
		}
		p.until("00:05:00")
		p.ping(store.PingFail)
		p.until("00:06:00")
		if s := p.pushState(); s.Pings[0].Kind != store.PingFail || !s.Deadline.Equal(onFirstDay(t, "01:10:00")) {
			t.Errorf("push state %+v", s)
		}
		results := p.results()
		if last := results[len(results)-1]; len(results) != store.MaxPushPings+1 || last != "00:05:00 error The job reported a failure" {
			t.Errorf("%d results, the last is %q", len(results), last)
		}
		for _, r := range p.store.results {
			if r.Date.After(monitor.Date(time.Now())) || r.Status == monitor.StatusOK && r.Outputs["duration"] == nil {
				t.Errorf("result %+v", r)
			}
		}
	}, "every 1h")
}
