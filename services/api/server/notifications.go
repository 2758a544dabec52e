package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// testTime is how long a test message may take to be claimed by a runner and to be tried by every channel.
	testTime = 75 * time.Second
	// testPoll is how often its fate is looked for.
	testPoll = 250 * time.Millisecond
)

var notificationID = regexp.MustCompile(`^[0-9a-z-]{1,64}$`)

type notificationStore interface {
	AddNotifications(ctx context.Context, as []store.Notification) (known []string, err error)
	Notification(ctx context.Context, id string) (store.Notification, error)
	Notifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error)
	PutDeliveries(ctx context.Context, a store.Notification) error
}

func (s *Server) bindNotifications(to routes) {
	to.reading.Get("/api/notifications", s.handle(s.listNotifications))
	to.protected.Post("/api/notifications/test", s.handle(s.testNotification))
}

// oldPaths maps the paths of earlier versions to those that replace them.
var oldPaths = map[string]string{
	"/api/alerts":      "/api/notifications",
	"/api/alerts/test": "/api/notifications/test",
}

// redirectOldPaths answers a request for an old path with 308, so that the client repeats it with the same method and
// body.
func redirectOldPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, old := oldPaths[r.URL.Path]
		if !old {
			next.ServeHTTP(w, r)
			return
		}
		target := url.URL{Path: path, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, target.String(), http.StatusPermanentRedirect)
	})
}

// notificationAnswer is a message as it is listed.
type notificationAnswer struct {
	ID            string                 `json:"id"`
	Kind          store.NotificationKind `json:"kind"`
	Incident      int                    `json:"incident"`
	Reminder      int                    `json:"reminder,omitempty"`
	MonitorID     string                 `json:"monitor_id"`
	MonitorName   string                 `json:"monitor_name"`
	MonitorTarget string                 `json:"monitor_target"`
	Status        monitor.Status         `json:"status"`
	Message       string                 `json:"message"`
	Value         float64                `json:"value"`
	Dependents    int                    `json:"behind,omitempty"`
	Runner        string                 `json:"runner,omitempty"`
	Opened        time.Time              `json:"opened,omitzero"`
	Date          time.Time              `json:"date"`
	Next          time.Time              `json:"next,omitzero"`
	Attempts      int                    `json:"attempts"`
	Deliveries    []store.Delivery       `json:"deliveries"`
}

func toNotificationAnswer(a store.Notification) notificationAnswer {
	return notificationAnswer{
		ID: a.ID, Kind: a.Kind, Incident: a.Incident, Reminder: a.Reminder(),
		MonitorID: a.MonitorID, MonitorName: a.MonitorName, MonitorTarget: a.MonitorTarget,
		Status: a.Status, Message: a.Message, Value: a.Value, Dependents: a.Dependents, Runner: a.Runner,
		Opened: a.Opened, Date: a.Date, Next: a.Next, Attempts: a.Attempts, Deliveries: notNil(a.Deliveries),
	}
}

func (s *Server) listNotifications(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	filter := store.NotificationFilter{}
	var err error
	if filter.Limit, err = pageSize(query); err != nil {
		return err
	}
	if query.Has("monitor") {
		if filter.MonitorID = query.Get("monitor"); !monitor.ValidID(filter.MonitorID) {
			return monitor.Invalidf("monitor must be an id of 24 hexadecimal digits")
		}
	}
	if query.Has("cursor") {
		if filter.Before, err = parseCursor(query.Get("cursor"), notificationID.MatchString); err != nil {
			return err
		}
	}
	page := filter.Limit
	filter.Limit++ // one more tells whether there is a next page
	alerts, err := s.store.Notifications(r.Context(), filter)
	if err != nil {
		return err
	}
	if len(alerts) > page {
		alerts = alerts[:page]
		last := alerts[page-1]
		w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, nextPage(r.URL, store.Cursor{Date: last.Date, ID: last.ID})))
	}
	if masks(r.Context()) {
		if err := maskNotifications(r.Context(), s.store, alerts); err != nil {
			return err
		}
	}
	answer := make([]notificationAnswer, len(alerts))
	for i, a := range alerts {
		answer[i] = toNotificationAnswer(a)
	}
	return web.JSON(w, http.StatusOK, answer)
}

// testNotification has a runner send a test message by every channel, and answers with what the servers said.
func (s *Server) testNotification(w http.ResponseWriter, r *http.Request) error {
	web.ExtendDeadlines(w, 2*testTime)
	ctx, cancel := web.UntilStop(r)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, testTime)
	defer cancel()

	now := monitor.Date(time.Now())
	test := store.Notification{
		ID: "test-" + monitor.NewID(now), Kind: store.KindTest, Date: now, Next: now,
		MonitorName: "Test message", Message: "Somebody asked for a test of the alerts.",
	}
	if _, err := s.store.AddNotifications(ctx, []store.Notification{test}); err != nil {
		return err
	}
	tick := time.NewTicker(testPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return s.giveUpTest(r, ctx, test)
		case <-tick.C:
		}
		switch sent, err := s.store.Notification(ctx, test.ID); {
		case ctx.Err() != nil: // The time is over.
		case err != nil:
			return err
		case sent.Next.IsZero():
			return web.JSON(w, http.StatusOK, toNotificationAnswer(sent))
		default:
			test = sent
		}
	}
}

// giveUpTest keeps a test that nobody waits for any more from being sent later.
func (s *Server) giveUpTest(r *http.Request, ctx context.Context, test store.Notification) error {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	test.Next = time.Time{}
	if err := s.store.PutDeliveries(late, test); err != nil {
		s.log.Warn("a test message may still be sent", "alert", test.ID, "error", err)
	}
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	return web.Problemf(http.StatusGatewayTimeout, "no runner sent the test message within %s; is a runner running?", testTime)
}
