package server

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/tests/support/oidctest"
)

// incidentN returns the n-th incident of a monitor. Its date grows with n.
func incidentN(monitorID string, n int) store.Incident {
	date := base.Add(time.Duration(n) * time.Minute)
	return store.Incident{
		ID: store.IncidentID(monitorID, n), MonitorID: monitorID, Number: n, MonitorName: "alpha", Group: "web",
		FirstNotOK: date.Add(-time.Minute), Opened: date, Severity: monitor.StatusFailed, FirstMessage: "first", Message: "latest",
	}
}

func (a *api) addIncidents(incidents ...store.Incident) {
	a.t.Helper()
	must(a.t, a.store.MergeIncidents(a.t.Context(), incidents))
}

func TestListIncidents(t *testing.T) {
	a := startAPI(t, nil)
	same(t, "empty list", string(a.do("GET", "/api/incidents", "").body), "[]\n")
	var want []string
	for n := range 5 {
		i := incidentN([]string{idA, idB}[n%2], n+1)
		if n < 3 {
			i.Resolved = i.Opened.Add(time.Hour)
		}
		if n%2 == 1 {
			i.Group, i.Severity = "", monitor.StatusError
		}
		a.addIncidents(i)
		want = append([]string{i.ID}, want...)
	}
	for path, ids := range map[string][]string{
		"/api/incidents":                                     want,
		"/api/incidents?max=2":                               want,
		"/api/incidents?open=true":                           want[:2],
		"/api/incidents?open=false&max=1":                    want[2:],
		"/api/incidents?monitor=" + strings.ToUpper(idB):     {want[1], want[3]},
		"/api/incidents?group=web":                           {want[0], want[2], want[4]},
		"/api/incidents?group=":                              {want[1], want[3]},
		"/api/incidents?severity=1":                          {want[1], want[3]},
		"/api/incidents?severity=2&open=true":                {want[0]},
		"/api/incidents?from=2026-01-15T10:04:00Z":           want[:2],
		"/api/incidents?to=2026-01-15T10:03:00Z&max=1":       want[3:],
		"/api/incidents?monitor=0123456789abcdef01234567":    {},
		"/api/incidents?severity=1&group=web&open=false":     {},
		"/api/incidents?max=1&from=2026-01-15T10:02:00.5Z":   want[:3],
		"/api/incidents?open=true&severity=1&monitor=" + idB: {want[1]},
	} {
		got := []string{}
		for next := path; next != ""; {
			page := a.do("GET", next, "")
			for _, i := range decodeAs[[]incidentResponse](t, page) {
				got = append(got, i.ID)
			}
			next, _, _ = strings.Cut(strings.TrimPrefix(page.header.Get("Link"), "<"), ">")
		}
		same(t, path, got, ids)
	}
	for path, detail := range map[string]string{
		"/api/incidents?max=0":       "max must be between 1 and 1000",
		"/api/incidents?open=yes":    "open must be true or false",
		"/api/incidents?open=":       "open must be true or false",
		"/api/incidents?severity=0":  "severity must be 1 (error) or 2 (failed)",
		"/api/incidents?severity=":   "severity must be 1 (error) or 2 (failed)",
		"/api/incidents?monitor=x":   "monitor must be an id of 24 hexadecimal digits",
		"/api/incidents?from=today":  "from must be a date in RFC 3339, for example 2026-01-31T08:30:00Z",
		"/api/incidents?include=all": "include must be deliveries",
		"/api/incidents?include=":    "include must be deliveries",
		"/api/incidents?cursor=nope": "cursor is invalid; use the address in the header Link of the previous page",
	} {
		a.do("GET", path, "").wantProblem(t, 400, detail)
	}
}

// notificationCounter counts the reads of the notifications of incidents.
type notificationCounter struct {
	*sqlite.Store
	reads atomic.Int64
}

func (s *notificationCounter) NotificationsOf(ctx context.Context, ids []string, limit int) ([]store.Notification, error) {
	s.reads.Add(1)
	return s.Store.NotificationsOf(ctx, ids, limit)
}

func TestListIncidentsWithDeliveries(t *testing.T) {
	s := &notificationCounter{Store: openStore(t)}
	a := startAPI(t, s)
	a.store = s.Store
	a.addIncidents(incidentN(idA, 1), incidentN(idA, 2), incidentN(idB, 1))
	notification := func(id string, incident int, kind store.NotificationKind, deliveries ...store.Delivery) store.Notification {
		return store.Notification{
			ID: store.NotificationID(id, incident, kind, 0), MonitorID: id, Incident: incident, Kind: kind, Date: base,
			Deliveries: deliveries,
		}
	}
	delivery := func(channel string, status store.DeliveryStatus, answer string, second int) store.Delivery {
		return store.Delivery{Channel: channel, To: "x", Status: status, Answer: answer, Tried: base.Add(time.Duration(second) * time.Second)}
	}
	silenced := notification(idB, 1, store.KindOpened)
	silenced.Silenced = true
	a.addNotifications(silenced,
		notification(idA, 1, store.KindOpened, delivery("webhook", store.DeliverySent, "200 OK", 1), delivery("email", store.DeliveryFailed, "550 no", 9)),
		notification(idA, 1, store.KindResolved, delivery("webhook", store.DeliverySent, "200 OK", 2), delivery("email", store.DeliveryFailed, "551 no", 8),
			delivery("slack", store.DeliveryPending, "500 busy", 3)),
		notification(idA, 12, store.KindOpened, delivery("webhook", store.DeliverySent, "of another incident", 1)),
	)
	a.do("GET", "/api/incidents?include=deliveries", "") // conforms to the specification
	got := map[string]*DeliverySummary{}
	for _, i := range decodeAs[[]incidentResponse](t, a.do("GET", "/api/incidents?include=deliveries", "")) {
		got[i.ID] = i.DeliverySummary
	}
	same(t, "summaries", got, map[string]*DeliverySummary{
		idA + "-1": {Deliveries: []channelDeliveries{
			{Channel: "email", Failed: 2, Answer: "550 no"}, {Channel: "slack", Pending: 1, Answer: "500 busy"}, {Channel: "webhook", Sent: 2},
		}},
		idA + "-2": {Deliveries: []channelDeliveries{}},
		idB + "-1": {Deliveries: []channelDeliveries{}, Silenced: true},
	})
	same(t, "reads for two requests", s.reads.Load(), int64(2))
	if list := a.do("GET", "/api/incidents", "").body; strings.Contains(string(list), "deliveries") {
		t.Errorf("the list contains deliveries: %s", list)
	}
}

// Two incidents with more reminders than one read returns are both complete.
func TestDeliveriesOfManyReminders(t *testing.T) {
	a := startAPI(t, nil)
	var list []store.Notification
	for _, id := range []string{idA, idB} {
		a.addIncidents(incidentN(id, 1))
		for n := range maxSummarized - 10 {
			list = append(list, store.Notification{
				ID: store.NotificationID(id, 1, store.KindReminder, n+1), MonitorID: id, Incident: 1, Kind: store.KindReminder, Date: base,
				Deliveries: []store.Delivery{{Channel: "email", Status: store.DeliverySent}},
			})
		}
	}
	a.addNotifications(list...)
	for _, i := range decodeAs[[]incidentResponse](t, a.do("GET", "/api/incidents?include=deliveries", "")) {
		same(t, i.ID, i.Deliveries, []channelDeliveries{{Channel: "email", Sent: maxSummarized - 10}})
	}
}

func TestReadIncident(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(3)
	i := incidentN(idA, 3)
	i.FirstNotOK, i.Dependents = resultN(1).Date, []string{idB}
	a.addIncidents(i)
	a.addNotifications(notificationN(idA, 3), notificationN(idA, 30))
	got := a.do("GET", "/api/incidents/"+strings.ToUpper(i.ID), "")
	got.wantJSON(t, 200, `{"id":"`+idA+`-3","number":3,"monitor_id":"`+idA+`","monitor_name":"alpha","group":"web",
		"firstNotOK":"2026-01-15T10:00:01Z","opened":"2026-01-15T10:03:00Z","severity":2,"firstMessage":"first","message":"latest",
		"dependents":["`+idB+`"],"firstResult":"`+resultN(1).ID+`","notifications":[`+
		strings.TrimSpace(toJSON(t, toNotificationResponse(notificationN(idA, 3))))+`]}`)

	past := incidentN(idB, 0)
	past.ID, past.Resolved, past.Closed, past.Reconstructed, past.Group = idB+"-r1768471200000", past.Opened, true, true, ""
	a.addIncidents(past)
	a.do("GET", "/api/incidents/"+past.ID, "").wantJSON(t, 200, `{"id":"`+past.ID+`","monitor_id":"`+idB+`","monitor_name":"alpha",
		"firstNotOK":"2026-01-15T09:59:00Z","opened":"2026-01-15T10:00:00Z","resolved":"2026-01-15T10:00:00Z","closed":true,
		"severity":2,"firstMessage":"first","message":"latest","dependents":[],"reconstructed":true,"notifications":[]}`)
	a.do("GET", "/api/incidents/"+idA+"-4", "").wantProblem(t, 404, "there is no incident with the id "+idA+"-4")
	a.do("GET", "/api/incidents/"+idA, "").wantProblem(t, 400,
		`invalid id "`+idA+`": the id of an incident is that of its monitor, a hyphen and its number`)
}

func TestAcknowledgeIncident(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	ended := incidentN(idA, 1)
	ended.Resolved = ended.Opened
	a.addIncidents(ended, incidentN(idA, 2))
	path := "/api/incidents/" + idA + "-2/acknowledge"
	for body, detail := range map[string]string{
		``:                       "request body is empty",
		`[]`:                     "expected a JSON object, not an array",
		`{"note":1}`:             `field "note" must be a string, not a number`,
		`{"note":"on it\u0007"}`: "note contains the control character U+0007",
		`{"note":"\u202eon it"}`: "note contains the control character U+202E",
		`{"note":"` + strings.Repeat("x", 1001) + `"}`: "note has 1001 characters, at most 1000 are allowed",
	} {
		a.do("POST", path, body).wantProblem(t, 400, detail)
	}
	same(t, "unchanged", decodeAs[incidentDetails](t, a.do("GET", "/api/incidents/"+idA+"-2", "")).Acknowledgement, (*store.Acknowledgement)(nil))

	before := time.Now().Add(-time.Second)
	got := decodeAs[incidentDetails](t, a.do("POST", path, `{"note":" on\tit,\r\nAnn\n"}`))
	if ack := got.Acknowledgement; ack == nil || ack.By != "" || ack.Note != "on\tit,\r\nAnn" || ack.Date.Before(before) {
		t.Fatalf("acknowledgement %+v", ack)
	}
	same(t, "number of notifications", len(got.Notifications), 1)
	n := got.Notifications[0]
	same(t, "notification", []any{n.ID, n.Kind, n.Message, n.MonitorTarget, n.Date}, []any{idA + "-2-acknowledged", store.KindAcknowledged, "on\tit,\r\nAnn", monitorA.Target, got.Acknowledgement.Date})
	same(t, "next attempt", n.Next, n.Date)
	again := a.do("POST", path, `{"note":"other"}`)
	same(t, "acknowledged again", toJSON(t, decodeAs[incidentDetails](t, again)), toJSON(t, got))
	same(t, "status", a.do("POST", path, `{}`).status, 200)

	a.do("POST", "/api/incidents/"+idA+"-1/acknowledge", `{}`).wantProblem(t, 409,
		"incident "+idA+"-1 has ended: only an open incident can be acknowledged")
	a.do("POST", "/api/incidents/"+idA+"-9/acknowledge", `{}`).wantProblem(t, 404, "there is no incident with the id "+idA+"-9")
}

// The monitor's own recipients get the notification, and nobody if the monitor is muted.
func TestRecipientsOfAcknowledgement(t *testing.T) {
	a := startAPI(t, nil)
	m := monitorA
	m.Properties = map[string]string{monitor.AlertTo: "Ann <ann@example.org> bob@example.org"}
	must(t, a.store.CreateMonitor(t.Context(), m))
	a.addIncidents(incidentN(idA, 1))
	same(t, "status", a.do("POST", "/api/incidents/"+idA+"-1/acknowledge", `{}`).status, 200)
	n, err := a.store.Notification(t.Context(), idA+"-1-acknowledged")
	must(t, err)
	same(t, "recipients", n.To, []string{"ann@example.org", "bob@example.org"})
	same(t, "next attempt", n.Next, n.Date)

	m.ID, m.Properties = idB, map[string]string{"alertMute": "true"}
	must(t, a.store.CreateMonitor(t.Context(), m))
	a.addIncidents(incidentN(idB, 1))
	same(t, "status", a.do("POST", "/api/incidents/"+idB+"-1/acknowledge", `{}`).status, 200)
	n, err = a.store.Notification(t.Context(), idB+"-1-acknowledged")
	must(t, err)
	same(t, "next attempt of a muted monitor", n.Next, time.Time{})
}

// TestWhoAcknowledges acknowledges incidents as a person and by an API key.
func TestWhoAcknowledges(t *testing.T) {
	p, s := oidctest.New(t), openStore(t)
	must(t, s.CreateMonitor(t.Context(), monitorA))
	must(t, s.MergeIncidents(t.Context(), []store.Incident{incidentN(idA, 1), incidentN(idB, 1)}))
	reader, admin := newKey(t, s, "read"), newKey(t, s, "admin")
	h := conformingHandler(t, newSignedIn(p, s, false))
	send := func(path, token, body string) int {
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		return serve(h, r).Code
	}
	for _, path := range []string{"/api/incidents/" + idA + "-1/acknowledge", "/api/monitors/" + idA + "/silence"} {
		same(t, "without a token", send(path, "", `{}`), 401)
		same(t, "with a key that may read", send(path, reader, `{}`), 403)
	}
	same(t, "a person", send("/api/incidents/"+idA+"-1/acknowledge", p.Token(map[string]any{"sub": "1", "name": "Ada"}), `{}`), 200)
	same(t, "a key", send("/api/incidents/"+idB+"-1/acknowledge", admin, `{}`), 200)
	var by []string
	for _, id := range []string{idA, idB} {
		i, err := s.Incident(t.Context(), id+"-1")
		must(t, err)
		by = append(by, i.Acknowledgement.By)
	}
	if by[0] != "Ada" || by[1] != "admin" {
		t.Errorf("acknowledged by %q", by)
	}
}

func TestSilenceMonitor(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	path := "/api/monitors/" + idA + "/silence"
	const invalid = "duration must be a Go duration from 0s to 168h, for example 30m or 8h"
	for body, detail := range map[string]string{
		`{}`:                   invalid,
		`{"duration":"-1s"}`:   invalid,
		`{"duration":"169h"}`:  invalid,
		`{"duration":"a day"}`: invalid,
		`{"duration":5}`:       `field "duration" must be a string, not a number`,
	} {
		a.do("POST", path, body).wantProblem(t, 400, detail)
	}
	a.do("POST", "/api/monitors/"+idOther+"/silence", `{"duration":"1h"}`).wantProblem(t, 404, "there is no monitor with the id "+idOther)

	list := func() string { return string(a.do("GET", "/api/monitors?include=latest", "").body) }
	events := a.listen()
	silence := decodeAs[store.Silence](t, a.do("POST", path, `{"duration":"168h"}`))
	if d := time.Until(silence.Until); silence.MonitorID != idA || d < 167*time.Hour || d > 168*time.Hour {
		t.Errorf("%+v", silence)
	}
	events.wantEvent("monitor", monitorEvent{idA, "changed"})
	if want := `"silencedUntil":` + strings.TrimSpace(toJSON(t, silence.Until)); strings.Count(list(), want) != 1 {
		t.Errorf("the list does not contain %s: %s", want, list())
	}
	same(t, "status", a.do("POST", path, `{"duration":"0s"}`).status, 200)
	events.wantEvent("monitor", monitorEvent{idA, "changed"})
	if strings.Contains(list(), "silencedUntil") {
		t.Errorf("the silence has not ended: %s", list())
	}
}

func TestIncidentEvents(t *testing.T) {
	a := startAPI(t, nil)
	a.addIncidents(incidentN(idA, 1)) // before a client is connected
	events := a.listen()
	same(t, "the beginning", events.begin, "event: open-incidents\ndata: {\"open\":1}\n")
	a.addIncidents(incidentN(idB, 1))
	events.wantEvent("incident", incidentEvent{idB + "-1", idB, "opened", 2})
	same(t, "the beginning of a later stream", a.listen().begin, "event: open-incidents\ndata: {\"open\":2}\n")
	same(t, "in the status", *decodeAs[statusResponse](t, a.do("GET", "/api/status", "")).OpenIncidents, 2)
	_, err := a.store.AcknowledgeIncident(t.Context(), idB+"-1", store.Acknowledgement{Note: "x", Date: base})
	must(t, err)
	events.wantEvent("incident", incidentEvent{idB + "-1", idB, "changed", 2})
	ended := incidentN(idA, 1)
	ended.Resolved = base.Add(time.Hour)
	a.addIncidents(ended)
	events.wantEvent("incident", incidentEvent{idA + "-1", idA, "resolved", 1})
}
