package mongo

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// incidentDate is the date of the incident in the tests of both stored forms.
var incidentDate = time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)

// The incident state and the notification in the form of version 0.1.0, as text.
const (
	oldState = `{"MonitorID":"000000000000000000000001","Phase":"alerting","Seen":"2026-01-02T03:04:05.006Z","Count":0,` +
		`"Incident":3,"Opened":"2026-01-02T03:03:05.006Z","Due":"0001-01-01T00:00:00Z","Severity":2,"Reminders":1,` +
		`"Reminded":"2026-01-02T03:04:05.006Z"}`
	oldContent = `{"ID":"000000000000000000000001-3-alert","MonitorID":"000000000000000000000001","MonitorName":"name",` +
		`"MonitorType":"http","MonitorTarget":"target","Group":"group","To":["a@example.org"],"Incident":3,"Kind":"alert",` +
		`"Status":2,"Message":"no answer","Value":1.5,"Behind":4,"Runner":"","Opened":"2026-01-02T03:03:05.006Z",` +
		`"Date":"2026-01-02T03:04:05.006Z"}`
	oldDeliveries = `[{"channel":"email","to":"a@example.org","fate":"failed","answer":"550 no","tried":"2026-01-02T03:04:06.006Z"},` +
		`{"channel":"webhook","to":"https://example.org","fate":"waiting","answer":"503"}]`
)

// newIncident returns the same incident state and notification.
func newIncident() (store.IncidentState, store.Notification) {
	id, opened := newMonitor(1, "").ID, incidentDate.Add(-time.Minute)
	return store.IncidentState{
			MonitorID: id, Phase: store.PhaseOpen, Evaluated: incidentDate, Incident: 3, Opened: opened,
			Severity: monitor.StatusFailed, Reminders: 1, LastNotified: incidentDate,
		}, store.Notification{
			ID: id + "-3-alert", MonitorID: id, MonitorName: "name", MonitorType: "http", MonitorTarget: "target", Group: "group",
			To: []string{"a@example.org"}, Incident: 3, Kind: store.KindOpened, Status: monitor.StatusFailed,
			Message: "no answer", Value: 1.5, Dependents: 4, Opened: opened, Date: incidentDate,
			Next: incidentDate.Add(time.Minute), Attempts: 1,
			Deliveries: []store.Delivery{
				{Channel: "email", To: "a@example.org", Status: store.DeliveryFailed, Answer: "550 no", Tried: incidentDate.Add(time.Second)},
				{Channel: "webhook", To: "https://example.org", Status: store.DeliveryPending, Answer: "503"},
			},
		}
}

// oldDocuments returns the incident state and the notification as version 0.1.0 stores them.
func oldDocuments() (state, notification bson.D) {
	s, n := newIncident()
	id, _ := bson.ObjectIDFromHex(s.MonitorID)
	return bson.D{field("_id", id), field("seen", incidentDate), field("state", oldState)}, bson.D{
		field("_id", n.ID), field("monitor_id", n.MonitorID), field("date", n.Date), field("owed", oldContent),
		field("next", n.Next), field("attempts", 1), field("deliveries", oldDeliveries),
	}
}

// putIncident stores the incident state and the notification.
func putIncident(t *testing.T, s *Store) {
	t.Helper()
	state, n := newIncident()
	if err := s.PutIncidentStates(t.Context(), []store.IncidentState{state}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddNotifications(t.Context(), []store.Notification{n}); err != nil {
		t.Fatal(err)
	}
}

func wantIncident(t *testing.T, s *Store, state store.IncidentState, n store.Notification) {
	t.Helper()
	states, err := s.IncidentStates(t.Context(), []string{state.MonitorID})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]store.IncidentState{state}, states); diff != "" {
		t.Errorf("incident states differ (-want +got):\n%s", diff)
	}
	got, err := s.Notification(t.Context(), n.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(n, got); diff != "" {
		t.Errorf("notification differs (-want +got):\n%s", diff)
	}
}

// update changes the only document of a collection.
func update(t *testing.T, c *driver.Collection, change bson.D) {
	t.Helper()
	if updated, err := c.UpdateOne(t.Context(), bson.D{}, change); err != nil || updated.MatchedCount != 1 {
		t.Fatalf("update %s: %+v, error %v", c.Name(), updated, err)
	}
}

// TestIncidentsAreDocuments selects an incident state and a notification by their fields.
func TestIncidentsAreDocuments(t *testing.T) {
	s := openStore(t, mongotest.Database(t, server))
	putIncident(t, s)
	for name, c := range map[string]struct {
		collection *driver.Collection
		filter     bson.D
	}{
		"an open incident":    {s.incidentStates, bson.D{field("phase", "alerting"), field("severity", 2)}},
		"its number and date": {s.incidentStates, bson.D{field("incident", 3), field("opened", bson.D{field("$lt", incidentDate)})}},
		"a notification":      {s.notifications, bson.D{field("kind", "alert"), field("status", 2), field("incident", 3)}},
		"its monitor":         {s.notifications, bson.D{field("monitor_name", "name"), field("group", "group")}},
		"a failed delivery":   {s.notifications, bson.D{field("recipients.status", "failed")}},
		"a pending delivery":  {s.notifications, bson.D{field("recipients.channel", "webhook"), field("recipients.status", "pending")}},
	} {
		if n, err := c.collection.CountDocuments(t.Context(), c.filter); err != nil || n != 1 {
			t.Errorf("%s: %d documents, error %v; want 1", name, n, err)
		}
	}
}

// TestReadBothForms reads and changes incidents as version 0.1.0 stores them, as this version does, and as a later
// version may do that writes no text.
func TestReadBothForms(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, s *Store){
		"text": func(t *testing.T, s *Store) {
			state, notification := oldDocuments()
			insert(t, s, "alert_states", state)
			insert(t, s, "alerts", notification)
		},
		"text and document": putIncident,
		"document": func(t *testing.T, s *Store) {
			putIncident(t, s)
			update(t, s.incidentStates, bson.D{field("$unset", bson.D{field("state", "")})})
			update(t, s.notifications, bson.D{field("$unset", bson.D{field("owed", ""), field("deliveries", "")})})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, mongotest.Database(t, server))
			prepare(t, s)
			state, n := newIncident()
			wantIncident(t, s, state, n)
			n.Attempts, n.Next, n.Deliveries[1].Status = 2, time.Time{}, store.DeliverySent
			if err := s.PutDeliveries(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			state = state.Advance(incidentDate.Add(time.Second), 0)
			if err := s.PutIncidentStates(t.Context(), []store.IncidentState{state}); err != nil {
				t.Fatal(err)
			}
			wantIncident(t, s, state, n)
		})
	}
}

// TestOldRunnerChangesIncidents changes incidents of this version as version 0.1.0 does, which knows only the text.
func TestOldRunnerChangesIncidents(t *testing.T) {
	s := openStore(t, mongotest.Database(t, server))
	putIncident(t, s)
	state, n := newIncident()
	first, _ := oldDocuments()
	text := `{"MonitorID":"000000000000000000000001","Phase":"ok","Seen":"2026-01-02T03:04:06.006Z","Count":0,"Incident":3,` +
		`"Opened":"0001-01-01T00:00:00Z","Due":"0001-01-01T00:00:00Z","Severity":0,"Reminders":0,"Reminded":"0001-01-01T00:00:00Z"}`
	later := bson.D{first[0], field("seen", incidentDate.Add(time.Second)), field("state", text)}
	if _, err := s.incidentStates.ReplaceOne(t.Context(), bson.D{first[0]}, later); err != nil {
		t.Fatal(err)
	}
	sent := `[{"channel":"email","to":"a@example.org","fate":"sent","answer":"250 OK","tried":"2026-01-02T03:05:05.006Z"}]`
	update(t, s.notifications, bson.D{
		field("$set", bson.D{field("attempts", 2), field("deliveries", sent)}), field("$unset", bson.D{field("next", "")}),
	})
	n.Attempts, n.Next = 2, time.Time{}
	n.Deliveries = []store.Delivery{
		{Channel: "email", To: "a@example.org", Status: store.DeliverySent, Answer: "250 OK", Tried: incidentDate.Add(time.Minute)},
	}
	wantIncident(t, s, store.IncidentState{
		MonitorID: state.MonitorID, Phase: store.PhaseOK, Evaluated: incidentDate.Add(time.Second), Incident: 3,
	}, n)
}
