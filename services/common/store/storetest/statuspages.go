package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

var statusPageContracts = []contract{
	{"CreateStatusPage", createStatusPage},
	{"StatusPagesAreOrderedByTitleThenID", statusPagesAreOrdered},
	{"StatusPageNotFound", statusPageNotFound},
	{"StatusPageIDIsUnique", statusPageIDIsUnique},
	{"SlugAndHostsAreUnique", addressesAreUnique},
	{"OnlyOneOfManyPagesGetsAnAddress", onePageGetsAddress},
	{"ReplaceAndDeleteStatusPage", replaceAndDeleteStatusPage},
	{"StatusPageIf", changeStatusPageIf},
	{"OnlyOneOfManyConditionalWritesOfAStatusPageWins", oneStatusPageWriterWins},
	{"StatusPagesAreLimited", statusPagesAreLimited},
	{"StatusPagesRevision", statusPagesRevision},
}

// newPage returns a page without sections.
func newPage(slug string) statuspage.Page {
	return statuspage.Page{
		ID: monitor.NewID(base), Slug: slug, Title: "Status of " + slug, Sections: []statuspage.Section{}, Visibility: statuspage.Public,
		Hosts: []string{}, Zone: "UTC", Updated: base,
	}
}

func createStatusPage(ctx context.Context, t *testing.T, s store.Store) {
	full := newPage("shop")
	full.Title, full.Introduction = "'; DROP TABLE status_pages; -- \u202e🔥 <b> {\"$gt\": \"\"}", "# Hello\n\n</script>"
	full.Logo = "data:image/png;base64," + strings.Repeat("A", 4*statuspage.MaxLogo/3)
	full.Sections = []statuspage.Section{{Title: "Web", Entries: []statuspage.Entry{
		{ID: "0a1b2c3d", Name: "Payments", Monitor: newID(1)}, {ID: "00000001", Name: "Ünits", Group: "$group"},
	}}, {Entries: []statuspage.Entry{{ID: "00000002", Name: "Team", Label: "team=web"}}}, {Title: "Empty", Entries: []statuspage.Entry{}}}
	full.Show = statuspage.Show{Uptime: true, ResponseTime: true, Incidents: true}
	full.Visibility, full.PasswordHash = statuspage.Password, "$2a$12$hash"
	full.Hosts, full.NoIndex, full.Zone = []string{"b.example", "a.example"}, true, "Europe/Amsterdam"
	must(t, s.CreateStatusPage(ctx, full))
	for _, id := range []string{full.ID, strings.ToUpper(full.ID)} {
		found := got(s.StatusPage(ctx, id))(t)
		same(t, "page", found, full)
		wantUTC(t, "Updated", found.Updated)
	}
	same(t, "list", got(s.StatusPages(ctx))(t), []statuspage.Page{full})

	minimal := statuspage.Page{ID: newID(5), Slug: "minimal", Title: "minimal"}
	must(t, s.CreateStatusPage(ctx, minimal))
	minimal.Sections, minimal.Hosts, minimal.Visibility, minimal.Zone = []statuspage.Section{}, []string{}, statuspage.Public, "UTC"
	same(t, "minimal page", got(s.StatusPage(ctx, minimal.ID))(t), minimal)
}

func statusPagesAreOrdered(ctx context.Context, t *testing.T, s store.Store) {
	list := got(s.StatusPages(ctx))(t)
	if list == nil || len(list) != 0 {
		t.Fatalf("pages of an empty store: %#v, want an empty slice", list)
	}
	var want []statuspage.Page
	for i, title := range []string{"Zebra", "apple", "apple", "apple 2", "Äpfel"} {
		p := newPage(fmt.Sprint("page-", i))
		p.ID, p.Title = newID(i), title
		want = append(want, p)
	}
	for _, i := range []int{4, 2, 0, 3, 1} {
		must(t, s.CreateStatusPage(ctx, want[i]))
	}
	same(t, "list", got(s.StatusPages(ctx))(t), want)
}

func statusPageNotFound(ctx context.Context, t *testing.T, s store.Store) {
	another := newPage("another")
	must(t, s.CreateStatusPage(ctx, another))
	for _, id := range append([]string{newID(1)}, invalidIDs...) {
		_, err := s.StatusPage(ctx, id)
		wantError(t, "StatusPage "+id, err, monitor.ErrNotFound)
		wantError(t, "DeleteStatusPage "+id, s.DeleteStatusPage(ctx, id), monitor.ErrNotFound)
		p := newPage("another")
		p.ID = id
		wantError(t, "ReplaceStatusPageIf "+id, s.ReplaceStatusPageIf(ctx, p, p), monitor.ErrNotFound)
	}
	same(t, "pages at the end", got(s.StatusPages(ctx))(t), []statuspage.Page{another})
}

func statusPageIDIsUnique(ctx context.Context, t *testing.T, s store.Store) {
	first, second := newPage("first"), newPage("second")
	second.ID = first.ID
	must(t, s.CreateStatusPage(ctx, first))
	wantInvalid(t, "CreateStatusPage with an existing id", s.CreateStatusPage(ctx, second))
	second.ID = "no id"
	wantInvalid(t, "CreateStatusPage with an invalid id", s.CreateStatusPage(ctx, second))
	same(t, "list", got(s.StatusPages(ctx))(t), []statuspage.Page{first})
	// The failed attempts have claimed no address.
	second = newPage("second")
	must(t, s.CreateStatusPage(ctx, second))
}

// wantNamed fails the test unless err is a [monitor.InvalidError] whose text begins with the name of the field.
func wantNamed(t *testing.T, what string, err error, field string) {
	t.Helper()
	wantInvalid(t, what, err)
	if err != nil && !strings.Contains(err.Error(), ": "+field+" ") {
		t.Errorf("%s: the error %q does not name %s", what, err, field)
	}
}

func addressesAreUnique(ctx context.Context, t *testing.T, s store.Store) {
	first, second, third := newPage("first"), newPage("second"), newPage("second.example")
	first.Hosts, second.Hosts = []string{"a.example", "b.example"}, []string{"first", "c.example"}
	for _, p := range []statuspage.Page{first, second, third} {
		must(t, s.CreateStatusPage(ctx, p))
	}
	all := got(s.StatusPages(ctx))(t)
	sameSlug, sameHost := newPage("first"), newPage("other")
	sameHost.Hosts = []string{"d.example", "B.Example."}
	wantNamed(t, "creating a page with the same slug", s.CreateStatusPage(ctx, sameSlug), "slug")
	wantNamed(t, "creating a page with the same host", s.CreateStatusPage(ctx, sameHost), "hosts")
	sameSlug.ID, sameHost.ID = second.ID, second.ID
	wantNamed(t, "replacing a page by one with the same slug", s.ReplaceStatusPageIf(ctx, sameSlug, second), "slug")
	wantNamed(t, "replacing a page by one with the same host", s.ReplaceStatusPageIf(ctx, sameHost, second), "hosts")
	same(t, "list", got(s.StatusPages(ctx))(t), all)

	// A page keeps its own addresses, and releases its previous ones.
	renamed, moved := first, second
	renamed.Slug, renamed.Hosts = "renamed", []string{"b.example", "e.example"}
	must(t, s.ReplaceStatusPageIf(ctx, renamed, first))
	moved.Slug, moved.Hosts = "first", []string{"a.example"}
	must(t, s.ReplaceStatusPageIf(ctx, moved, second))
	must(t, s.DeleteStatusPage(ctx, first.ID))
	sameHost.ID, sameHost.Slug = newID(1), "renamed"
	must(t, s.CreateStatusPage(ctx, sameHost))
}

// onePageGetsAddress creates and replaces pages with the same slug or host at the same time. Exactly one succeeds.
func onePageGetsAddress(ctx context.Context, t *testing.T, s store.Store) {
	for round := range rounds {
		host := fmt.Sprintf("round-%d.example", round)
		pages := make([]statuspage.Page, 8)
		for n := range pages {
			pages[n] = newPage(fmt.Sprintf("page-%d-%d", round, n))
			must(t, s.CreateStatusPage(ctx, pages[n]))
		}
		oneGets(t, func(n int) error {
			if n%2 == 0 {
				p := newPage(fmt.Sprintf("round-%d-new-%d", round, n))
				p.Hosts = []string{host}
				return s.CreateStatusPage(ctx, p)
			}
			edited := pages[n]
			edited.Hosts = []string{fmt.Sprintf("own-%d-%d.example", round, n), host}
			return s.ReplaceStatusPageIf(ctx, edited, pages[n])
		})
		for n := range pages {
			pages[n] = got(s.StatusPage(ctx, pages[n].ID))(t)
		}
		oneGets(t, func(n int) error {
			if n%2 == 0 {
				return s.CreateStatusPage(ctx, newPage(fmt.Sprintf("round-%d", round)))
			}
			edited := pages[n]
			edited.Slug = fmt.Sprintf("round-%d", round)
			return s.ReplaceStatusPageIf(ctx, edited, pages[n])
		})
		for _, p := range got(s.StatusPages(ctx))(t) {
			must(t, s.DeleteStatusPage(ctx, p.ID))
		}
	}
}

// oneGets calls write concurrently. Exactly one call must succeed, and the others must fail with a [monitor.InvalidError].
func oneGets(t *testing.T, write func(n int) error) {
	t.Helper()
	oneWinner(t, func(n int) error {
		if err := write(n); !monitor.IsInvalid(err) {
			return err
		}
		return monitor.ErrChanged
	})
}

func replaceAndDeleteStatusPage(ctx context.Context, t *testing.T, s store.Store) {
	p, other := newPage("b"), newPage("c")
	p.Hosts = []string{"b.example"}
	must(t, s.CreateStatusPage(ctx, p))
	must(t, s.CreateStatusPage(ctx, other))
	message, kept := newMessage(p, 1), newMessage(other, 2)
	must(t, s.CreateStatusMessage(ctx, message))
	must(t, s.CreateStatusMessage(ctx, kept))
	old := p
	p.Slug, p.Title, p.Hosts, p.Updated = "d", "Title after the other", []string{}, base.Add(time.Minute)
	p.Visibility, p.PasswordHash = statuspage.Password, "hash"
	must(t, s.ReplaceStatusPageIf(ctx, p, old))
	must(t, s.ReplaceStatusPageIf(ctx, p, p))
	same(t, "list ordered by the new title", got(s.StatusPages(ctx))(t), []statuspage.Page{other, p})
	same(t, "message", got(s.StatusMessage(ctx, message.ID))(t), message)

	must(t, s.DeleteMonitors(ctx))
	must(t, s.DeleteStatusPage(ctx, p.ID))
	same(t, "list after deleting", got(s.StatusPages(ctx))(t), []statuspage.Page{other})
	wantError(t, "deleting a second time", s.DeleteStatusPage(ctx, p.ID), monitor.ErrNotFound)
	_, err := s.StatusMessage(ctx, message.ID)
	wantError(t, "message of the deleted page", err, monitor.ErrNotFound)
	same(t, "messages", got(s.StatusMessages(ctx, []string{p.ID, other.ID}, base))(t), []statuspage.Message{kept})
}

func changeStatusPageIf(ctx context.Context, t *testing.T, s store.Store) {
	p := newPage("p")
	p.Hosts, p.Visibility, p.PasswordHash = []string{"a.example"}, statuspage.Password, "hash"
	p.Sections = []statuspage.Section{{Entries: []statuspage.Entry{{ID: "00000001", Name: "n", Group: "g"}}}}
	must(t, s.CreateStatusPage(ctx, p))
	message := newMessage(p, 1)
	must(t, s.CreateStatusMessage(ctx, message))
	edited := p
	edited.Title, edited.Hosts = "$gt", []string{"b.example"}
	for name, change := range map[string]func(*statuspage.Page){
		"title":      func(o *statuspage.Page) { o.Title = "other" },
		"password":   func(o *statuspage.Page) { o.PasswordHash = "other" },
		"hosts":      func(o *statuspage.Page) { o.Hosts = []string{} },
		"entry":      func(o *statuspage.Page) { o.Sections = []statuspage.Section{{Entries: []statuspage.Entry{}}} },
		"visibility": func(o *statuspage.Page) { o.Visibility = statuspage.Public },
		"date":       func(o *statuspage.Page) { o.Updated = o.Updated.Add(time.Millisecond) },
	} {
		other := p
		change(&other)
		wantError(t, "replacing another "+name, s.ReplaceStatusPageIf(ctx, edited, other), monitor.ErrChanged)
		wantError(t, "deleting another "+name, s.DeleteStatusPageIf(ctx, other), monitor.ErrChanged)
	}
	same(t, "page", got(s.StatusPage(ctx, p.ID))(t), p)
	same(t, "message", got(s.StatusMessage(ctx, message.ID))(t), message)

	must(t, s.ReplaceStatusPageIf(ctx, edited, p))
	same(t, "list", got(s.StatusPages(ctx))(t), []statuspage.Page{edited})
	wantError(t, "deleting the previous version", s.DeleteStatusPageIf(ctx, p), monitor.ErrChanged)
	must(t, s.DeleteStatusPageIf(ctx, edited))
	_, err := s.StatusMessage(ctx, message.ID)
	wantError(t, "message of the deleted page", err, monitor.ErrNotFound)
	for _, id := range []string{p.ID, newID(1), "zz"} {
		edited.ID = id
		wantError(t, "replacing an unknown page", s.ReplaceStatusPageIf(ctx, edited, edited), monitor.ErrNotFound)
		wantError(t, "deleting an unknown page", s.DeleteStatusPageIf(ctx, edited), monitor.ErrNotFound)
	}
}

func oneStatusPageWriterWins(ctx context.Context, t *testing.T, s store.Store) {
	old := newPage("p")
	must(t, s.CreateStatusPage(ctx, old))
	for round := range rounds {
		edits := func(n int) statuspage.Page {
			edited := old
			edited.Title = fmt.Sprintf("round %d writer %d", round, n)
			return edited
		}
		old = edits(oneWinner(t, func(n int) error { return s.ReplaceStatusPageIf(ctx, edits(n), old) }))
		same(t, "page", got(s.StatusPage(ctx, old.ID))(t), old)
	}
	oneWinner(t, func(int) error { return s.DeleteStatusPageIf(ctx, old) })
}

func statusPagesAreLimited(ctx context.Context, t *testing.T, s store.Store) {
	for n := range statuspage.MaxPages {
		must(t, s.CreateStatusPage(ctx, newPage(fmt.Sprint("page-", n))))
	}
	p := newPage("one-more")
	wantInvalid(t, "creating one more page", s.CreateStatusPage(ctx, p))
	list := got(s.StatusPages(ctx))(t)
	same(t, "number of pages", len(list), statuspage.MaxPages)
	must(t, s.DeleteStatusPage(ctx, list[0].ID))
	must(t, s.CreateStatusPage(ctx, p))
}
