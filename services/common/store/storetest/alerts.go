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

var alertContracts = []contract{
	{"AlertStates", alertStates},
	{"AlertIsOwedOnce", alertOwedOnce},
	{"AlertFate", alertFate},
	{"AlertsAreListed", alertsListed},
	{"AlertAttemptIsClaimedOnce", alertClaimedOnce},
	{"AlertsExpire", alertsExpire},
}

func newAlert(monitorID string, incident int, kind store.AlertKind, date time.Time) store.Alert {
	return store.Alert{
		ID: store.AlertID(monitorID, incident, kind, 0), MonitorID: monitorID, MonitorName: "name", MonitorType: "http",
		MonitorTarget: "target", Group: "group", To: []string{"a@example.org"}, Incident: incident, Kind: kind,
		Status: monitor.StatusFailed, Message: "no answer", Value: 1.5, Opened: date.Add(-time.Minute), Date: date, Next: date,
	}
}

func alertStates(ctx context.Context, t *testing.T, s store.Store) {
	a := store.AlertState{
		MonitorID: newID(1), Phase: store.PhaseAlerting, Seen: base, Incident: 3, Opened: base.Add(-time.Minute),
		Severity: monitor.StatusError, Reminders: 2, Reminded: base,
	}
	b := store.AlertState{MonitorID: newID(2), Phase: store.PhaseFailing, Seen: base, Count: 2, Opened: base}
	must(t, s.PutAlertStates(ctx, nil))
	must(t, s.PutAlertStates(ctx, []store.AlertState{a, b}))
	same(t, "states of none", got(s.AlertStates(ctx, nil))(t), []store.AlertState{})
	same(t, "states of an unknown and a known one", got(s.AlertStates(ctx, []string{newID(9), b.MonitorID}))(t), []store.AlertState{b})

	equal, older, newer := a, a, a
	equal.Count, older.Count, newer.Count = 7, 8, 9
	older.Seen, newer.Seen = base.Add(-time.Millisecond), base.Add(time.Millisecond)
	must(t, s.PutAlertStates(ctx, []store.AlertState{equal}))
	must(t, s.PutAlertStates(ctx, []store.AlertState{older}))
	same(t, "state after one that is not newer", got(s.AlertStates(ctx, []string{a.MonitorID}))(t), []store.AlertState{a})
	must(t, s.PutAlertStates(ctx, []store.AlertState{newer}))
	same(t, "state after a newer one", got(s.AlertStates(ctx, []string{a.MonitorID}))(t), []store.AlertState{newer})
	wantInvalid(t, "state of no monitor", s.PutAlertStates(ctx, []store.AlertState{{MonitorID: "x", Seen: base}}))
}

func alertOwedOnce(ctx context.Context, t *testing.T, s store.Store) {
	first := newAlert(newID(1), 1, store.KindAlert, base)
	same(t, "known of none", got(s.AddAlerts(ctx, nil))(t), []string(nil))
	same(t, "known at first", got(s.AddAlerts(ctx, []store.Alert{first}))(t), []string(nil))
	again, other := first, newAlert(newID(1), 1, store.KindRecovery, base.Add(time.Second))
	again.Message, again.Next = "other", base.Add(time.Hour)
	same(t, "known the second time", got(s.AddAlerts(ctx, []store.Alert{again, other}))(t), []string{first.ID})
	same(t, "the first", got(s.Alert(ctx, first.ID))(t), first)
	same(t, "the other", got(s.Alert(ctx, other.ID))(t), other)

	var wins atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			known, err := s.AddAlerts(ctx, []store.Alert{newAlert(newID(1), 2, store.KindAlert, base)})
			if err != nil {
				t.Errorf("add: %v", err)
			} else if len(known) == 0 {
				wins.Add(1)
			}
		})
	}
	all.Wait()
	same(t, "number of those that added it", int(wins.Load()), 1)
}

func alertFate(ctx context.Context, t *testing.T, s store.Store) {
	a := newAlert(newID(1), 1, store.KindAlert, base)
	later := newAlert(newID(2), 1, store.KindAlert, base)
	later.Next = base.Add(time.Minute)
	never := newAlert(newID(3), 1, store.KindClosed, base)
	never.Next = time.Time{}
	got(s.AddAlerts(ctx, []store.Alert{later, a, never}))(t)
	same(t, "due before", got(s.DueAlerts(ctx, base.Add(-time.Millisecond), 9))(t), []store.Alert{})
	same(t, "due then", got(s.DueAlerts(ctx, base, 9))(t), []store.Alert{a})
	same(t, "due later", got(s.DueAlerts(ctx, base.Add(time.Hour), 9))(t), []store.Alert{a, later})
	same(t, "due, at most one", got(s.DueAlerts(ctx, base.Add(time.Hour), 1))(t), []store.Alert{a})

	a.Attempts, a.Next = 1, base.Add(2*time.Minute)
	a.Deliveries = []store.Delivery{
		{Channel: "email", To: "a@example.org", Fate: store.FateSent, Answer: "250 OK", Tried: base.Add(time.Second)},
		{Channel: "webhook", To: "https://example.org", Fate: store.FateWaiting, Answer: "", Tried: time.Time{}},
	}
	changed := a
	changed.Message, changed.MonitorName = "ignored", "ignored"
	must(t, s.PutFate(ctx, changed))
	same(t, "with its fate", got(s.Alert(ctx, a.ID))(t), a)
	same(t, "due after it was put off", got(s.DueAlerts(ctx, base.Add(time.Hour), 9))(t), []store.Alert{later, a})
	a.Next = time.Time{}
	must(t, s.PutFate(ctx, a))
	same(t, "at its end", got(s.Alert(ctx, a.ID))(t), a)
	same(t, "due at its end", got(s.DueAlerts(ctx, base.Add(time.Hour), 9))(t), []store.Alert{later})
	_, err := s.Alert(ctx, "unknown")
	wantError(t, "an unknown message", err, monitor.ErrNotFound)
	wantError(t, "the fate of an unknown message", s.PutFate(ctx, store.Alert{ID: "unknown"}), monitor.ErrNotFound)
}

func alertsListed(ctx context.Context, t *testing.T, s store.Store) {
	var all, ofOne []store.Alert
	for i := range 6 {
		a := newAlert(newID(i%2), i, store.KindAlert, base.Add(-time.Duration(i/2)*time.Second))
		all = append(all, a)
		if i%2 == 1 {
			ofOne = append(ofOne, a)
		}
	}
	for i := 0; i < len(all); i += 2 { // the same date: the greater id comes first
		all[i], all[i+1] = all[i+1], all[i]
	}
	got(s.AddAlerts(ctx, all))(t)
	same(t, "all", got(s.Alerts(ctx, store.AlertFilter{Limit: 100}))(t), all)
	same(t, "of one monitor", got(s.Alerts(ctx, store.AlertFilter{MonitorID: newID(1), Limit: 100}))(t), ofOne)
	same(t, "of an unknown one", got(s.Alerts(ctx, store.AlertFilter{MonitorID: newID(7), Limit: 100}))(t), []store.Alert{})
	page := got(s.Alerts(ctx, store.AlertFilter{Limit: 3}))(t)
	same(t, "first page", page, all[:3])
	rest := store.AlertFilter{Limit: 100, Before: &store.Cursor{Date: page[2].Date, ID: page[2].ID}}
	same(t, "the rest", got(s.Alerts(ctx, rest))(t), all[3:])
	rest.MonitorID = newID(1)
	same(t, "the rest of one monitor", got(s.Alerts(ctx, rest))(t), ofOne[len(ofOne)-1:])
	_, err := s.Alerts(ctx, store.AlertFilter{})
	wantInvalid(t, "no limit", err)
}

func alertClaimedOnce(ctx context.Context, t *testing.T, s store.Store) {
	for attempt := range 3 {
		var wins atomic.Int32
		var all sync.WaitGroup
		for claimer := range 6 {
			all.Go(func() {
				won, claimed, err := s.ClaimAlert(ctx, "a", attempt, fmt.Sprint("runner ", claimer), base)
				if err != nil || !claimed.Equal(base) {
					t.Errorf("claim: %v, claimed at %s", err, claimed)
				}
				if won {
					wins.Add(1)
				}
			})
		}
		all.Wait()
		same(t, "number of claimers that won", int(wins.Load()), 1)
	}
	won, claimed, err := s.ClaimAlert(ctx, "a", 0, "late", base.Add(time.Hour))
	must(t, err)
	same(t, "won late", won, false)
	same(t, "when the first claimed", claimed, base)
}

func alertsExpire(ctx context.Context, t *testing.T, s store.Store) {
	keep := store.Retention{Results: time.Hour, Rollups: 30 * 24 * time.Hour}
	there := newMonitor("there")
	must(t, s.CreateMonitor(ctx, there))
	old, young := base.Add(-keep.Rollups-time.Second), base.Add(-keep.Rollups+time.Second)
	oldAlert, youngAlert := newAlert(newID(1), 1, store.KindAlert, old), newAlert(newID(1), 2, store.KindAlert, young)
	got(s.AddAlerts(ctx, []store.Alert{oldAlert, youngAlert}))(t)
	states := []store.AlertState{
		{MonitorID: there.ID, Phase: store.PhaseOK, Seen: old, Incident: 1},
		{MonitorID: newID(1), Phase: store.PhaseOK, Seen: young, Incident: 2},
		{MonitorID: newID(2), Phase: store.PhaseOK, Seen: old, Incident: 3},
	}
	must(t, s.PutAlertStates(ctx, states))
	for attempt, claimed := range []time.Time{base.Add(-store.AlertClaimAge - time.Second), base} {
		if won, _, err := s.ClaimAlert(ctx, "a", attempt, "runner", claimed); err != nil || !won {
			t.Fatalf("the attempt can't be claimed: %v", err)
		}
	}

	got(s.Expire(ctx, base, keep))(t)
	same(t, "alerts", got(s.Alerts(ctx, store.AlertFilter{Limit: 9}))(t), []store.Alert{youngAlert})
	for i, want := range []int{1, 1, 0} {
		left := got(s.AlertStates(ctx, []string{states[i].MonitorID}))(t)
		same(t, fmt.Sprintf("number of states of monitor %d", i), len(left), want)
	}
	for attempt, want := range []bool{true, false} {
		won, _, err := s.ClaimAlert(ctx, "a", attempt, "other", base)
		must(t, err)
		same(t, "an expired claim can be made again", won, want)
	}
}
