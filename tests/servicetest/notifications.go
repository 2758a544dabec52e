package servicetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Notification is a message as the API lists it.
type Notification struct {
	ID          string
	Kind        store.NotificationKind
	Incident    int
	MonitorID   string `json:"monitor_id"`
	MonitorName string `json:"monitor_name"`
	Status      monitor.Status
	Message     string
	Next        time.Time
	Attempts    int
	Deliveries  []store.Delivery
}

// Sent reports whether everybody has got the message.
func (a Notification) Sent() bool {
	return len(a.Deliveries) > 0 && !slices.ContainsFunc(a.Deliveries, func(d store.Delivery) bool { return d.Status != store.DeliverySent })
}

// Alerts are the newest messages.
func Notifications(t testing.TB, api string) []Notification {
	t.Helper()
	return Get[[]Notification](t, api+"/notifications?max=1000")
}

// TestAlert has a test message sent, and returns what came of it.
func TestAlert(t testing.TB, api string) Notification {
	t.Helper()
	status, body := Call(t, http.MethodPost, api+"/notifications/test", nil)
	var test Notification
	if err := json.Unmarshal(body, &test); err != nil || status != http.StatusOK {
		t.Fatalf("the test message: %d %s", status, body)
	}
	return test
}

// MoreResults waits until each of the monitors has n results that are dated from now on.
func MoreResults(t testing.TB, api string, n int, ids ...string) {
	t.Helper()
	from := time.Now()
	for _, id := range ids {
		Eventually(t, "further results", func() bool {
			newest := Get[[]monitor.Result](t, fmt.Sprintf("%s/monitors/%s/results?max=%d", api, id, n))
			return len(newest) == n && newest[n-1].Date.After(from)
		})
	}
}
