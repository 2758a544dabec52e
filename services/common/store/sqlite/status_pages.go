package sqlite

import (
	"context"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

var statusPages = definitions[statuspage.Page]{
	kind: "status page", table: "status_pages", topic: store.TopicStatusPages, decode: store.DecodeStatusPage,
}

const selectStatusPages = "SELECT id, definition FROM status_pages ORDER BY title, id"

// StatusPages returns all status pages.
func (s *Store) StatusPages(ctx context.Context) ([]statuspage.Page, error) {
	return statusPages.decodable(ctx, s, selectStatusPages)
}

// StatusPagesRevision returns the number of transactions that changed status pages or messages.
func (s *Store) StatusPagesRevision(ctx context.Context) (string, error) {
	return s.revision(ctx, s.pageChanges.Load())
}

// StatusPage returns one status page.
func (s *Store) StatusPage(ctx context.Context, id string) (statuspage.Page, error) {
	return statusPages.get(ctx, s, id)
}

// CreateStatusPage stores a new status page.
func (s *Store) CreateStatusPage(ctx context.Context, p statuspage.Page) error {
	id, err := storableID("status page", p.ID)
	if err != nil {
		return err
	}
	p.Normalize()
	definition, err := store.EncodeStatusPage(p)
	if err != nil {
		return err
	}
	return s.define(ctx, "create status page", func(t *tx) error {
		pages, err := t.number("SELECT count(*) FROM status_pages")
		if err == nil && pages >= statuspage.MaxPages {
			err = store.TooManyStatusPages()
		}
		if err == nil {
			err = claimAddresses(t, id, p)
		}
		if err != nil {
			return err
		}
		n, err := t.exec("INSERT INTO status_pages (id, slug, title, definition) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			id, p.Slug, p.Title, definition)
		if err == nil && n == 0 {
			err = monitor.Invalidf("a status page with the id %s already exists", p.ID)
		}
		return err
	}, store.TopicStatusPages)
}

const (
	selectSlugOwner = "SELECT id FROM status_pages WHERE slug = ? AND id <> ?"
	deleteHosts     = "DELETE FROM status_page_hosts WHERE page = ?"

	deleteStatusMessages = "DELETE FROM status_messages WHERE page = ?"
)

// claimAddresses returns an error if another page has the slug or a host of p, and stores the hosts.
func claimAddresses(t *tx, id []byte, p statuspage.Page) error {
	other, err := t.ids(selectSlugOwner, p.Slug, id)
	if err == nil && len(other) > 0 {
		err = store.SlugTaken(p.Slug)
	}
	if err == nil {
		_, err = t.exec(deleteHosts, id)
	}
	for i := 0; err == nil && i < len(p.Hosts); i++ {
		var n int
		n, err = t.exec("INSERT INTO status_page_hosts (host, page) VALUES (?, ?) ON CONFLICT DO NOTHING", p.Hosts[i], id)
		if err == nil && n == 0 {
			err = store.HostTaken(p.Hosts[i])
		}
	}
	return err
}

// ReplaceStatusPageIf replaces the page with the id of p if the stored page equals old.
func (s *Store) ReplaceStatusPageIf(ctx context.Context, p, old statuspage.Page) error {
	p.Normalize()
	definition, err := store.EncodeStatusPage(p)
	if err != nil {
		return err
	}
	return statusPages.change(ctx, s, "replace", p.ID, &old, func(t *tx, id []byte) (int, error) {
		if err := claimAddresses(t, id, p); err != nil {
			return 0, err
		}
		return t.exec("UPDATE status_pages SET slug = ?, title = ?, definition = ? WHERE id = ?", p.Slug, p.Title, definition, id)
	})
}

// DeleteStatusPage deletes a status page and its messages.
func (s *Store) DeleteStatusPage(ctx context.Context, id string) error {
	return s.deleteStatusPage(ctx, id, nil)
}

// DeleteStatusPageIf does the same if the stored page equals old.
func (s *Store) DeleteStatusPageIf(ctx context.Context, old statuspage.Page) error {
	return s.deleteStatusPage(ctx, old.ID, &old)
}

func (s *Store) deleteStatusPage(ctx context.Context, id string, old *statuspage.Page) error {
	return statusPages.change(ctx, s, "delete", id, old, func(t *tx, id []byte) (int, error) {
		for _, statement := range []string{deleteHosts, deleteStatusMessages} {
			if _, err := t.exec(statement, id); err != nil {
				return 0, err
			}
		}
		return t.exec("DELETE FROM status_pages WHERE id = ?", id)
	})
}
