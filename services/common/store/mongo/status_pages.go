package mongo

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

// statusPageDoc is a document of the collection status_pages. Page is JSON.
type statusPageDoc struct {
	ID   bson.ObjectID `bson:"_id"`
	Slug string        `bson:"slug"`
	// Hosts contains the hosts, and before them the id with a slash, because a unique index does not allow two empty
	// lists.
	Hosts []string `bson:"hosts"`
	Page  string   `bson:"page"`
}

func (d statusPageDoc) key() any { return d.ID }

func (d statusPageDoc) content() (name, text string) { return "page", d.Page }

func (d statusPageDoc) decode() (statuspage.Page, error) {
	return store.DecodeStatusPage([]byte(d.Page))
}

func toStatusPageDoc(p statuspage.Page) (statusPageDoc, error) {
	id, err := toID("status page id", p.ID)
	if err != nil {
		return statusPageDoc{}, err
	}
	p.Normalize()
	text, err := store.EncodeStatusPage(p)
	return statusPageDoc{ID: id, Slug: p.Slug, Hosts: append([]string{"/" + p.ID}, p.Hosts...), Page: text}, err
}

// StatusPages returns all status pages.
func (s *Store) StatusPages(ctx context.Context) (_ []statuspage.Page, err error) {
	defer s.end(ctx, time.Now(), "list status pages", &err)
	docs, err := find(ctx, s.statusPages, bson.D{}, func(d bson.Raw) bson.Raw { return d })
	list := decodable[statusPageDoc, statuspage.Page](s, "status page", docs)
	slices.SortFunc(list, func(a, b statuspage.Page) int {
		return cmp.Or(cmp.Compare(a.Title, b.Title), cmp.Compare(a.ID, b.ID))
	})
	return list, err
}

// pagesRevisionKey is the key of the document in meta with StatusPagesRevision.
const pagesRevisionKey = "status_pages_revision"

// revisionDoc is a document in meta with a random revision.
type revisionDoc struct {
	Key      string        `bson:"_id"`
	Revision bson.ObjectID `bson:"revision"`
}

func (d revisionDoc) key() any { return d.Key }

// StatusPagesRevision returns the revision that the last write of a status page or a message has stored.
func (s *Store) StatusPagesRevision(ctx context.Context) (_ string, err error) {
	defer s.end(ctx, time.Now(), "get revision of status pages", &err)
	var doc revisionDoc
	err = s.meta.FindOne(ctx, byID(pagesRevisionKey)).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		err = nil
	}
	return doc.Revision.Hex(), err
}

// revisePages stores a new StatusPagesRevision after a write without an error.
func (s *Store) revisePages(ctx context.Context, err *error) {
	if *err == nil {
		*err = upsert(ctx, s.meta, revisionDoc{pagesRevisionKey, bson.NewObjectID()})
	}
}

// StatusPage returns one status page.
func (s *Store) StatusPage(ctx context.Context, id string) (_ statuspage.Page, err error) {
	defer s.end(ctx, time.Now(), "get status page", &err)
	return get[statusPageDoc](ctx, s.statusPages, id)
}

// CreateStatusPage stores a new status page.
func (s *Store) CreateStatusPage(ctx context.Context, p statuspage.Page) (err error) {
	defer s.end(ctx, time.Now(), "create status page", &err)
	defer s.revisePages(ctx, &err)
	doc, err := toStatusPageDoc(p)
	if err != nil {
		return err
	}
	unlock, err := s.lockWrites(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	pages, err := findIDs[bson.ObjectID](ctx, s.statusPages, bson.D{}, statuspage.MaxPages)
	if err == nil && len(pages) == statuspage.MaxPages {
		err = store.TooManyStatusPages()
	}
	if err == nil {
		err = s.addressesFree(ctx, doc)
	}
	if err != nil {
		return err
	}
	err = insertOne(ctx, s.statusPages, doc)
	if driver.IsDuplicateKeyError(err) {
		return cmp.Or(s.addressesFree(ctx, doc), monitor.Invalidf("a status page with the id %s already exists", p.ID))
	}
	return err
}

// addressesFree returns an error if another page has the slug or a host of doc. The unique indexes prevent that another
// process stores such a page at the same time.
func (s *Store) addressesFree(ctx context.Context, doc statusPageDoc) error {
	fields := options.Find().SetProjection(bson.D{field("slug", 1), field("hosts", 1)})
	same := bson.A{bson.D{field("slug", doc.Slug)}, bson.D{field("hosts", among(doc.Hosts))}}
	others, err := find(ctx, s.statusPages, bson.D{field("$or", same)}, func(d statusPageDoc) statusPageDoc { return d }, fields)
	for _, other := range others {
		if other.ID == doc.ID {
			continue
		}
		if other.Slug == doc.Slug {
			return store.SlugTaken(doc.Slug)
		}
		for _, host := range doc.Hosts {
			if slices.Contains(other.Hosts, host) {
				return store.HostTaken(host)
			}
		}
	}
	return err
}

// ReplaceStatusPageIf replaces the page with the id of p if the stored page equals old.
func (s *Store) ReplaceStatusPageIf(ctx context.Context, p, old statuspage.Page) (err error) {
	defer s.end(ctx, time.Now(), "replace status page", &err)
	defer s.revisePages(ctx, &err)
	if !monitor.ValidID(p.ID) {
		return monitor.ErrNotFound
	}
	doc, err := toStatusPageDoc(p)
	if err != nil {
		return err
	}
	return change[statusPageDoc](ctx, s, s.statusPages, doc.ID, &old, func(filter bson.D) (int64, error) {
		if err := s.addressesFree(ctx, doc); err != nil {
			return 0, err
		}
		replaced, err := s.statusPages.ReplaceOne(ctx, filter, doc)
		if driver.IsDuplicateKeyError(err) {
			return 0, cmp.Or(s.addressesFree(ctx, doc), err)
		}
		if err != nil {
			return 0, err
		}
		return replaced.MatchedCount, nil
	})
}

// DeleteStatusPage deletes a status page, and then its messages. If it is interrupted, Expire deletes them.
func (s *Store) DeleteStatusPage(ctx context.Context, id string) (err error) {
	defer s.end(ctx, time.Now(), "delete status page", &err)
	return s.deleteStatusPage(ctx, id, nil)
}

// DeleteStatusPageIf does the same if the stored page equals old.
func (s *Store) DeleteStatusPageIf(ctx context.Context, old statuspage.Page) (err error) {
	defer s.end(ctx, time.Now(), "delete status page", &err)
	return s.deleteStatusPage(ctx, old.ID, &old)
}

func (s *Store) deleteStatusPage(ctx context.Context, id string, old *statuspage.Page) error {
	err := deleteOne[statusPageDoc](ctx, s, s.statusPages, id, old)
	if s.revisePages(ctx, &err); err != nil {
		return err
	}
	return s.deleteStatusMessages(ctx, validIDs([]string{id})...)
}

// deleteStatusMessages deletes the messages of pages.
func (s *Store) deleteStatusMessages(ctx context.Context, pages ...bson.ObjectID) error {
	if len(pages) == 0 {
		return nil
	}
	_, err := deleteAll(ctx, s.statusMessages, bson.D{field("page_id", oneOf(pages))})
	return err
}

// deleteOrphanStatusMessages deletes the messages of some pages that don't exist. It reads the
// pages again after the messages, so that it can't delete a message of a page that is created at the same time.
func (s *Store) deleteOrphanStatusMessages(ctx context.Context) error {
	pages, err := findIDs[bson.ObjectID](ctx, s.statusPages, bson.D{}, 0)
	if err != nil {
		return err
	}
	without := bson.D{field("page_id", bson.D{field("$nin", pages)})}
	opts := options.Find().SetProjection(bson.D{field("page_id", 1)}).SetLimit(deleteStep)
	orphans, err := find(ctx, s.statusMessages, without, func(d statusMessageDoc) bson.ObjectID { return d.PageID }, opts)
	if err != nil || len(orphans) == 0 {
		return err
	}
	if pages, err = findIDs[bson.ObjectID](ctx, s.statusPages, bson.D{}, 0); err != nil {
		return err
	}
	slices.SortFunc(orphans, func(a, b bson.ObjectID) int { return compareKeys(a, b) })
	orphans = slices.DeleteFunc(slices.Compact(orphans), func(id bson.ObjectID) bool { return slices.Contains(pages, id) })
	return s.deleteStatusMessages(ctx, orphans...)
}
