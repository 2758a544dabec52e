package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

func (a *api) addNotifications(notifications ...store.Notification) {
	a.t.Helper()
	_, err := a.store.AddNotifications(a.t.Context(), notifications)
	must(a.t, err)
}

func notificationN(monitorID string, n int) store.Notification {
	date := time.Date(2026, 1, 15, 10, 0, n, 0, time.UTC)
	return store.Notification{
		ID: store.NotificationID(monitorID, n, store.KindOpened, 0), MonitorID: monitorID, MonitorName: "Shop", MonitorType: "http",
		MonitorTarget: "http://localhost/", Incident: n, Kind: store.KindOpened, Status: monitor.StatusFailed, Message: "no answer",
		Opened: date.Add(-time.Minute), Date: date, Next: date,
	}
}

func TestOptionalNotificationFields(t *testing.T) {
	a := startAPI(t, nil)
	reminder := notificationN(idA, 1)
	reminder.ID, reminder.Kind, reminder.Dependents = store.NotificationID(idA, 1, store.KindReminder, 12), store.KindReminder, 3
	offline := store.Notification{Kind: store.KindRunnerOffline, Runner: "shop-1", Opened: reminder.Opened, Date: reminder.Date.Add(-time.Second)}
	offline.ID = store.RunnerNotificationID(offline.Kind, offline.Opened)
	a.addNotifications(reminder, offline)
	listed := decodeAs[[]notificationResponse](t, a.do("GET", "/api/notifications", ""))
	same(t, "number", len(listed), 2)
	same(t, "reminder", []any{listed[0].Reminder, listed[0].Dependents, listed[0].Runner}, []any{12, 3, ""})
	same(t, "runner offline", []any{listed[1].Kind, listed[1].Reminder, listed[1].Dependents, listed[1].Runner}, []any{store.KindRunnerOffline, 0, 0, "shop-1"})
	next := a.do("GET", "/api/notifications?max=1", "").header.Get("Link")
	path, _, _ := strings.Cut(strings.TrimPrefix(next, "<"), ">")
	same(t, "next page", decodeAs[[]notificationResponse](t, a.do("GET", path, ""))[0].ID, offline.ID)
}

func TestListNotifications(t *testing.T) {
	a := startAPI(t, nil)
	same(t, "empty list", string(a.do("GET", "/api/notifications", "").body), "[]\n")
	var want []string
	for n := range 5 {
		notification := notificationN([]string{idA, idB}[n%2], n)
		a.addNotifications(notification)
		want = append([]string{notification.ID}, want...)
	}
	sent := notificationN(idA, 4)
	sent.Attempts, sent.Next = 1, time.Time{}
	sent.Deliveries = []store.Delivery{{Channel: "email", To: "a@example.org", Status: store.DeliverySent, Answer: "250 OK", Tried: sent.Date}}
	must(t, a.store.PutDeliveries(t.Context(), sent))

	first := a.do("GET", "/api/notifications?max=1", "")
	same(t, "newest", strings.TrimSpace(string(first.body)), `[{"id":"`+sent.ID+`","kind":"alert","incident":4,"monitor_id":"`+idA+
		`","monitor_name":"Shop","monitor_target":"http://localhost/","status":2,"message":"no answer","value":0,`+
		`"opened":"2026-01-15T09:59:04Z","date":"2026-01-15T10:00:04Z","attempts":1,`+
		`"deliveries":[{"channel":"email","to":"a@example.org","status":"sent","answer":"250 OK","tried":"2026-01-15T10:00:04Z"}]}]`)
	for path, ids := range map[string][]string{
		"/api/notifications":                                                         want,
		"/api/notifications?max=2":                                                   want,
		"/api/notifications?monitor=" + idB:                                          {want[1], want[3]},
		"/api/notifications?monitor=" + strings.ToUpper(idB):                         {want[1], want[3]},
		"/api/notifications?max=1&monitor=" + idB:                                    {want[1], want[3]},
		"/api/notifications?monitor=0123456789abcdef01234567":                        {},
		"/api/notifications?from=2026-01-15T10:00:02Z":                               {want[0], want[1], want[2]},
		"/api/notifications?to=2026-01-15T10:00:02Z":                                 {want[3], want[4]},
		"/api/notifications?max=1&from=2026-01-15T10:00:01Z&to=2026-01-15T10:00:04Z": {want[1], want[2], want[3]},
		"/api/notifications?from=2026-01-15T10:00:05Z":                               {},
	} {
		got := []string{}
		for path != "" {
			page := a.do("GET", path, "")
			for _, notification := range decodeAs[[]notificationResponse](t, page) {
				got = append(got, notification.ID)
			}
			next, _, _ := strings.Cut(strings.TrimPrefix(page.header.Get("Link"), "<"), ">")
			path = next
		}
		same(t, "ids", got, ids)
	}
	for path, detail := range map[string]string{
		"/api/notifications?from=today":                                        "from must be a date in RFC 3339, for example 2026-01-31T08:30:00Z",
		"/api/notifications?from=2026-01-15T10:00:02Z&to=2026-01-15T10:00:01Z": "from must be before to",
		"/api/notifications?max=0":                                             "max must be between 1 and 1000",
		"/api/notifications?monitor=x":                                         "monitor must be an id of 24 hexadecimal digits",
		"/api/notifications?cursor=nope":                                       "cursor is invalid; use the address in the header Link of the previous page",
	} {
		a.do("GET", path, "").wantProblem(t, 400, detail)
	}
}

func TestTestNotification(t *testing.T) {
	a := startAPI(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- sendNext(ctx, a.store) }()
	got := decodeAs[notificationResponse](t, a.do("POST", "/api/notifications/test", ""))
	must(t, <-done)
	if got.Kind != store.KindTest || len(got.Deliveries) != 1 || got.Deliveries[0].Answer != "550 no such user" {
		t.Errorf("response is %+v", got)
	}
}

// sendNext finishes the first notification that is due, as a runner does.
func sendNext(ctx context.Context, s Store) error {
	runner := s.(interface {
		DueNotifications(ctx context.Context, now time.Time, limit int) ([]store.Notification, error)
	})
	for {
		due, err := runner.DueNotifications(ctx, time.Now(), 1)
		if err != nil {
			return err
		}
		if len(due) == 1 {
			due[0].Next, due[0].Attempts = time.Time{}, 1
			due[0].Deliveries = []store.Delivery{{Channel: "email", To: "a@example.org", Status: store.DeliveryFailed, Answer: "550 no such user"}}
			return s.PutDeliveries(ctx, due[0])
		}
	}
}

func TestTestNotificationWithoutRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStore(t)
		w := httptest.NewRecorder()
		conformingHandler(t, newServer(s)).ServeHTTP(w, httptest.NewRequest("POST", "/api/notifications/test", nil))
		got := response{w.Code, w.Header(), w.Body.Bytes()}
		got.wantProblem(t, 504, "no runner sent the test notification within 1m15s; is a runner running?")
		due, err := s.DueNotifications(t.Context(), time.Now(), 10)
		must(t, err)
		same(t, "due notifications", len(due), 0)
	})
}

func TestOldPathsRedirect(t *testing.T) {
	a := startAPI(t, nil)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for request, want := range map[string]string{
		"GET /api/alerts":                       "/api/notifications",
		"HEAD /api/alerts":                      "/api/notifications",
		"GET /api/alerts?max=1&monitor=" + idB:  "/api/notifications?max=1&monitor=" + idB,
		"GET /api/alerts?cursor=%3Cb%3E%0D%0AX": "/api/notifications?cursor=%3Cb%3E%0D%0AX",
		"POST /api/alerts/test":                 "/api/notifications/test",
	} {
		method, path, _ := strings.Cut(request, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, a.url+path, nil)
		must(t, err)
		a.sign(r)
		res, err := client.Do(r)
		must(t, err)
		must(t, res.Body.Close())
		same(t, request, []any{res.StatusCode, res.Header.Get("Location")}, []any{http.StatusPermanentRedirect, want})
	}
}

func TestOldPathIsFollowed(t *testing.T) {
	a := startAPI(t, nil)
	n := notificationN(idA, 1)
	a.addNotifications(n)
	same(t, "id", decodeAs[[]notificationResponse](t, a.do("GET", "/api/alerts?max=1", ""))[0].ID, n.ID)
}
