package mongo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
)

const (
	// deleteStep is the maximum number of documents that one step of a large deletion deletes.
	deleteStep = 1000
	// dataStep is the maximum number of monitors whose data one step deletes.
	dataStep = 20
	// deleteTimeout limits the duration of such a step.
	deleteTimeout = time.Minute
	// upsertAttempts is the maximum number of attempts of an upsert that conflicts with others of the same ids.
	upsertAttempts = 5
)

// field returns one element of a document, such as a condition of a filter.
func field(name string, value any) bson.E { return bson.E{Key: name, Value: value} }

func byID(id any) bson.D { return bson.D{field("_id", id)} }

func among[T any](ids []T) bson.D { return bson.D{field("$in", ids)} }

// oneOf returns a condition for one of the values. It is an equality if there is only one.
func oneOf[T any](values []T) any {
	if len(values) == 1 {
		return values[0]
	}
	return among(values)
}

// newestFirst returns the keys of an index that orders documents by date and then _id, newest first. Fields before them
// select the documents. Without such a field, they are the order itself.
func newestFirst(fields ...string) bson.D {
	keys := bson.D{}
	for _, name := range fields {
		keys = append(keys, field(name, 1))
	}
	return append(keys, field("date", -1), field("_id", -1))
}

// timeKey returns a key that sorts by monitor and then by time.
func timeKey(id bson.ObjectID, t time.Time) string {
	return fmt.Sprintf("%s/%015d", id.Hex(), t.UnixMilli())
}

// keysBetween returns a filter for first <= key < end.
func keysBetween(first, end string) bson.D {
	return byID(bson.D{field("$gte", first), field("$lt", end)})
}

// datesBetween returns a filter for the keys of a monitor with from <= date < to.
func datesBetween(id bson.ObjectID, from, to time.Time) bson.D {
	return keysBetween(timeKey(id, monitor.CeilDate(from)), timeKey(id, monitor.CeilDate(to)))
}

// find returns the documents that filter selects. It decodes them as D and converts them to T.
func find[D, T any](
	ctx context.Context, c *driver.Collection, filter bson.D, convert func(D) T, opts ...options.Lister[options.FindOptions],
) ([]T, error) {
	cursor, err := c.Find(ctx, filter, opts...)
	if err != nil {
		return nil, err
	}
	var docs []D
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, err
	}
	list := make([]T, len(docs))
	for i, doc := range docs {
		list[i] = convert(doc)
	}
	return list, nil
}

// findBy is [find] with an index. Some servers choose a wrong one while they have no statistics, such as after many
// inserts. If the server rejects the index, because it was deleted, findBy lets it choose.
func findBy[D, T any](
	ctx context.Context, c *driver.Collection, index, filter bson.D, convert func(D) T, opts *options.FindOptionsBuilder,
) ([]T, error) {
	list, err := find(ctx, c, filter, convert, opts, options.Find().SetHint(index))
	if rejectsIndex(err) {
		return find(ctx, c, filter, convert, opts)
	}
	return list, err
}

// rejectsIndex reports whether a query failed because of the index that it names.
func rejectsIndex(err error) bool {
	var command driver.CommandError
	return errors.As(err, &command) && strings.Contains(command.Message, "hint")
}

// idDoc contains the _id of a document.
type idDoc[T any] struct {
	ID T `bson:"_id"`
}

func (k idDoc[T]) id() T { return k.ID }

// findIDs returns up to limit _ids of the documents that filter selects; 0 means all.
func findIDs[T any](ctx context.Context, c *driver.Collection, filter bson.D, limit int64) ([]T, error) {
	opts := options.Find().SetProjection(bson.D{field("_id", 1)}).SetLimit(limit)
	return find(ctx, c, filter, idDoc[T].id, opts)
}

// deleteAll deletes the documents that filter selects, in steps, and returns the number of deleted documents.
func deleteAll(ctx context.Context, c *driver.Collection, filter bson.D) (int, error) {
	deleted := 0
	for {
		n, err := deleteSome(ctx, c, filter)
		deleted += n
		if err != nil || n == 0 {
			return deleted, err
		}
	}
}

func deleteSome(ctx context.Context, c *driver.Collection, filter bson.D) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, deleteTimeout)
	defer cancel()
	ids, err := findIDs[any](ctx, c, filter, deleteStep)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if _, err := c.DeleteMany(ctx, byID(among(ids))); err != nil {
		return 0, err
	}
	return len(ids), nil
}

// keyed is a document that returns its _id: a string or a [bson.ObjectID].
type keyed interface{ key() any }

// inKeyOrder returns the documents in the order of their _ids. All writes of several documents have this order: on a
// server that locks documents, two writers with different orders may wait for each other.
func inKeyOrder[D keyed](docs []D) []D {
	sorted := slices.Clone(docs)
	slices.SortStableFunc(sorted, func(a, b D) int { return compareKeys(a.key(), b.key()) })
	return sorted
}

// compareKeys compares two _ids of the same type.
func compareKeys(a, b any) int {
	if id, ok := a.(bson.ObjectID); ok {
		other := b.(bson.ObjectID)
		return bytes.Compare(id[:], other[:])
	}
	return strings.Compare(a.(string), b.(string))
}

// insertNew inserts the documents whose ids don't exist yet, and reports whether all were new.
func insertNew[D keyed](ctx context.Context, c *driver.Collection, docs []D) (bool, error) {
	if len(docs) == 0 {
		return true, nil
	}
	_, err := c.InsertMany(ctx, inKeyOrder(docs), options.InsertMany().SetOrdered(false))
	if onlyDuplicates(err) {
		return false, nil
	}
	return err == nil, err
}

// upsert stores each document in place of an existing one with the same id.
func upsert[D keyed](ctx context.Context, c *driver.Collection, docs ...D) error {
	if len(docs) == 0 {
		return nil
	}
	models := make([]driver.WriteModel, len(docs))
	for i, doc := range inKeyOrder(docs) {
		models[i] = driver.NewReplaceOneModel().SetFilter(byID(doc.key())).SetReplacement(doc).SetUpsert(true)
	}
	return bulkUpsert(ctx, c, models)
}

// bulkUpsert executes upserts, and again if they conflict with others of the same ids.
func bulkUpsert(ctx context.Context, c *driver.Collection, models []driver.WriteModel) error {
	for attempt := 1; ; attempt++ {
		_, err := c.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
		if attempt == upsertAttempts || !driver.IsDuplicateKeyError(err) {
			return err
		}
	}
}

// eachChunk calls do with up to size items at a time and stops at the first error.
func eachChunk[T any](items []T, size int, do func([]T) error) error {
	for chunk := range slices.Chunk(items, size) {
		if err := do(chunk); err != nil {
			return err
		}
	}
	return nil
}
