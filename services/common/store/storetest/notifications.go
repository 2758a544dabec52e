package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var notificationContracts = []contract{
	{"IncidentStates", incidentStates},
	{"AddNotificationOnce", addNotificationOnce},
	{"PutDeliveries", putDeliveries},
	{"NotificationsAreOrderedAndFiltered", listNotifications},
	{"ClaimNotificationOnce", claimNotificationOnce},
	{"NotificationsExpire", notificationsExpire},
}

func newNotification(monitorID string, incident int, kind store.NotificationKind, date time.Time) store.Notification {
	return store.Notification{
		ID: store.NotificationID(monitorID, incident, kind, 0), MonitorID: monitorID, MonitorName: "name", MonitorType: "http",
		MonitorTarget: "target", Group: "group", To: []string{"a@example.org"}, Incident: incident, Kind: kind,
		Status: monitor.StatusFailed, Message: "no answer", Value: 1.5, Opened: date.Add(-time.Minute), Date: date, Next: date,
	}
}

func incidentStates(ctx context.Context, t *testing.T, s store.Store) {
	a := store.IncidentState{
		MonitorID: newID(1), Phase: store.PhaseOpen, Evaluated: base, Incident: 3, Opened: base.Add(-time.Minute),
		Severity: monitor.StatusError, Reminders: 2, LastNotified: base,
	}
	b := store.IncidentState{MonitorID: newID(2), Phase: store.PhaseFailing, Evaluated: base, Count: 2, Opened: base}
	a.Warning = store.Warning{Since: base.Add(-time.Hour), Count: 3, Without: 1, Notified: true}
	must(t, s.PutIncidentStates(ctx, nil))
	must(t, s.PutIncidentStates(ctx, []store.IncidentState{a, b}))
	same(t, "states of no monitors", got(s.IncidentStates(ctx, nil))(t), []store.IncidentState{})
	same(t, "states of a monitor with and one without a state", got(s.IncidentStates(ctx, []string{newID(9), b.MonitorID}))(t), []store.IncidentState{b})

	equal, older, newer := a, a, a
	equal.Count, older.Count, newer.Count = 7, 8, 9
	older.Evaluated, newer.Evaluated = base.Add(-time.Millisecond), base.Add(time.Millisecond)
	must(t, s.PutIncidentStates(ctx, []store.IncidentState{equal}))
	must(t, s.PutIncidentStates(ctx, []store.IncidentState{older}))
	same(t, "state after one that is not newer", got(s.IncidentStates(ctx, []string{a.MonitorID}))(t), []store.IncidentState{a})
	must(t, s.PutIncidentStates(ctx, []store.IncidentState{newer}))
	same(t, "state after a newer one", got(s.IncidentStates(ctx, []string{a.MonitorID}))(t), []store.IncidentState{newer})
	numbered, later := newer, newer
	numbered.Count, numbered.Evaluated, numbered.Sequence = 10, base, newer.Evaluated.UnixMilli()+2000
	must(t, s.PutIncidentStates(ctx, []store.IncidentState{numbered}))
	same(t, "state after a greater number", got(s.IncidentStates(ctx, []string{a.MonitorID}))(t), []store.IncidentState{numbered})
	later.Evaluated = base.Add(time.Second)
	must(t, s.PutIncidentStates(ctx, []store.IncidentState{later}))
	same(t, "state after a later date that means a smaller number", got(s.IncidentStates(ctx, []string{a.MonitorID}))(t), []store.IncidentState{numbered})
	wantInvalid(t, "state with an invalid monitor id", s.PutIncidentStates(ctx, []store.IncidentState{{MonitorID: "x", Evaluated: base}}))
}

func addNotificationOnce(ctx context.Context, t *testing.T, s store.Store) {
	first := newNotification(newID(1), 1, store.KindOpened, base)
	same(t, "existing of none", got(s.AddNotifications(ctx, nil))(t), []string(nil))
	same(t, "existing the first time", got(s.AddNotifications(ctx, []store.Notification{first}))(t), []string(nil))
	changed, other := first, newNotification(newID(1), 1, store.KindResolved, base.Add(time.Second))
	changed.Message, changed.Next = "other", base.Add(time.Hour)
	same(t, "existing the second time", got(s.AddNotifications(ctx, []store.Notification{changed, other}))(t), []string{first.ID})
	same(t, "the first", got(s.Notification(ctx, first.ID))(t), first)
	same(t, "the other", got(s.Notification(ctx, other.ID))(t), other)

	var wins atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			existing, err := s.AddNotifications(ctx, []store.Notification{newNotification(newID(1), 2, store.KindOpened, base)})
			if err != nil {
				t.Errorf("add: %v", err)
			} else if len(existing) == 0 {
				wins.Add(1)
			}
		})
	}
	all.Wait()
	same(t, "number of calls that added it", int(wins.Load()), 1)
}

func putDeliveries(ctx context.Context, t *testing.T, s store.Store) {
	now := newNotification(newID(1), 1, store.KindOpened, base)
	later := newNotification(newID(2), 1, store.KindOpened, base)
	later.Next = base.Add(time.Minute)
	never := newNotification(newID(3), 1, store.KindClosed, base)
	never.Next = time.Time{}
	got(s.AddNotifications(ctx, []store.Notification{later, now, never}))(t)
	same(t, "due before Next", got(s.DueNotifications(ctx, base.Add(-time.Millisecond), 9))(t), []store.Notification{})
	same(t, "due at Next", got(s.DueNotifications(ctx, base, 9))(t), []store.Notification{now})
	same(t, "due later", got(s.DueNotifications(ctx, base.Add(time.Hour), 9))(t), []store.Notification{now, later})
	same(t, "due after the clock was set back", got(s.DueNotifications(ctx, base.Add(-2*time.Hour), 9))(t), []store.Notification{now, later})
	same(t, "due, at most one", got(s.DueNotifications(ctx, base.Add(time.Hour), 1))(t), []store.Notification{now})

	now.Attempts, now.Next = 1, base.Add(2*time.Minute)
	now.Deliveries = []store.Delivery{
		{Channel: "email", To: "a@example.org", Status: store.DeliverySent, Answer: "250 OK", Tried: base.Add(time.Second)},
		{Channel: "webhook", To: "https://example.org", Status: store.DeliveryPending, Answer: "", Tried: time.Time{}},
	}
	changed := now
	changed.Message, changed.MonitorName = "ignored", "ignored"
	must(t, s.PutDeliveries(ctx, changed))
	same(t, "notification with deliveries", got(s.Notification(ctx, now.ID))(t), now)
	same(t, "due after Next was postponed", got(s.DueNotifications(ctx, base.Add(time.Hour), 9))(t), []store.Notification{later, now})
	now.Next = time.Time{}
	must(t, s.PutDeliveries(ctx, now))
	same(t, "notification without pending deliveries", got(s.Notification(ctx, now.ID))(t), now)
	same(t, "due without pending deliveries", got(s.DueNotifications(ctx, base.Add(time.Hour), 9))(t), []store.Notification{later})
	_, err := s.Notification(ctx, "unknown")
	wantError(t, "an unknown notification", err, monitor.ErrNotFound)
	wantError(t, "deliveries of an unknown notification", s.PutDeliveries(ctx, store.Notification{ID: "unknown"}), monitor.ErrNotFound)
}

func listNotifications(ctx context.Context, t *testing.T, s store.Store) {
	var all, ofOne []store.Notification
	for i := range 6 {
		n := newNotification(newID(i%2), i, store.KindOpened, base.Add(-time.Duration(i/2)*time.Second))
		all = append(all, n)
		if i%2 == 1 {
			ofOne = append(ofOne, n)
		}
	}
	for i := 0; i < len(all); i += 2 { // with the same date, the greater id comes first
		all[i], all[i+1] = all[i+1], all[i]
	}
	got(s.AddNotifications(ctx, all))(t)
	same(t, "all notifications", got(s.Notifications(ctx, store.NotificationFilter{Limit: 100}))(t), all)
	same(t, "of one monitor", got(s.Notifications(ctx, store.NotificationFilter{MonitorID: newID(1), Limit: 100}))(t), ofOne)
	same(t, "of an unknown monitor", got(s.Notifications(ctx, store.NotificationFilter{MonitorID: newID(7), Limit: 100}))(t), []store.Notification{})
	page := got(s.Notifications(ctx, store.NotificationFilter{Limit: 3}))(t)
	same(t, "first page", page, all[:3])
	rest := store.NotificationFilter{Limit: 100, Before: &store.Cursor{Date: page[2].Date, ID: page[2].ID}}
	same(t, "the rest", got(s.Notifications(ctx, rest))(t), all[3:])
	rest.MonitorID = newID(1)
	same(t, "the rest of one monitor", got(s.Notifications(ctx, rest))(t), ofOne[len(ofOne)-1:])
	_, err := s.Notifications(ctx, store.NotificationFilter{})
	wantInvalid(t, "no limit", err)
}

func claimNotificationOnce(ctx context.Context, t *testing.T, s store.Store) {
	for attempt := range 3 {
		var wins atomic.Int32
		var all sync.WaitGroup
		for runner := range 6 {
			all.Go(func() {
				won, claimed, err := s.ClaimNotification(ctx, "a", attempt, fmt.Sprint("runner ", runner), base)
				if err != nil || !claimed.Equal(base) {
					t.Errorf("claim: %v, claimed at %s", err, claimed)
				}
				if won {
					wins.Add(1)
				}
			})
		}
		all.Wait()
		same(t, "number of successful claims", int(wins.Load()), 1)
	}
	won, claimed, err := s.ClaimNotification(ctx, "a", 0, "late", base.Add(time.Hour))
	must(t, err)
	same(t, "success of a later claim", won, false)
	same(t, "time of the first claim", claimed, base)
}

func notificationsExpire(ctx context.Context, t *testing.T, s store.Store) {
	keep := store.Retention{Results: time.Hour, Rollups: 30 * 24 * time.Hour}
	m := newMonitor("m")
	must(t, s.CreateMonitor(ctx, m))
	old, young := base.Add(-keep.Rollups-time.Second), base.Add(-keep.Rollups+time.Second)
	expired, kept := newNotification(newID(1), 1, store.KindOpened, old), newNotification(newID(1), 2, store.KindOpened, young)
	got(s.AddNotifications(ctx, []store.Notification{expired, kept}))(t)
	states := []store.IncidentState{
		{MonitorID: m.ID, Phase: store.PhaseOK, Evaluated: old, Incident: 1},
		{MonitorID: newID(1), Phase: store.PhaseOK, Evaluated: young, Incident: 2},
		{MonitorID: newID(2), Phase: store.PhaseOK, Evaluated: old, Incident: 3},
	}
	must(t, s.PutIncidentStates(ctx, states))
	for attempt, claimed := range []time.Time{base.Add(-store.NotificationClaimAge - time.Second), base} {
		if won, _, err := s.ClaimNotification(ctx, "a", attempt, "runner", claimed); err != nil || !won {
			t.Fatalf("the attempt can't be claimed: %v", err)
		}
	}

	got(s.Expire(ctx, base, keep))(t)
	same(t, "notifications", got(s.Notifications(ctx, store.NotificationFilter{Limit: 9}))(t), []store.Notification{kept})
	for i, want := range []int{1, 1, 0} {
		left := got(s.IncidentStates(ctx, []string{states[i].MonitorID}))(t)
		same(t, fmt.Sprintf("number of states of monitor %d", i), len(left), want)
	}
	for attempt, want := range []bool{true, false} {
		won, _, err := s.ClaimNotification(ctx, "a", attempt, "other", base)
		must(t, err)
		same(t, fmt.Sprintf("success of another claim to attempt %d", attempt), won, want)
	}
}
