package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var watchContracts = []contract{
	{"WatchReportsChanges", watchChanges},
	{"WatchReportsManyChanges", watchBurst},
	{"WatchEndsWithContext", watchEnds},
}

// watch watches a topic. It skips the test if the store does not support that.
func watch(ctx context.Context, t *testing.T, s store.Store, topic store.Topic) <-chan struct{} {
	t.Helper()
	changes, err := s.Watch(ctx, topic)
	if errors.Is(err, store.ErrWatchUnsupported) {
		t.Skip("this store can't be watched: ", err)
	}
	must(t, err)
	return changes
}

func waitForChange(t *testing.T, what string, changes <-chan struct{}) {
	t.Helper()
	select {
	case _, open := <-changes:
		if !open {
			t.Fatalf("%s: the channel closed", what)
		}
	case <-time.After(patience):
		t.Fatalf("%s: the change was not reported", what)
	}
}

func watchChanges(ctx context.Context, t *testing.T, s store.Store) {
	m, r, request := newMonitor("m"), newResult(newID(1), 1, base), newRequest(1, time.Hour)
	changed := m
	changed.Target = "elsewhere"
	window, incident := newWindow("w"), newIncident(newID(1), 1, base)
	page := newPage("page")
	message := newMessage(page, 1)
	for _, change := range []struct {
		name  string
		topic store.Topic
		apply func() error
	}{
		{"create", store.TopicMonitors, func() error { return s.CreateMonitor(ctx, m) }},
		{"replace", store.TopicMonitors, func() error { return s.ReplaceMonitor(ctx, changed) }},
		{"change several", store.TopicMonitors, func() error {
			_, err := s.ChangeMonitors(ctx, store.BulkChange{
				MonitorIDs: []string{m.ID}, Date: base, Edit: &store.MonitorEdit{Enabled: new(false)},
			})
			return err
		}},
		{"silence several", store.TopicIncidents, func() error {
			_, err := s.ChangeMonitors(ctx, store.BulkChange{
				MonitorIDs: []string{m.ID}, Date: base, Silence: &store.Silence{Until: base.Add(time.Hour)},
			})
			return err
		}},
		{"delete", store.TopicMonitors, func() error { return s.DeleteMonitor(ctx, m.ID) }},
		{"import", store.TopicMonitors, func() error { return s.ImportMonitors(ctx, []monitor.Monitor{m}) }},
		{"delete all", store.TopicMonitors, func() error { return s.DeleteMonitors(ctx) }},
		{"create window", store.TopicMonitors, func() error { return s.CreateMaintenanceWindow(ctx, window) }},
		{"replace window", store.TopicMonitors, func() error {
			window.Name = "other"
			return s.ReplaceMaintenanceWindow(ctx, window)
		}},
		{"delete window", store.TopicMonitors, func() error { return s.DeleteMaintenanceWindow(ctx, window.ID) }},
		{"results", store.TopicResults, func() error { return s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{r}}) }},
		{"delete results", store.TopicResults, func() error { return s.DeleteResults(ctx, base) }},
		{"clear results", store.TopicMonitors, func() error { return s.DeleteResults(ctx, base.Add(time.Hour)) }},
		{"add on-demand check", store.TopicOnDemandChecks, func() error { return s.AddOnDemandChecks(ctx, request) }},
		{"complete on-demand check", store.TopicOnDemandChecks, func() error {
			if _, err := s.ClaimOnDemandCheck(ctx, request.ID, "runner", time.Now()); err != nil {
				return err
			}
			return s.CompleteOnDemandCheck(ctx, request.ID, r)
		}},
		{"merge incident", store.TopicIncidents, func() error { return s.MergeIncidents(ctx, []store.Incident{incident}) }},
		{"acknowledge incident", store.TopicIncidents, func() error {
			_, err := s.AcknowledgeIncident(ctx, incident.ID, store.Acknowledgement{Date: base})
			return err
		}},
		{"add ping", store.TopicPings, func() error { return s.AddPing(ctx, newPing(m.ID, 1, base)) }},
		{"create status page", store.TopicStatusPages, func() error { return s.CreateStatusPage(ctx, page) }},
		{"replace status page", store.TopicStatusPages, func() error {
			old := page
			page.Title = "other"
			return s.ReplaceStatusPageIf(ctx, page, old)
		}},
		{"create status message", store.TopicStatusPages, func() error { return s.CreateStatusMessage(ctx, message) }},
		{"replace status message", store.TopicStatusPages, func() error {
			old := message
			message.Title = "other"
			return s.ReplaceStatusMessageIf(ctx, message, old)
		}},
		{"delete status message", store.TopicStatusPages, func() error { return s.DeleteStatusMessage(ctx, message.ID) }},
		{"delete status page", store.TopicStatusPages, func() error { return s.DeleteStatusPage(ctx, page.ID) }},
		{"put silence", store.TopicIncidents, func() error {
			return s.PutSilence(ctx, store.Silence{MonitorID: m.ID, Until: base})
		}},
	} {
		watching, stop := context.WithCancel(ctx)
		changes := watch(watching, t, s, change.topic)
		must(t, change.apply())
		waitForChange(t, change.name, changes)
		stop()
	}
}

// watchBurst makes many changes before it receives from the channels. Each must then have at least one value, and
// another after one more change.
func watchBurst(ctx context.Context, t *testing.T, s store.Store) {
	first, second := watch(ctx, t, s, store.TopicResults), watch(ctx, t, s, store.TopicResults)
	for i := range 50 {
		must(t, s.AppendBatch(ctx, store.Batch{Results: newResults(newID(1), 100*i, 2, base)}))
	}
	waitForChange(t, "a burst", first)
	waitForChange(t, "a burst, by another watcher", second)
	for drained := false; !drained; {
		select {
		case <-first:
		default:
			drained = true
		}
	}
	must(t, s.AppendBatch(ctx, store.Batch{Results: newResults(newID(1), 9000, 1, base)}))
	waitForChange(t, "a change after the burst", first)
}

func watchEnds(ctx context.Context, t *testing.T, s store.Store) {
	watching, stop := context.WithCancel(ctx)
	changes := watch(watching, t, s, store.TopicMonitors)
	stop()
	for deadline := time.After(patience); ; {
		select {
		case _, open := <-changes:
			if !open {
				return
			}
		case <-deadline:
			t.Fatal("the channel is still open after its context ended")
		}
	}
}
