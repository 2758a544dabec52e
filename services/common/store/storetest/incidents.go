package storetest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var incidentContracts = []contract{
	{"MergeIncidents", mergeIncidents},
	{"AcknowledgeIncidentOnce", acknowledgeIncident},
	{"IncidentsAreOrderedAndFiltered", listIncidents},
	{"OpenIncidents", openIncidents},
	{"NotificationsByID", notificationsByID},
	{"NotificationsOfIncidents", notificationsOfIncidents},
	{"IncidentsExpire", incidentsExpire},
	{"Silences", silences},
	{"IncidentHistory", incidentHistory},
}

func newIncident(monitorID string, number int, opened time.Time) store.Incident {
	return store.Incident{
		ID: store.IncidentID(monitorID, number), MonitorID: monitorID, Number: number, MonitorName: "name", Group: "group",
		FirstNotOK: opened.Add(-time.Minute), Opened: opened, Severity: monitor.StatusError,
		FirstMessage: "first", Message: "latest", Dependents: []string{newID(8), newID(9)},
	}
}

func mergeIncidents(ctx context.Context, t *testing.T, s store.Store) {
	i := newIncident(newID(1), 3, base)
	must(t, s.MergeIncidents(ctx, nil))
	must(t, s.MergeIncidents(ctx, []store.Incident{i}))
	same(t, "a new incident", got(s.Incident(ctx, i.ID))(t), i)
	same(t, "some incidents by id", got(s.IncidentsByID(ctx, []string{i.ID, "unknown"}))(t), []store.Incident{i})
	same(t, "no incidents by id", got(s.IncidentsByID(ctx, nil))(t), []store.Incident{})
	wantUTC(t, "the date", got(s.Incident(ctx, i.ID))(t).Opened)

	other := newIncident(newID(1), 3, base.Add(time.Hour))
	other.MonitorName, other.Group, other.FirstMessage, other.Message, other.Dependents = "x", "x", "x", "newer", nil
	other.Severity, other.Reconstructed = monitor.StatusFailed, true
	must(t, s.MergeIncidents(ctx, []store.Incident{other}))
	i.Severity, i.Message = monitor.StatusFailed, "newer"
	same(t, "after a worse status", got(s.Incident(ctx, i.ID))(t), i)

	end := other
	end.Severity, end.Message, end.Resolved, end.Closed = monitor.StatusError, "", base.Add(2*time.Hour), true
	must(t, s.MergeIncidents(ctx, []store.Incident{end}))
	i.Resolved, i.Closed = end.Resolved, true
	same(t, "after its end", got(s.Incident(ctx, i.ID))(t), i)
	end.Resolved = base.Add(time.Hour)
	must(t, s.MergeIncidents(ctx, []store.Incident{end}))
	i.Resolved = end.Resolved
	same(t, "after an earlier end", got(s.Incident(ctx, i.ID))(t), i)
	end.Resolved, end.Closed = base.Add(3*time.Hour), false
	must(t, s.MergeIncidents(ctx, []store.Incident{end}))
	end.Resolved = time.Time{}
	must(t, s.MergeIncidents(ctx, []store.Incident{end}))
	same(t, "after a later end and none", got(s.Incident(ctx, i.ID))(t), i)
	same(t, "open incidents", got(s.OpenIncidents(ctx, nil))(t), []store.Incident{})

	past := newIncident(newID(2), 0, base)
	past.ID, past.Resolved, past.Reconstructed, past.Dependents = newID(2)+"-past", base.Add(time.Minute), true, nil
	past.Acknowledgement = &store.Acknowledgement{By: "ann", Note: "note", Date: base}
	must(t, s.MergeIncidents(ctx, []store.Incident{past}))
	same(t, "an incident that is new and has ended", got(s.Incident(ctx, past.ID))(t), past)

	_, err := s.Incident(ctx, "unknown")
	wantError(t, "an unknown incident", err, monitor.ErrNotFound)
	wantInvalid(t, "an incident with an invalid monitor id", s.MergeIncidents(ctx, []store.Incident{{ID: "x", MonitorID: "x"}}))
}

// mergeIncidentsConcurrently opens and ends incidents by several writers at once. All must have ended at the earliest
// end.
func mergeIncidentsConcurrently(ctx context.Context, t *testing.T, s store.Store) {
	var all sync.WaitGroup
	for writer := range 6 {
		all.Go(func() {
			for number := range 5 {
				i := newIncident(newID(1), number, base)
				ended := i
				ended.Resolved = base.Add(time.Duration(1+writer) * time.Second)
				for _, next := range []store.Incident{i, ended, i} {
					if err := s.MergeIncidents(ctx, []store.Incident{next}); err != nil {
						t.Errorf("merge: %v", err)
					}
				}
			}
		})
	}
	all.Wait()
	same(t, "open incidents", got(s.OpenIncidents(ctx, nil))(t), []store.Incident{})
	list := got(s.Incidents(ctx, store.IncidentFilter{Limit: 100}))(t)
	same(t, "number of incidents", len(list), 5)
	for _, i := range list {
		same(t, "the end of "+i.ID, i.Resolved, base.Add(time.Second))
	}
}

func acknowledgeIncident(ctx context.Context, t *testing.T, s store.Store) {
	open, ended := newIncident(newID(1), 1, base), newIncident(newID(2), 1, base)
	ended.Resolved = base.Add(time.Minute)
	must(t, s.MergeIncidents(ctx, []store.Incident{open, ended}))
	first := store.Acknowledgement{By: "ann", Note: "on it", Date: base.Add(time.Second)}
	open.Acknowledgement = &first
	same(t, "acknowledged", got(s.AcknowledgeIncident(ctx, open.ID, first))(t), open)
	same(t, "acknowledged again", got(s.AcknowledgeIncident(ctx, open.ID, store.Acknowledgement{By: "bob", Date: base}))(t), open)
	must(t, s.MergeIncidents(ctx, []store.Incident{newIncident(newID(1), 1, base)}))
	same(t, "acknowledged and merged", got(s.Incident(ctx, open.ID))(t), open)
	same(t, "acknowledged after its end", got(s.AcknowledgeIncident(ctx, ended.ID, first))(t), ended)
	_, err := s.AcknowledgeIncident(ctx, "unknown", first)
	wantError(t, "an unknown incident", err, monitor.ErrNotFound)
}

func listIncidents(ctx context.Context, t *testing.T, s store.Store) {
	var all []store.Incident // newest first
	for n := range 12 {
		i := newIncident(newID(n%3), 20-n, base.Add(-time.Duration(n/2)*time.Minute))
		i.Group = []string{"a", "b", ""}[n%3]
		i.Severity = monitor.Status(1 + n%2)
		if n%4 > 1 {
			i.Resolved = base.Add(time.Hour)
		}
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b store.Incident) int {
		if c := b.Opened.Compare(a.Opened); c != 0 {
			return c
		}
		return -slices.Compare([]byte(a.ID), []byte(b.ID))
	})
	must(t, s.MergeIncidents(ctx, all))
	group, noGroup, yes, no := "b", "", true, false
	for name, tt := range map[string]struct {
		filter store.IncidentFilter
		want   func(store.Incident) bool
	}{
		"all":               {store.IncidentFilter{}, func(store.Incident) bool { return true }},
		"open":              {store.IncidentFilter{Open: &yes}, func(i store.Incident) bool { return i.Resolved.IsZero() }},
		"ended":             {store.IncidentFilter{Open: &no}, func(i store.Incident) bool { return !i.Resolved.IsZero() }},
		"of a monitor":      {store.IncidentFilter{MonitorID: newID(1)}, func(i store.Incident) bool { return i.MonitorID == newID(1) }},
		"of a group":        {store.IncidentFilter{Group: &group}, func(i store.Incident) bool { return i.Group == "b" }},
		"without a group":   {store.IncidentFilter{Group: &noGroup}, func(i store.Incident) bool { return i.Group == "" }},
		"failed":            {store.IncidentFilter{Severity: monitor.StatusFailed}, func(i store.Incident) bool { return i.Severity == 2 }},
		"error":             {store.IncidentFilter{Severity: monitor.StatusError}, func(i store.Incident) bool { return i.Severity == 1 }},
		"of a time":         {store.IncidentFilter{From: all[7].Opened, To: all[2].Opened}, func(i store.Incident) bool { return !i.Opened.Before(all[7].Opened) && i.Opened.Before(all[2].Opened) }},
		"of a time, cursor": {store.IncidentFilter{To: all[0].Opened, Before: &store.Cursor{Date: all[4].Opened, ID: all[4].ID}}, func(i store.Incident) bool { return slices.Index(incidentIDs(all), i.ID) > 4 }},
		"open, of a monitor, failed": {
			store.IncidentFilter{Open: &yes, MonitorID: newID(2), Severity: monitor.StatusError},
			func(i store.Incident) bool { return i.Resolved.IsZero() && i.MonitorID == newID(2) && i.Severity == 1 },
		},
		"open, of a group": {
			store.IncidentFilter{Open: &yes, Group: &group}, func(i store.Incident) bool { return i.Resolved.IsZero() && i.Group == "b" },
		},
	} {
		want := []store.Incident{}
		for _, i := range all {
			if tt.want(i) {
				want = append(want, i)
			}
		}
		tt.filter.Limit = 100
		same(t, name, got(s.Incidents(ctx, tt.filter))(t), want)
		tt.filter.Limit = 2
		same(t, name+", at most two", got(s.Incidents(ctx, tt.filter))(t), want[:min(2, len(want))])
	}
	_, err := s.Incidents(ctx, store.IncidentFilter{})
	wantInvalid(t, "no limit", err)
}

func incidentIDs(incidents []store.Incident) []string {
	list := make([]string, len(incidents))
	for n, i := range incidents {
		list[n] = i.ID
	}
	return list
}

func openIncidents(ctx context.Context, t *testing.T, s store.Store) {
	a, b, ended := newIncident(newID(1), 2, base), newIncident(newID(2), 1, base), newIncident(newID(1), 1, base)
	ended.Resolved = base
	same(t, "number of none", got(s.CountOpenIncidents(ctx))(t), 0)
	must(t, s.MergeIncidents(ctx, []store.Incident{a, b, ended}))
	same(t, "number", got(s.CountOpenIncidents(ctx))(t), 2)
	same(t, "of no monitors", got(s.OpenIncidents(ctx, []string{}))(t), []store.Incident{})
	same(t, "of one monitor", got(s.OpenIncidents(ctx, []string{newID(1), newID(7)}))(t), []store.Incident{a})
	list := got(s.OpenIncidents(ctx, nil))(t)
	slices.SortFunc(list, func(x, y store.Incident) int { return slices.Compare([]byte(x.ID), []byte(y.ID)) })
	same(t, "of all monitors", list, []store.Incident{a, b})
}

func notificationsByID(ctx context.Context, t *testing.T, s store.Store) {
	one, eleven := newNotification(newID(1), 1, store.KindOpened, base), newNotification(newID(1), 11, store.KindOpened, base)
	got(s.AddNotifications(ctx, []store.Notification{one, eleven}))(t)
	same(t, "one", got(s.NotificationsByID(ctx, []string{one.ID, "unknown"}))(t), []store.Notification{one})
	same(t, "number of two", len(got(s.NotificationsByID(ctx, []string{one.ID, eleven.ID}))(t)), 2)
	same(t, "none", got(s.NotificationsByID(ctx, nil))(t), []store.Notification{})
}

func notificationsOfIncidents(ctx context.Context, t *testing.T, s store.Store) {
	one, eleven := newNotification(newID(1), 1, store.KindOpened, base), newNotification(newID(1), 11, store.KindOpened, base)
	end, other := newNotification(newID(1), 1, store.KindResolved, base), newNotification(newID(2), 1, store.KindOpened, base)
	got(s.AddNotifications(ctx, []store.Notification{one, eleven, end, other}))(t)
	ofOne := got(s.NotificationsOf(ctx, []string{store.IncidentID(newID(1), 1)}, 9))(t)
	slices.SortFunc(ofOne, func(x, y store.Notification) int { return slices.Compare([]byte(x.ID), []byte(y.ID)) })
	same(t, "of one incident", ofOne, []store.Notification{one, end})
	two := got(s.NotificationsOf(ctx, []string{store.IncidentID(newID(1), 11), store.IncidentID(newID(2), 1), "unknown"}, 9))(t)
	same(t, "number of notifications of two incidents", len(two), 2)
	same(t, "number of those, at most one", len(got(s.NotificationsOf(ctx, []string{store.IncidentID(newID(1), 1)}, 1))(t)), 1)
	same(t, "of no incidents", got(s.NotificationsOf(ctx, nil, 9))(t), []store.Notification{})
	_, err := s.NotificationsOf(ctx, nil, 0)
	wantInvalid(t, "no limit", err)
}

func incidentsExpire(ctx context.Context, t *testing.T, s store.Store) {
	keep := store.Retention{Results: time.Hour, Rollups: 30 * 24 * time.Hour}
	old := base.Add(-keep.Rollups - time.Second)
	expired, open, young := newIncident(newID(1), 1, old), newIncident(newID(1), 2, old), newIncident(newID(1), 3, old.Add(2*time.Second))
	expired.Resolved, young.Resolved = base, base
	must(t, s.MergeIncidents(ctx, []store.Incident{expired, open, young}))
	must(t, s.PutSilence(ctx, store.Silence{MonitorID: newID(1), Until: base}))
	must(t, s.PutSilence(ctx, store.Silence{MonitorID: newID(2), Until: base.Add(time.Second)}))
	got(s.Expire(ctx, base, keep))(t)
	same(t, "incidents", got(s.Incidents(ctx, store.IncidentFilter{Limit: 9}))(t), []store.Incident{young, open})
	same(t, "number of silences", len(got(s.Silences(ctx, base.Add(-time.Hour)))(t)), 1)
}

func silences(ctx context.Context, t *testing.T, s store.Store) {
	a := store.Silence{MonitorID: newID(2), Until: base.Add(time.Hour), By: "ann"}
	b := store.Silence{MonitorID: newID(1), Until: base.Add(time.Minute)}
	same(t, "none", got(s.Silences(ctx, base))(t), []store.Silence{})
	must(t, s.PutSilence(ctx, a))
	must(t, s.PutSilence(ctx, b))
	same(t, "two", got(s.Silences(ctx, base))(t), []store.Silence{b, a})
	same(t, "after the end of one", got(s.Silences(ctx, b.Until))(t), []store.Silence{a})
	a.Until = base
	must(t, s.PutSilence(ctx, a))
	same(t, "after one was ended", got(s.Silences(ctx, base))(t), []store.Silence{b})
	wantInvalid(t, "an invalid monitor id", s.PutSilence(ctx, store.Silence{MonitorID: "x"}))
}

func incidentHistory(ctx context.Context, t *testing.T, s store.Store) {
	same(t, "at the beginning", got(s.IncidentHistory(ctx))(t), "")
	must(t, s.PutIncidentHistory(ctx, "a"))
	must(t, s.PutIncidentHistory(ctx, "b"))
	same(t, "afterwards", got(s.IncidentHistory(ctx))(t), "b")
	must(t, s.DeleteResults(ctx, base))
	same(t, "after results were deleted", got(s.IncidentHistory(ctx))(t), "b")
}
