package upgrade

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"nanomon/tests/support/servicetest"
)

// receiver is the host of the webhook that gets the notifications.
const receiver = "hooks.nanomon.test"

// behavior says how a target answers.
type behavior int

const (
	answers behavior = iota
	// refuses answers with the status 503.
	refuses
	// aborts closes the connection without an answer.
	aborts
)

// world is an HTTP proxy. It answers for all targets and for the receiver of notifications, so the monitors and notifications of
// the fixture keep their targets and recipients.
type world struct {
	url string

	mu sync.Mutex
	// behaviors says by host how a target answers.
	behaviors map[string]behavior
	// checks are all requests to targets. An answer contains the index of its check.
	checks []check
	// received are the notifications in the order of arrival.
	received []notification
}

// check is a request to a target.
type check struct {
	host string
	at   time.Time
}

// notification identifies the notification in the document of a webhook.
type notification struct{ ID, Kind string }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{behaviors: make(map[string]behavior)}
	proxy := httptest.NewServer(w)
	t.Cleanup(proxy.Close)
	w.url = proxy.URL
	return w
}

// settings returns the settings of a runner that uses the world. The fixture is old, so the retention is very long.
func (w *world) settings() map[string]string {
	return map[string]string{
		"HTTP_PROXY": w.url, "ALERT_WEBHOOK_URL": "http://" + receiver + "/ops",
		"RESULT_RETENTION": "1000000h", "ROLLUP_RETENTION": "1000000h",
	}
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.Host == receiver {
		w.receive(rw, r)
		return
	}
	w.mu.Lock()
	number, how := len(w.checks), w.behaviors[r.Host]
	w.checks = append(w.checks, check{r.Host, time.Now()})
	w.mu.Unlock()
	switch how {
	case aborts:
		panic(http.ErrAbortHandler)
	case refuses:
		rw.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintf(rw, "check %d: load 20", number)
}

func (w *world) receive(rw http.ResponseWriter, r *http.Request) {
	var n notification
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.received = append(w.received, n)
}

// set changes the behavior of the targets on hosts at once.
func (w *world) set(how behavior, hosts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, host := range hosts {
		w.behaviors[host] = how
	}
}

// allChecks returns the checks so far.
func (w *world) allChecks() []check {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.checks)
}

// waitChecks waits until each of the hosts has been checked n more times.
func (w *world) waitChecks(t *testing.T, n int, hosts ...string) {
	t.Helper()
	before := len(w.allChecks())
	servicetest.EventuallyWithin(t, time.Minute, fmt.Sprintf("%d more checks of each of %v", n, hosts), func() bool {
		counts := make(map[string]int)
		for _, c := range w.allChecks()[before:] {
			counts[c.host]++
		}
		return !slices.ContainsFunc(hosts, func(host string) bool { return counts[host] < n })
	})
}

// receivedIDs returns the ids of the notifications so far, sorted.
func (w *world) receivedIDs() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := make([]string, len(w.received))
	for i, n := range w.received {
		ids[i] = n.ID
	}
	slices.Sort(ids)
	return ids
}

// waitReceived waits until n notifications have arrived since the start.
func (w *world) waitReceived(t *testing.T, n int) {
	t.Helper()
	servicetest.EventuallyWithin(t, time.Minute, fmt.Sprintf("%d notifications", n), func() bool { return len(w.receivedIDs()) >= n })
}

// receivedKinds returns the kinds of the notifications so far, by id.
func (w *world) receivedKinds() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	kinds := make(map[string]string)
	for _, n := range w.received {
		kinds[n.ID] = n.Kind
	}
	return kinds
}
