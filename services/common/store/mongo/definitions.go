package mongo

import (
	"context"
	"reflect"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/monitor"
)

// definition is a document whose content is a JSON text in one of its fields.
type definition[T any] interface {
	// content returns the name and the value of the field.
	content() (name, text string)
	decode() (T, error)
}

// get returns the document with the given id.
func get[D definition[T], T any](ctx context.Context, c *driver.Collection, id string) (found T, err error) {
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return found, monitor.ErrNotFound
	}
	var doc D
	if err := c.FindOne(ctx, byID(oid)).Decode(&doc); err != nil {
		return found, err
	}
	return doc.decode()
}

// replaceOne replaces the document with the id of doc; see [change].
func replaceOne[D definition[T], T any](
	ctx context.Context, s *Store, c *driver.Collection, id bson.ObjectID, doc D, old *T,
) error {
	return change[D](ctx, s, c, id, old, func(filter bson.D) (int64, error) {
		replaced, err := c.ReplaceOne(ctx, filter, doc)
		if err != nil {
			return 0, err
		}
		return replaced.MatchedCount, nil
	})
}

// deleteOne deletes the document with the given id; see [change].
func deleteOne[D definition[T], T any](ctx context.Context, s *Store, c *driver.Collection, id string, old *T) error {
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return monitor.ErrNotFound
	}
	return change[D](ctx, s, c, oid, old, func(filter bson.D) (int64, error) {
		deleted, err := c.DeleteOne(ctx, filter)
		if err != nil {
			return 0, err
		}
		return deleted.DeletedCount, nil
	})
}

// change calls write with a filter that selects the document with the given id. write returns the number of documents
// that it has changed. If old is not nil, the filter selects the document only if it equals old.
func change[D definition[T], T any](
	ctx context.Context, s *Store, c *driver.Collection, id bson.ObjectID, old *T, write func(filter bson.D) (int64, error),
) error {
	unlock, err := s.lockWrites(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	filter, none := byID(id), monitor.ErrNotFound
	if old != nil {
		var doc D
		if err := c.FindOne(ctx, filter).Decode(&doc); err != nil {
			return err
		}
		stored, err := doc.decode()
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(stored, *old) {
			return monitor.ErrChanged
		}
		filter, none = append(filter, field(doc.content())), monitor.ErrChanged
	}
	n, err := write(filter)
	if err == nil && n == 0 {
		return none
	}
	return err
}

// decodable returns the content of documents. It logs and leaves out documents that can't be decoded.
func decodable[D definition[T], T any](s *Store, kind string, docs []bson.Raw) []T {
	list := make([]T, 0, len(docs))
	for _, raw := range docs {
		content, err := decode[D](raw)
		if err != nil {
			id, _ := raw.Lookup("_id").ObjectIDOK()
			s.damage.Record(kind, id.Hex(), err)
			continue
		}
		list = append(list, content)
	}
	return list
}

func decode[D definition[T], T any](raw bson.Raw) (content T, err error) {
	var doc D
	if err := bson.Unmarshal(raw, &doc); err != nil {
		return content, err
	}
	return doc.decode()
}
