package server

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// testTimeout limits the time until a runner has claimed a test notification and sent it to every channel.
	testTimeout = 75 * time.Second
	// testPoll is the time between two checks of its deliveries.
	testPoll = 250 * time.Millisecond
)

var errMonitorParameter = monitor.Invalidf("monitor must be an id of 24 hexadecimal digits")

var notificationID = regexp.MustCompile(`^[0-9a-z-]{1,64}$`)

// notificationStore is the part of the store for notifications.
type notificationStore interface {
	monitorLister
	AddNotifications(ctx context.Context, ns []store.Notification) (known []string, err error)
	Notification(ctx context.Context, id string) (store.Notification, error)
	Notifications(ctx context.Context, f store.NotificationFilter) ([]store.Notification, error)
	PutDeliveries(ctx context.Context, n store.Notification) error
}

// notificationHandler serves the notifications of incidents and runners, and sends test notifications.
type notificationHandler struct {
	store   notificationStore
	secrets secret.Properties
	log     *slog.Logger
}

func newNotificationHandler(s notificationStore, secrets secret.Properties, log *slog.Logger) *notificationHandler {
	return &notificationHandler{store: s, secrets: secrets, log: log}
}

func (h *notificationHandler) mount(to routes) {
	to.reading.Get("/api/notifications", handle(h.list))
	to.protected.Post("/api/notifications/test", handle(h.test))
}

// notificationResponse is a notification as the API shows it.
type notificationResponse struct {
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
	By            string                 `json:"by,omitempty"`
	Silenced      bool                   `json:"silenced,omitempty"`
	Runner        string                 `json:"runner,omitempty"`
	Opened        time.Time              `json:"opened,omitzero"`
	Date          time.Time              `json:"date"`
	Next          time.Time              `json:"next,omitzero"`
	Attempts      int                    `json:"attempts"`
	Deliveries    []store.Delivery       `json:"deliveries"`
}

func toNotificationResponse(n store.Notification) notificationResponse {
	return notificationResponse{
		ID: n.ID, Kind: n.Kind, Incident: n.Incident, Reminder: n.Reminder(),
		MonitorID: n.MonitorID, MonitorName: n.MonitorName, MonitorTarget: n.MonitorTarget,
		Status: n.Status, Message: n.Message, Value: n.Value, Dependents: n.Dependents,
		By: n.By, Silenced: n.Silenced, Runner: n.Runner,
		Opened: n.Opened, Date: n.Date, Next: n.Next, Attempts: n.Attempts, Deliveries: notNil(n.Deliveries),
	}
}

func (h *notificationHandler) list(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	filter := store.NotificationFilter{}
	var err error
	if filter.Limit, err = pageSize(query); err != nil {
		return err
	}
	if query.Has("monitor") {
		if filter.MonitorID = query.Get("monitor"); !monitor.ValidID(filter.MonitorID) {
			return errMonitorParameter
		}
	}
	from, to, err := periodParameters(query)
	if err != nil {
		return err
	}
	if !to.IsZero() {
		filter.Before = &store.Cursor{Date: to}
	}
	if query.Has("cursor") {
		if filter.Before, err = parseCursor(query.Get("cursor"), notificationID.MatchString); err != nil {
			return err
		}
	}
	size := filter.Limit
	filter.Limit++ // one more, to see if there is a next page
	notifications, err := h.store.Notifications(r.Context(), filter)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(notifications, func(n store.Notification) bool { return n.Date.Before(from) }); i >= 0 {
		notifications = notifications[:i]
	}
	notifications = cutPage(w, r, notifications, size, func(n store.Notification) store.Cursor { return store.Cursor{Date: n.Date, ID: n.ID} })
	if mustMask(r.Context()) {
		if err := maskNotifications(r.Context(), h.store, h.secrets, notifications); err != nil {
			return err
		}
	}
	response := make([]notificationResponse, len(notifications))
	for i, n := range notifications {
		response[i] = toNotificationResponse(n)
	}
	return web.JSON(w, http.StatusOK, response)
}

// test has a runner send a test notification to every channel, and responds with the deliveries.
func (h *notificationHandler) test(w http.ResponseWriter, r *http.Request) error {
	web.ExtendDeadlines(w, 2*testTimeout)
	ctx, cancel := web.UntilStop(r)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, testTimeout)
	defer cancel()

	now := monitor.Date(time.Now())
	test := store.Notification{
		ID: "test-" + monitor.NewID(now), Kind: store.KindTest, Date: now, Next: now,
		MonitorName: "Test notification", Message: "This is a test notification.",
	}
	if _, err := h.store.AddNotifications(ctx, []store.Notification{test}); err != nil {
		return err
	}
	tick := time.NewTicker(testPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return h.cancelTest(ctx, r, test)
		case <-tick.C:
		}
		switch sent, err := h.store.Notification(ctx, test.ID); {
		case ctx.Err() != nil: // handled above
		case err != nil:
			return err
		case sent.Next.IsZero():
			return web.JSON(w, http.StatusOK, toNotificationResponse(sent))
		default:
			test = sent
		}
	}
}

// cancelTest prevents a test notification from being sent after the client stopped waiting, and returns the error to
// respond with.
func (h *notificationHandler) cancelTest(ctx context.Context, r *http.Request, test store.Notification) error {
	test.Next = time.Time{}
	err := store.Do(context.WithoutCancel(ctx), store.ShortCall, func(ctx context.Context) error {
		return h.store.PutDeliveries(ctx, test)
	})
	if err != nil {
		h.log.Warn("could not cancel a test notification, it may still be sent",
			"notification_id", test.ID, "error", err)
	}
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	return web.Problemf(http.StatusGatewayTimeout,
		"no runner sent the test notification within %s; is a runner running?", testTimeout)
}
