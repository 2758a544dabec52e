package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

// periods returns the stored receiving periods as texts: the seconds of their start and end after start, rounded, and
// whether the process has ended in an orderly way.
func periods(t *testing.T, s *failingStore, start time.Time) (texts []string) {
	t.Helper()
	list, err := s.ReceivingPeriods(t.Context(), time.Time{})
	must(t, err)
	for _, p := range list {
		text := fmt.Sprintf("%.1f to %.1f", p.From.Sub(start).Seconds(), p.To.Sub(start).Seconds())
		if p.Ended {
			text += " ended"
		}
		if p.Process != "api:8000" {
			text += " of " + p.Process
		}
		texts = append(texts, text)
	}
	return texts
}

// failingStore is a store that can be made unavailable.
type failingStore struct {
	Store
	receivedPeriods
	unavailable atomic.Bool
	// slow delays the next ping.
	slow atomic.Int64
}

type receivedPeriods interface {
	ReceivingPeriods(ctx context.Context, since time.Time) ([]store.ReceivingPeriod, error)
}

func (s *failingStore) Monitors(ctx context.Context) ([]monitor.Monitor, error) {
	if s.unavailable.Load() {
		return nil, errUnavailable
	}
	return s.Store.Monitors(ctx)
}

func (s *failingStore) PutReceivingPeriod(ctx context.Context, p store.ReceivingPeriod) error {
	if s.unavailable.Load() {
		return errUnavailable
	}
	return s.Store.PutReceivingPeriod(ctx, p)
}

func (s *failingStore) AddPing(ctx context.Context, p store.Ping) error {
	if delay := time.Duration(s.slow.Swap(0)); delay > 0 {
		time.Sleep(delay) // in a bubble
	}
	if s.unavailable.Load() {
		return errUnavailable
	}
	return s.Store.AddPing(ctx, p)
}

var pushMonitor = monitor.Monitor{ID: idA, Name: "backup", Type: "push", Interval: "1h", Target: "every 1h", Enabled: true, Updated: base}

// TestReceivingPeriods runs the receiver for some time in each case, and compares the stored periods.
func TestReceivingPeriods(t *testing.T) {
	ping := func(r *pingReceiver, s *failingStore) {
		p := store.Ping{ID: monitor.NewID(time.Now()), MonitorID: idA, Received: monitor.Date(time.Now()), Kind: store.PingSuccess}
		end := r.begin(p)
		end(!isLost(s.AddPing(context.Background(), p)))
	}
	for name, c := range map[string]struct {
		run  func(r *pingReceiver, s *failingStore)
		want []string
	}{
		"pings are stored": {func(r *pingReceiver, s *failingStore) {
			time.Sleep(7 * time.Second)
			ping(r, s)
			time.Sleep(14500 * time.Millisecond)
		}, []string{"0.0 to 21.5 ended"}},
		"the store is unavailable without a ping": {func(r *pingReceiver, s *failingStore) {
			time.Sleep(7 * time.Second)
			s.unavailable.Store(true)
			time.Sleep(6 * time.Second) // the extension after 10 s fails
			s.unavailable.Store(false)
			time.Sleep(9 * time.Second)
		}, []string{"0.0 to 5.0", "15.0 to 22.0 ended"}},
		"a ping is lost between two extensions": {func(r *pingReceiver, s *failingStore) {
			time.Sleep(7 * time.Second)
			s.unavailable.Store(true)
			ping(r, s)
			s.unavailable.Store(false)
			time.Sleep(4 * time.Second)
		}, []string{"0.0 to 5.0", "10.0 to 11.0 ended"}},
		"a slow ping is lost after an extension": {func(r *pingReceiver, s *failingStore) {
			time.Sleep(9 * time.Second)
			s.slow.Store(int64(2 * time.Second))
			go ping(r, s)
			time.Sleep(1500 * time.Millisecond)
			s.unavailable.Store(true)
			time.Sleep(time.Second)
			s.unavailable.Store(false)
			time.Sleep(4 * time.Second)
		}, []string{"0.0 to 9.0", "15.0 to 15.5 ended"}},
		"a ping is lost before the first period": {func(r *pingReceiver, s *failingStore) {
			s.unavailable.Store(true)
			time.Sleep(2 * time.Second)
			ping(r, s)
			time.Sleep(5 * time.Second)
			s.unavailable.Store(false)
			time.Sleep(5 * time.Second)
		}, []string{"0.0 to 0.0", "10.0 to 12.0 ended"}},
		"a ping is slow before the first period": {func(r *pingReceiver, s *failingStore) {
			s.unavailable.Store(true)
			time.Sleep(9 * time.Second)
			s.slow.Store(int64(2 * time.Second))
			go ping(r, s)
			time.Sleep(500 * time.Millisecond)
			s.unavailable.Store(false)
			time.Sleep(7 * time.Second)
		}, []string{"9.0 to 16.5 ended"}},
		"a ping is lost just before the service stops": {func(r *pingReceiver, s *failingStore) {
			time.Sleep(7 * time.Second)
			s.unavailable.Store(true)
			ping(r, s)
			s.unavailable.Store(false)
		}, []string{"0.0 to 5.0", "7.0 to 7.0 ended"}},
		"the store is unavailable when the service stops": {func(r *pingReceiver, s *failingStore) {
			time.Sleep(7 * time.Second)
			s.unavailable.Store(true)
		}, []string{"0.0 to 5.0"}},
		"the service stops while a ping is slow": {func(r *pingReceiver, s *failingStore) {
			time.Sleep(6 * time.Second)
			s.slow.Store(int64(time.Second))
			go ping(r, s)
			time.Sleep(500 * time.Millisecond)
		}, []string{"0.0 to 6.0"}},
		"there is no push monitor any more": {func(r *pingReceiver, s *failingStore) {
			time.Sleep(7 * time.Second)
			r.setNeeded(false)
			time.Sleep(4 * time.Second)
			r.setNeeded(true)
			time.Sleep(2 * time.Second)
		}, []string{"0.0 to 5.0", "11.0 to 13.0 ended"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := openStore(t)
				s := &failingStore{Store: db, receivedPeriods: db}
				must(t, s.CreateMonitor(t.Context(), pushMonitor))
				start := time.Now()
				receiveDuring(t, s, func(r *pingReceiver) { c.run(r, s) })
				time.Sleep(2 * time.Second) // slow pings end
				same(t, "periods", periods(t, s, start), c.want)
			})
		})
	}
}

// receiveDuring runs a receiver until during returns.
func receiveDuring(t *testing.T, s *failingStore, during func(r *pingReceiver)) {
	t.Helper()
	r := newPingReceiver(s, "api:8000", probe.All(probe.Guard{}), slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.run(ctx)
	}()
	during(r)
	stop()
	<-ended
	r.stop(t.Context())
}

// TestPushMonitorsAreFoundWhenTheStoreWorksAgain starts the receiver while the store is unavailable. No monitor changes.
func TestPushMonitorsAreFoundWhenTheStoreWorksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openStore(t)
		s := &failingStore{Store: db, receivedPeriods: db}
		must(t, s.CreateMonitor(t.Context(), pushMonitor))
		s.unavailable.Store(true)
		start := time.Now()
		receiveDuring(t, s, func(*pingReceiver) {
			time.Sleep(7 * time.Second)
			s.unavailable.Store(false)
			time.Sleep(9 * time.Second)
		})
		same(t, "periods", periods(t, s, start), []string{"10.0 to 16.0 ended"})
	})
}

func TestReceivingPeriodEndsWithTheProcess(t *testing.T) {
	r := newPingReceiver(nil, "api:8000", nil, slog.New(slog.DiscardHandler))
	r.needed = true
	next := func(now time.Time) store.ReceivingPeriod {
		list, _ := r.next(now, false)
		return list[0]
	}
	first := next(base)
	r.period = first
	second := next(base.Add(maxReceivingGap))
	same(t, "extension", second, store.ReceivingPeriod{ID: first.ID, Process: "api:8000", From: base, To: base.Add(maxReceivingGap)})
	for name, now := range map[string]time.Time{
		"after a suspension": base.Add(maxReceivingGap + time.Millisecond), "after the clock was set back": base.Add(-time.Millisecond),
	} {
		p := next(now)
		if p.ID == first.ID || !p.From.Equal(now) || !p.To.Equal(now) {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// TestNoPeriodWithoutPushMonitors checks that an installation without push monitors stores no periods.
func TestNoPeriodWithoutPushMonitors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openStore(t)
		s := &failingStore{Store: db, receivedPeriods: db}
		must(t, s.CreateMonitor(t.Context(), monitorA))
		r := newPingReceiver(s, "api:8000", probe.All(probe.Guard{}), slog.New(slog.DiscardHandler))
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		r.run(ctx)
		same(t, "periods", periods(t, s, time.Now()), []string(nil))
	})
}

func TestLostPings(t *testing.T) {
	for err, want := range map[error]bool{
		nil: false, errUnavailable: true, context.DeadlineExceeded: true, errors.New("disk on fire"): true,
		errTooManyPings: false, errUnknownPingURL: false, monitor.ErrNotFound: false, monitor.Invalidf("too long"): false,
	} {
		same(t, fmt.Sprint(err), isLost(err), want)
	}
}

func TestPingsAreLimited(t *testing.T) { synctest.Test(t, testPingLimits) } // pings wait for a commit

func testPingLimits(t *testing.T) {
	s := openStore(t)
	server := newServer(s)
	now := time.Now()
	for _, r := range server.resources {
		if h, ok := r.(*pingHandler); ok {
			h.limits = newPingLimits(func() time.Time { return now })
		}
	}
	h := conformingHandler(t, server)
	for i, id := range []string{idA, idB} {
		must(t, s.CreateMonitor(t.Context(), monitor.Monitor{ID: id, Name: "job", Type: "push", Interval: "1h", Target: "every 1h", Enabled: true, Updated: base}))
		must(t, s.PutPingURL(t.Context(), id, []string{canary, otherUUID}[i]))
	}
	accepted := func(address, uuid string, max int) (n int) {
		for range max {
			r := httptest.NewRequest("GET", "/api/push/"+uuid, nil)
			r.RemoteAddr = address + ":5"
			w := serve(h, r)
			if w.Code == 200 || w.Code == 404 {
				n++
			} else if w.Code != 429 || w.Header().Get("Retry-After") == "" {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
		}
		return n
	}
	same(t, "pings of a monitor at once", accepted("192.0.2.1", canary, 100), monitorPingBurst)
	same(t, "pings of another monitor at once", accepted("192.0.2.1", otherUUID, 10), 10)
	now = now.Add(10 * time.Second)
	same(t, "pings of the monitor after ten seconds", accepted("192.0.2.2", canary, 100), 5)
	const unknown = "00000000-0000-4000-8000-000000000000"
	same(t, "requests of a client at once", accepted("192.0.2.3", unknown, 1000), pingBurst)
	same(t, "pings of this client", accepted("192.0.2.3", otherUUID, 1), 0)
	same(t, "pings of another client", accepted("192.0.2.4", otherUUID, 1), 1)
	now = now.Add(time.Second)
	same(t, "requests of the client after a second", accepted("192.0.2.3", unknown, 1000), pingRate)
}
