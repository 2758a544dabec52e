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

// Notification is an element of the API's list of notifications.
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

// Sent reports whether the notification was sent to every recipient.
func (n Notification) Sent() bool {
	isUnsent := func(d store.Delivery) bool { return d.Status != store.DeliverySent }
	return len(n.Deliveries) > 0 && !slices.ContainsFunc(n.Deliveries, isUnsent)
}

// Notifications returns the newest notifications, at most 1000, newest first.
func Notifications(t testing.TB, api string) []Notification {
	t.Helper()
	return Get[[]Notification](t, api+"/notifications?max=1000")
}

// SendTestNotification makes NanoMon send a test notification and returns it with its deliveries.
func SendTestNotification(t testing.TB, api string) Notification {
	t.Helper()
	status, body := Call(t, http.MethodPost, api+"/notifications/test", nil)
	var test Notification
	if err := json.Unmarshal(body, &test); err != nil || status != http.StatusOK {
		t.Fatalf("test notification: %d %s", status, body)
	}
	return test
}

// WaitForResults waits until each monitor has n results that are dated after this call.
func WaitForResults(t testing.TB, api string, n int, ids ...string) {
	t.Helper()
	from := time.Now()
	for _, id := range ids {
		Eventually(t, fmt.Sprintf("%d new results of monitor %s", n, id), func() bool {
			newest := Get[[]monitor.Result](t, fmt.Sprintf("%s/monitors/%s/results?max=%d", api, id, n))
			return len(newest) == n && newest[n-1].Date.After(from)
		})
	}
}
