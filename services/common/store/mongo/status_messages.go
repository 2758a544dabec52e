package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

// statusMessageDoc is a document of the collection status_messages. Message is JSON.
type statusMessageDoc struct {
	ID       bson.ObjectID `bson:"_id"`
	PageID   bson.ObjectID `bson:"page_id"`
	Resolved bool          `bson:"resolved"`
	// Date is the date of the last update.
	Date    time.Time `bson:"date"`
	Message string    `bson:"message"`
}

func (d statusMessageDoc) key() any { return d.ID }

func (d statusMessageDoc) content() (name, text string) { return "message", d.Message }

func (d statusMessageDoc) decode() (statuspage.Message, error) {
	return store.DecodeStatusMessage([]byte(d.Message))
}

func toStatusMessageDoc(m statuspage.Message) (doc statusMessageDoc, err error) {
	if doc.ID, err = toID("message id", m.ID); err != nil {
		return doc, err
	}
	if doc.PageID, err = bson.ObjectIDFromHex(m.PageID); err != nil {
		return doc, monitor.ErrNotFound
	}
	m.Normalize()
	if len(m.Updates) == 0 {
		return doc, monitor.Invalidf("updates must contain at least one element")
	}
	doc.Resolved, doc.Date = m.State() == statuspage.Resolved, m.LastUpdate()
	doc.Message, err = store.EncodeStatusMessage(m)
	return doc, err
}

// StatusMessages returns messages of status pages.
func (s *Store) StatusMessages(ctx context.Context, pageIDs []string, since time.Time) ([]statuspage.Message, error) {
	return s.messagesOf(ctx, pageIDs, since, store.MaxStatusMessages)
}

// messagesOf is StatusMessages with a limit.
func (s *Store) messagesOf(
	ctx context.Context, pageIDs []string, since time.Time, limit int,
) (_ []statuspage.Message, err error) {
	defer s.end(ctx, time.Now(), "list status messages", &err)
	pages := validIDs(pageIDs)
	if len(pages) == 0 {
		return []statuspage.Message{}, nil
	}
	var docs []bson.Raw
	for _, resolved := range []bool{false, true} {
		left := limit - len(docs)
		if left == 0 {
			break
		}
		filter := bson.D{field("page_id", oneOf(pages)), field("resolved", resolved)}
		if resolved {
			filter = append(filter, field("date", bson.D{field("$gte", monitor.CeilDate(since))}))
		}
		opts := options.Find().SetSort(newestFirst()).SetLimit(int64(left))
		found, err := findBy(ctx, s.statusMessages, newestFirst("page_id", "resolved"), filter,
			func(d bson.Raw) bson.Raw { return d }, opts)
		if err != nil {
			return nil, err
		}
		docs = append(docs, found...)
	}
	list := decodable[statusMessageDoc, statuspage.Message](s, "status message", docs)
	slices.SortFunc(list, store.CompareStatusMessages)
	return list, nil
}

// StatusMessage returns one message.
func (s *Store) StatusMessage(ctx context.Context, id string) (_ statuspage.Message, err error) {
	defer s.end(ctx, time.Now(), "get status message", &err)
	return get[statusMessageDoc](ctx, s.statusMessages, id)
}

// CreateStatusMessage stores a new message. If its page is deleted at the same time, Expire deletes the message.
func (s *Store) CreateStatusMessage(ctx context.Context, m statuspage.Message) (err error) {
	defer s.end(ctx, time.Now(), "create status message", &err)
	defer s.revisePages(ctx, &err)
	doc, err := toStatusMessageDoc(m)
	if err != nil {
		return err
	}
	unlock, err := s.lockWrites(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	page, err := findIDs[bson.ObjectID](ctx, s.statusPages, byID(doc.PageID), 1)
	if err == nil && len(page) == 0 {
		err = monitor.ErrNotFound
	}
	if err != nil {
		return err
	}
	messages, err := findIDs[bson.ObjectID](ctx, s.statusMessages, bson.D{field("page_id", doc.PageID)}, statuspage.MaxMessages)
	if err == nil && len(messages) == statuspage.MaxMessages {
		err = store.TooManyStatusMessages()
	}
	if err != nil {
		return err
	}
	err = insertOne(ctx, s.statusMessages, doc)
	if driver.IsDuplicateKeyError(err) {
		return monitor.Invalidf("a message with the id %s already exists", m.ID)
	}
	return err
}

// ReplaceStatusMessageIf replaces the message with the id of m if the stored message equals old.
func (s *Store) ReplaceStatusMessageIf(ctx context.Context, m, old statuspage.Message) (err error) {
	defer s.end(ctx, time.Now(), "replace status message", &err)
	defer s.revisePages(ctx, &err)
	if !monitor.ValidID(m.ID) || m.PageID != old.PageID {
		return monitor.ErrNotFound
	}
	doc, err := toStatusMessageDoc(m)
	if err != nil {
		return err
	}
	return replaceOne(ctx, s, s.statusMessages, doc.ID, doc, &old)
}

// DeleteStatusMessage deletes a message.
func (s *Store) DeleteStatusMessage(ctx context.Context, id string) (err error) {
	defer s.end(ctx, time.Now(), "delete status message", &err)
	defer s.revisePages(ctx, &err)
	return deleteOne[statusMessageDoc](ctx, s, s.statusMessages, id, nil)
}

// DeleteStatusMessageIf does the same if the stored message equals old.
func (s *Store) DeleteStatusMessageIf(ctx context.Context, old statuspage.Message) (err error) {
	defer s.end(ctx, time.Now(), "delete status message", &err)
	defer s.revisePages(ctx, &err)
	return deleteOne[statusMessageDoc](ctx, s, s.statusMessages, old.ID, &old)
}
