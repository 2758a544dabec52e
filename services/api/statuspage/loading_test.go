package statuspage

import (
	"context"
	"errors"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	document "nanomon/services/common/statuspage"
)

// withoutMonitors is a store that can't read monitors.
type withoutMonitors struct{ Store }

func (withoutMonitors) Monitors(context.Context) ([]monitor.Monitor, error) {
	return nil, errors.New("no monitors")
}

// TestHostsAreKnownBeforeContent: a custom host name belongs to its page although nothing else can be read.
func TestHostsAreKnownBeforeContent(t *testing.T) {
	s := newScene(t)
	old, err := s.store.StatusPage(t.Context(), s.page.ID)
	must(t, err)
	s.page.Hosts = []string{"status.example.com"}
	must(t, s.store.ReplaceStatusPageIf(t.Context(), s.page, old))
	k := newTestKeeper(t, withoutMonitors{s.store}, &s.now)
	if _, err := k.Refresh(t.Context()); err == nil {
		t.Fatal("the store does not fail")
	}
	p := k.OfHost("status.example.com")
	if p == nil || p.IsLoaded() || p.Page.Slug != "acme" {
		t.Errorf("the page of the host name is %+v", p)
	}
	if k.IsReady() || k.OfHost("example.com") != nil {
		t.Error("another host name belongs to a page")
	}
}

// TestIncompletePages: while history of a monitor is missing, the last content of a page stays, but the rules on who may
// see it are new. A page without content has none until then, even if the store fails.
func TestIncompletePages(t *testing.T) {
	s := newScene(t)
	before, p := s.Page("acme"), s.collector.pages[0]
	p.members[0].full, p.isDue = time.Time{}, true
	s.publish(confirmation{})
	if s.Page("acme") != before {
		t.Error("a page with missing history is published")
	}
	p.PasswordHash, p.Visibility, p.Hosts = "hash", "password", []string{"a.example"}
	s.publish(confirmation{})
	after := s.Page("acme")
	if after.View != before.View || after.Page.Visibility != "password" || after.Page.PasswordHash != "hash" || s.OfHost("a.example") != after {
		t.Errorf("the page is %+v", after.Page)
	}
	p.published, p.Logo = nil, "data:image/png;base64,iVBORw0KGgo="
	s.publish(confirmation{})
	if after = s.Page("acme"); after == nil || after.IsLoaded() {
		t.Errorf("a page that was never loaded is %+v", after)
	}
	s.markOld()
	if after = s.Page("acme"); after == nil || after.IsLoaded() {
		t.Errorf("an old page that was never loaded is %+v", after)
	}
	s.refresh(topics{})
	p.members[0].full = s.now
	p.isDue = true
	s.refresh(topics{})
	if after = s.Page("acme"); !after.IsLoaded() || !after.View.Since.IsZero() {
		t.Error("the page is not loaded")
	}
}

// TestPagesThatReloadSaySo: while history is missing, the last content says how old it is after 10 seconds.
func TestPagesThatReloadSaySo(t *testing.T) {
	s := newScene(t)
	p := s.collector.pages[0]
	confirmed := p.confirmed
	same(t, "date of the confirmation", confirmed.date, s.now)
	p.members[0].full, p.isDue = time.Time{}, true
	s.publish(confirmation{s.now, confirmed.at.Add(oldAfter)})
	if v := s.Page("acme").View; !v.Since.IsZero() {
		t.Errorf("the page is old since %s", v.Since)
	}
	s.publish(confirmation{s.now.Add(time.Minute), confirmed.at.Add(oldAfter + 1)})
	old := s.Page("acme")
	same(t, "age", old.View.Since, confirmed.date)
	p.PasswordHash = "hash"
	s.publish(confirmation{s.now.Add(time.Minute), confirmed.at.Add(oldAfter + 1)})
	after := s.Page("acme")
	same(t, "hash", after.Page.PasswordHash, "hash")
	if after.View != old.View {
		t.Error("the old content is rendered again")
	}
	s.confirmed.at = time.Now().Add(-oldAfter - time.Second)
	s.markOld() // The store fails.
	same(t, "age after a failure", s.Page("acme").View.Since, confirmed.date)
	s.now = s.now.Add(time.Minute)
	p.members[0].isDue = false
	s.collector.enqueue(p.members[0])
	s.refresh(topics{})
	same(t, "age at the end", s.Page("acme").View.Since, time.Time{})
}

// TestSmallPagesAreLoadedFirst: a page with many monitors does not delay another one.
func TestSmallPagesAreLoadedFirst(t *testing.T) {
	c := newCollector(nil)
	c.now = now
	var monitors []monitor.Monitor
	for n := range 50 {
		m := newMonitor(n)
		m.Group = "web"
		monitors = append(monitors, m)
	}
	small, large := testPage("small", "UTC"), testPage("large", "UTC")
	small.Sections[0].Entries = []document.Entry{{ID: "00000001", Name: "One", Monitor: monitors[33].ID}}
	c.resolve([]document.Page{large, small}, monitors)
	if len(c.queue) != 50 || c.queue[0].monitor.ID != monitors[33].ID {
		t.Errorf("the first of %d monitors in the queue is %s", len(c.queue), c.queue[0].monitor.ID)
	}
}

// large is a store with more monitors than a refresh loads.
type large struct{ *memory }

func (large) Monitors(context.Context) ([]monitor.Monitor, error) {
	var all []monitor.Monitor
	for n := range maxLoads + 1 {
		m := newMonitor(n)
		m.Group = "web"
		all = append(all, m)
	}
	return all, nil
}

// TestLargePageDoesNotDelayOthers: at the start, a page is available while another one is still loaded.
func TestLargePageDoesNotDelayOthers(t *testing.T) {
	first, second := testPage("large", "UTC"), testPage("small", "UTC")
	first.ID, second.ID = "1", "2"
	first.Sections[0].Entries = first.Sections[0].Entries[1:2]
	second.Sections[0].Entries = second.Sections[0].Entries[:1]
	at := time.Now()
	k := newTestKeeper(t, large{newMemory(first, second)}, &at)
	more, err := k.Refresh(t.Context())
	must(t, err)
	if !more || !k.IsReady() || k.Page("large").IsLoaded() || !k.Page("small").IsLoaded() {
		t.Fatalf("more is left: %t; the pages are %+v and %+v", more, k.Page("large"), k.Page("small"))
	}
	for range 3 {
		_, err = k.Refresh(t.Context())
		must(t, err)
	}
	if !k.Page("large").IsLoaded() {
		t.Error("the large page is not loaded")
	}
}
