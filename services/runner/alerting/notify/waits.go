package notify

import (
	"slices"
	"sync"
	"time"

	"nanomon/services/common/store"
)

// maxWait limits how long a recipient waits because its server asked for it.
const maxWait = time.Hour

// waits holds the recipients of one channel whose servers asked for no request for some time. It is safe for concurrent
// use.
type waits struct {
	now func() time.Time

	mu sync.Mutex
	// until holds the end of the wait by recipient.
	until map[string]time.Time
}

func newWaits(now func() time.Time) waits { return waits{now: now, until: make(map[string]time.Time)} }

// record makes a recipient wait, at most maxWait.
func (w *waits) record(to string, wait time.Duration) {
	if wait <= 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until[to] = w.now().Add(min(wait, maxWait))
}

// end returns the end of the wait of a recipient; zero if it never had to wait.
func (w *waits) end(to string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.until[to]
}

// withoutWaiting returns the deliveries whose recipients need not wait.
func (w *waits) withoutWaiting(ds []*store.Delivery) []*store.Delivery {
	return slices.DeleteFunc(slices.Clone(ds), func(d *store.Delivery) bool {
		waiting := w.end(d.To).After(w.now())
		if waiting && d.Answer == "" {
			d.Answer = "the server asked to wait before the next request"
		}
		return waiting
	})
}

// earliestAttempt returns the time at which the first pending delivery of n may be tried again, at least next.
func (o *Outbox) earliestAttempt(n store.Notification, next time.Time) time.Time {
	var earliest time.Time
	for _, d := range n.Deliveries {
		if d.Status != store.DeliveryPending {
			continue
		}
		at := next
		if c := o.channels[d.Channel]; c != nil && c.waits.end(d.To).After(next) {
			at = c.waits.end(d.To)
		}
		if earliest.IsZero() || at.Before(earliest) {
			earliest = at
		}
	}
	return earliest
}
