package server

import (
	"context"
	"fmt"
	"net/http"
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

var alertID = regexp.MustCompile(`^[0-9a-z-]{1,64}$`)

type alertStore interface {
	AddAlerts(ctx context.Context, as []store.Alert) (known []string, err error)
	Alert(ctx context.Context, id string) (store.Alert, error)
	Alerts(ctx context.Context, f store.AlertFilter) ([]store.Alert, error)
	PutFate(ctx context.Context, a store.Alert) error
}

func (s *Server) bindAlerts(to routes) {
	to.reading.Get("/api/alerts", s.handle(s.listAlerts))
	to.protected.Post("/api/alerts/test", s.handle(s.testAlert))
}

// alertAnswer is a message as it is listed.
type alertAnswer struct {
	ID            string           `json:"id"`
	Kind          store.AlertKind  `json:"kind"`
	Incident      int              `json:"incident"`
	Reminder      int              `json:"reminder,omitempty"`
	MonitorID     string           `json:"monitor_id"`
	MonitorName   string           `json:"monitor_name"`
	MonitorTarget string           `json:"monitor_target"`
	Status        monitor.Status   `json:"status"`
	Message       string           `json:"message"`
	Value         float64          `json:"value"`
	Behind        int              `json:"behind,omitempty"`
	Runner        string           `json:"runner,omitempty"`
	Opened        time.Time        `json:"opened,omitzero"`
	Date          time.Time        `json:"date"`
	Next          time.Time        `json:"next,omitzero"`
	Attempts      int              `json:"attempts"`
	Deliveries    []store.Delivery `json:"deliveries"`
}

func toAlertAnswer(a store.Alert) alertAnswer {
	return alertAnswer{
		ID: a.ID, Kind: a.Kind, Incident: a.Incident, Reminder: a.Reminder(),
		MonitorID: a.MonitorID, MonitorName: a.MonitorName, MonitorTarget: a.MonitorTarget,
		Status: a.Status, Message: a.Message, Value: a.Value, Behind: a.Behind, Runner: a.Runner,
		Opened: a.Opened, Date: a.Date, Next: a.Next, Attempts: a.Attempts, Deliveries: notNil(a.Deliveries),
	}
}

func (s *Server) listAlerts(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	filter := store.AlertFilter{}
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
		if filter.Before, err = parseCursor(query.Get("cursor"), alertID.MatchString); err != nil {
			return err
		}
	}
	page := filter.Limit
	filter.Limit++ // one more tells whether there is a next page
	alerts, err := s.store.Alerts(r.Context(), filter)
	if err != nil {
		return err
	}
	if len(alerts) > page {
		alerts = alerts[:page]
		last := alerts[page-1]
		w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, nextPage(r.URL, store.Cursor{Date: last.Date, ID: last.ID})))
	}
	if masks(r.Context()) {
		if err := maskAlerts(r.Context(), s.store, alerts); err != nil {
			return err
		}
	}
	answer := make([]alertAnswer, len(alerts))
	for i, a := range alerts {
		answer[i] = toAlertAnswer(a)
	}
	return web.JSON(w, http.StatusOK, answer)
}

// testAlert has a runner send a test message by every channel, and answers with what the servers said.
func (s *Server) testAlert(w http.ResponseWriter, r *http.Request) error {
	web.ExtendDeadlines(w, 2*testTime)
	ctx, cancel := web.UntilStop(r)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, testTime)
	defer cancel()

	now := monitor.Date(time.Now())
	test := store.Alert{
		ID: "test-" + monitor.NewID(now), Kind: store.KindTest, Date: now, Next: now,
		MonitorName: "Test message", Message: "Somebody asked for a test of the alerts.",
	}
	if _, err := s.store.AddAlerts(ctx, []store.Alert{test}); err != nil {
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
		switch sent, err := s.store.Alert(ctx, test.ID); {
		case ctx.Err() != nil: // The time is over.
		case err != nil:
			return err
		case sent.Next.IsZero():
			return web.JSON(w, http.StatusOK, toAlertAnswer(sent))
		default:
			test = sent
		}
	}
}

// giveUpTest keeps a test that nobody waits for any more from being sent later.
func (s *Server) giveUpTest(r *http.Request, ctx context.Context, test store.Alert) error {
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	test.Next = time.Time{}
	if err := s.store.PutFate(late, test); err != nil {
		s.log.Warn("a test message may still be sent", "alert", test.ID, "error", err)
	}
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	return web.Problemf(http.StatusGatewayTimeout, "no runner sent the test message within %s; is a runner running?", testTime)
}
