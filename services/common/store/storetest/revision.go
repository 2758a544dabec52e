package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// revisionChanges checks that each change of the monitors and states changes the revision, and that reads don't.
func revisionChanges(ctx context.Context, t *testing.T, s store.Store) {
	m, other := newMonitor("m"), newMonitor("other")
	changed, renamed := m, m
	changed.Target, renamed.Name = "elsewhere", "renamed"
	labelled := renamed
	labelled.Labels = map[string]string{"team": "payments"}
	first, second := newResult(m.ID, 1, base), newResult(m.ID, 2, base.Add(time.Second))
	// The definition changes, but not the date of the change.
	for _, change := range []struct {
		name string
		// onlyStates means that the monitors stay the same.
		onlyStates bool
		apply      func() error
	}{
		{"create", false, func() error { return s.CreateMonitor(ctx, m) }},
		{"create another", false, func() error { return s.CreateMonitor(ctx, other) }},
		{"replace", false, func() error { return s.ReplaceMonitor(ctx, changed) }},
		{"replace again", false, func() error { return s.ReplaceMonitor(ctx, renamed) }},
		{"replace only labels", false, func() error { return s.ReplaceMonitor(ctx, labelled) }},
		{"change several", false, func() error {
			_, err := s.ChangeMonitors(ctx, store.BulkChange{
				MonitorIDs: []string{m.ID}, Date: labelled.Updated, Edit: &store.MonitorEdit{Group: new("moved")},
			})
			return err
		}},
		{"first state", true, func() error {
			return s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{first}, States: []store.State{newState(first, 1)}})
		}},
		{"state without a result", true, func() error {
			return s.AppendBatch(ctx, store.Batch{States: []store.State{newState(second, 1)}})
		}},
		{"delete results", true, func() error { return s.DeleteResults(ctx, base.Add(time.Hour)) }},
		{"delete", false, func() error { return s.DeleteMonitor(ctx, m.ID) }},
		{"import", false, func() error { return s.ImportMonitors(ctx, []monitor.Monitor{m}) }},
		{"delete all", false, func() error { return s.DeleteMonitors(ctx) }},
	} {
		withStates, without := stableRevisions(ctx, t, s)
		must(t, change.apply())
		newWithStates, newWithout := revisions(ctx, t, s)
		if newWithStates == withStates {
			t.Errorf("%s: the revision with states is still the same", change.name)
		}
		if newWithout == without && !change.onlyStates {
			t.Errorf("%s: the revision without states is still the same", change.name)
		}
	}
}

// stableRevisions returns the revisions when they do not change any more: reads change nothing, but a store may still write
// in the background, to delete what the last change has left.
func stableRevisions(ctx context.Context, t *testing.T, s store.Store) (withStates, without string) {
	t.Helper()
	for withStates, without = revisions(ctx, t, s); ctx.Err() == nil; {
		again, againWithout := revisions(ctx, t, s)
		if again == withStates && againWithout == without {
			return withStates, without
		}
		withStates, without = again, againWithout
	}
	t.Fatalf("the revision changes without a change: %v", ctx.Err())
	return "", ""
}

func revisions(ctx context.Context, t *testing.T, s store.Store) (withStates, without string) {
	t.Helper()
	got(s.Monitors(ctx))(t)
	got(s.States(ctx))(t)
	return got(s.Revision(ctx, true))(t), got(s.Revision(ctx, false))(t)
}

// statusPagesRevision checks that each write of pages and messages changes the revision, and that nothing else does.
func statusPagesRevision(ctx context.Context, t *testing.T, s store.Store) {
	p := newPage("p")
	renamed, message := p, newMessage(p, 1)
	renamed.Title = "renamed" // The date of the change is the same.
	edited, other := message, newMessage(p, 2)
	edited.Title = "edited"
	seen := map[string]bool{"": true}
	for i, write := range []func() error{
		func() error { return nil },
		func() error { return s.CreateStatusPage(ctx, p) },
		func() error { return s.ReplaceStatusPageIf(ctx, renamed, p) },
		func() error { return s.CreateStatusMessage(ctx, message) },
		func() error { return s.CreateStatusMessage(ctx, other) },
		func() error { return s.ReplaceStatusMessageIf(ctx, edited, message) },
		func() error { return s.DeleteStatusMessage(ctx, message.ID) },
		func() error { return s.DeleteStatusMessageIf(ctx, other) },
		func() error { return s.DeleteStatusPageIf(ctx, renamed) },
		func() error { return s.CreateStatusPage(ctx, p) },
		func() error { return s.DeleteStatusPage(ctx, p.ID) },
	} {
		must(t, write())
		revision := got(s.StatusPagesRevision(ctx))(t)
		if seen[revision] {
			t.Errorf("the revision after write %d is %q, as before", i, revision)
		}
		seen[revision] = true
		must(t, s.CreateMonitor(ctx, newMonitor(fmt.Sprint("m", i))))
		wantError(t, "replacing a deleted page", s.ReplaceStatusPageIf(ctx, newPage("x"), p), monitor.ErrNotFound)
		got(s.StatusPages(ctx))(t)
		same(t, "revision after other calls", got(s.StatusPagesRevision(ctx))(t), revision)
	}
}
