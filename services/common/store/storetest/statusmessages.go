package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

var statusMessageContracts = []contract{
	{"CreateStatusMessage", createStatusMessage},
	{"StatusMessagesSince", statusMessagesSince},
	{"StatusMessageNotFound", statusMessageNotFound},
	{"StatusMessageIDIsUnique", statusMessageIDIsUnique},
	{"StatusMessageIf", changeStatusMessageIf},
	{"OnlyOneOfManyConditionalWritesOfAStatusMessageWins", oneStatusMessageWriterWins},
}

// newMessage returns a message that is not resolved. A greater n results in a greater id.
func newMessage(p statuspage.Page, n int) statuspage.Message {
	return statuspage.Message{
		ID: newID(n), PageID: p.ID, Title: fmt.Sprint("message ", n), Entries: []string{}, Updated: base,
		Updates: []statuspage.Update{{Date: base, State: statuspage.Investigating, Text: "text"}},
	}
}

// newPages creates n pages.
func newPages(ctx context.Context, t *testing.T, s store.Store, n int) []statuspage.Page {
	t.Helper()
	pages := make([]statuspage.Page, n)
	for i := range pages {
		pages[i] = newPage(fmt.Sprint("page-", i))
		must(t, s.CreateStatusPage(ctx, pages[i]))
	}
	return pages
}

func createStatusMessage(ctx context.Context, t *testing.T, s store.Store) {
	p := newPages(ctx, t, s, 1)[0]
	m := newMessage(p, 1)
	m.Title, m.Entries = "'; DROP TABLE status_messages; -- \u202e🔥 {\"$gt\": \"\"}", []string{"0a1b2c3d", "00000000"}
	m.Updates = append(m.Updates,
		statuspage.Update{Date: base.Add(123 * time.Millisecond), State: statuspage.Monitoring, Text: strings.Repeat("🔥", statuspage.MaxUpdateText)},
		statuspage.Update{Date: base.Add(time.Hour), State: statuspage.Resolved})
	unordered := m
	unordered.Updates = []statuspage.Update{m.Updates[2], m.Updates[0], m.Updates[1]}
	must(t, s.CreateStatusMessage(ctx, unordered))
	for _, id := range []string{m.ID, strings.ToUpper(m.ID)} {
		found := got(s.StatusMessage(ctx, id))(t)
		same(t, "message", found, m)
		wantUTC(t, "Updated", found.Updated)
		wantUTC(t, "Date", found.Updates[0].Date)
	}
	minimal := statuspage.Message{ID: newID(2), PageID: strings.ToUpper(p.ID), Updates: []statuspage.Update{{}}}
	must(t, s.CreateStatusMessage(ctx, minimal))
	minimal.PageID, minimal.Entries = p.ID, []string{}
	same(t, "minimal message", got(s.StatusMessage(ctx, minimal.ID))(t), minimal)
	minimal.ID, minimal.Updates = newID(3), nil
	wantInvalid(t, "creating a message without an update", s.CreateStatusMessage(ctx, minimal))
	same(t, "list", got(s.StatusMessages(ctx, []string{p.ID}, time.Time{}))(t)[:1], []statuspage.Message{m})
}

func statusMessagesSince(ctx context.Context, t *testing.T, s store.Store) {
	pages := newPages(ctx, t, s, 3)
	if list := got(s.StatusMessages(ctx, []string{pages[0].ID}, time.Time{}))(t); list == nil || len(list) != 0 {
		t.Fatalf("messages of a page without one: %#v, want an empty slice", list)
	}
	message := func(page, n int, at time.Duration, state statuspage.State) statuspage.Message {
		m := newMessage(pages[page], n)
		m.Updates = append(m.Updates, statuspage.Update{Date: base.Add(at), State: state})
		must(t, s.CreateStatusMessage(ctx, m))
		return m
	}
	// Newest first; messages of the same date by id.
	want := []statuspage.Message{
		message(0, 1, 9*time.Hour, statuspage.Resolved),
		message(1, 8, 8*time.Hour, statuspage.Monitoring),
		message(0, 7, 8*time.Hour, statuspage.Resolved),
		message(1, 6, 7*time.Hour, statuspage.Resolved),
		message(1, 2, 2*time.Hour, statuspage.Identified),
	}
	message(0, 3, 7*time.Hour-time.Millisecond, statuspage.Resolved)
	message(2, 4, 9*time.Hour, statuspage.Investigating)
	both := []string{pages[1].ID, strings.ToUpper(pages[0].ID), pages[1].ID, newID(9), "zz"}
	same(t, "messages", got(s.StatusMessages(ctx, both, base.Add(7*time.Hour)))(t), want)
	same(t, "messages since an odd time", got(s.StatusMessages(ctx, both, base.Add(7*time.Hour-time.Microsecond)))(t), want)
	same(t, "messages of no page", got(s.StatusMessages(ctx, nil, time.Time{}))(t), []statuspage.Message{})

	// An update that resolves a message, and one that opens it again, move it.
	last := want[4]
	update := func(at time.Duration, state statuspage.State) {
		old := last
		last.Updates = append(slices.Clone(last.Updates), statuspage.Update{Date: base.Add(at), State: state})
		must(t, s.ReplaceStatusMessageIf(ctx, last, old))
	}
	update(3*time.Hour, statuspage.Resolved)
	same(t, "after resolving", got(s.StatusMessages(ctx, both, base.Add(7*time.Hour)))(t), want[:4])
	update(10*time.Hour, statuspage.Monitoring)
	same(t, "after opening again", got(s.StatusMessages(ctx, both, base.Add(7*time.Hour)))(t), append([]statuspage.Message{last}, want[:4]...))
}

func statusMessageNotFound(ctx context.Context, t *testing.T, s store.Store) {
	pages := newPages(ctx, t, s, 2)
	another := newMessage(pages[0], 9)
	must(t, s.CreateStatusMessage(ctx, another))
	for _, id := range append([]string{newID(1)}, invalidIDs...) {
		_, err := s.StatusMessage(ctx, id)
		wantError(t, "StatusMessage "+id, err, monitor.ErrNotFound)
		wantError(t, "DeleteStatusMessage "+id, s.DeleteStatusMessage(ctx, id), monitor.ErrNotFound)
		m := newMessage(pages[0], 1)
		m.ID = id
		wantError(t, "ReplaceStatusMessageIf "+id, s.ReplaceStatusMessageIf(ctx, m, m), monitor.ErrNotFound)
		m = newMessage(statuspage.Page{ID: id}, 1)
		wantError(t, "CreateStatusMessage on page "+id, s.CreateStatusMessage(ctx, m), monitor.ErrNotFound)
	}
	moved := another
	moved.PageID = pages[1].ID
	wantError(t, "moving a message to another page", s.ReplaceStatusMessageIf(ctx, moved, another), monitor.ErrNotFound)
	same(t, "message at the end", got(s.StatusMessage(ctx, another.ID))(t), another)
}

func statusMessageIDIsUnique(ctx context.Context, t *testing.T, s store.Store) {
	pages := newPages(ctx, t, s, 2)
	first, second := newMessage(pages[0], 1), newMessage(pages[1], 1)
	must(t, s.CreateStatusMessage(ctx, first))
	wantInvalid(t, "CreateStatusMessage with an existing id", s.CreateStatusMessage(ctx, second))
	second.ID = "no id"
	wantInvalid(t, "CreateStatusMessage with an invalid id", s.CreateStatusMessage(ctx, second))
	same(t, "message", got(s.StatusMessage(ctx, first.ID))(t), first)
}

func changeStatusMessageIf(ctx context.Context, t *testing.T, s store.Store) {
	m := newMessage(newPages(ctx, t, s, 1)[0], 1)
	must(t, s.CreateStatusMessage(ctx, m))
	edited := m
	edited.Title, edited.Entries = "$gt", []string{"0a1b2c3d"}
	for name, change := range map[string]func(*statuspage.Message){
		"title":   func(o *statuspage.Message) { o.Title = "other" },
		"entries": func(o *statuspage.Message) { o.Entries = []string{"00000000"} },
		"update":  func(o *statuspage.Message) { o.Updates = append(slices.Clone(o.Updates), o.Updates[0]) },
		"date":    func(o *statuspage.Message) { o.Updated = o.Updated.Add(time.Millisecond) },
	} {
		other := m
		change(&other)
		wantError(t, "replacing another "+name, s.ReplaceStatusMessageIf(ctx, edited, other), monitor.ErrChanged)
		wantError(t, "deleting another "+name, s.DeleteStatusMessageIf(ctx, other), monitor.ErrChanged)
	}
	must(t, s.ReplaceStatusMessageIf(ctx, edited, m))
	same(t, "message", got(s.StatusMessage(ctx, m.ID))(t), edited)
	wantError(t, "deleting the previous version", s.DeleteStatusMessageIf(ctx, m), monitor.ErrChanged)
	must(t, s.DeleteStatusMessageIf(ctx, edited))
	for _, id := range []string{m.ID, newID(9), "zz"} {
		edited.ID = id
		wantError(t, "replacing an unknown message", s.ReplaceStatusMessageIf(ctx, edited, edited), monitor.ErrNotFound)
		wantError(t, "deleting an unknown message", s.DeleteStatusMessageIf(ctx, edited), monitor.ErrNotFound)
	}
}

func oneStatusMessageWriterWins(ctx context.Context, t *testing.T, s store.Store) {
	old := newMessage(newPages(ctx, t, s, 1)[0], 1)
	must(t, s.CreateStatusMessage(ctx, old))
	for round := range rounds {
		edits := func(n int) statuspage.Message {
			edited := old
			edited.Updates = append(slices.Clone(old.Updates),
				statuspage.Update{Date: base.Add(time.Duration(round) * time.Hour), State: statuspage.Monitoring, Text: fmt.Sprint("writer ", n)})
			return edited
		}
		old = edits(oneWinner(t, func(n int) error { return s.ReplaceStatusMessageIf(ctx, edits(n), old) }))
		same(t, "message", got(s.StatusMessage(ctx, old.ID))(t), old)
	}
	oneWinner(t, func(int) error { return s.DeleteStatusMessageIf(ctx, old) })
}
