package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	// deleteStep is how many documents one step of a large deletion removes.
	deleteStep = 1000
	// deleteTimeout bounds such a step.
	deleteTimeout = time.Minute
	// upsertAttempts is how often an upsert is tried that others' upserts of the same ids get in
	// the way of.
	upsertAttempts = 5
)

// field is a condition, or a part of one.
func field(name string, value any) bson.E { return bson.E{Key: name, Value: value} }

func byID(id any) bson.D { return bson.D{field("_id", id)} }

func among[T any](ids []T) bson.D { return bson.D{field("$in", ids)} }

// find lists what filter selects, each document of type D as T.
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

// keyOf is the _id of a document.
type keyOf[T any] struct {
	ID T `bson:"_id"`
}

func (k keyOf[T]) id() T { return k.ID }

// findIDs lists the _ids of what filter selects, at most limit; 0 means all.
func findIDs[T any](ctx context.Context, c *driver.Collection, filter bson.D, limit int64) ([]T, error) {
	opts := options.Find().SetProjection(bson.D{field("_id", 1)}).SetLimit(limit)
	return find(ctx, c, filter, keyOf[T].id, opts)
}

// deleteAll removes what filter selects, in steps, and returns how many documents that were.
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

// insertNew inserts the documents whose ids are not there yet, and reports whether all were new.
func insertNew[D any](ctx context.Context, c *driver.Collection, docs []D) (bool, error) {
	if len(docs) == 0 {
		return true, nil
	}
	_, err := c.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	if onlyDuplicates(err) {
		return false, nil
	}
	return err == nil, err
}

// upsert stores each document under its id, in place of what is there.
func upsert[D any](ctx context.Context, c *driver.Collection, docs []D, id func(D) any) error {
	if len(docs) == 0 {
		return nil
	}
	models := make([]driver.WriteModel, len(docs))
	for i, doc := range docs {
		models[i] = driver.NewReplaceOneModel().SetFilter(byID(id(doc))).SetReplacement(doc).SetUpsert(true)
	}
	for attempt := 1; ; attempt++ {
		_, err := c.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
		if attempt == upsertAttempts || !driver.IsDuplicateKeyError(err) {
			return err
		}
	}
}

// upsertOne is upsert for one document.
func upsertOne[D any](ctx context.Context, c *driver.Collection, id any, doc D) error {
	return upsert(ctx, c, []D{doc}, func(D) any { return id })
}

// eachChunk calls do with at most size items at a time, until one call fails.
func eachChunk[T any](items []T, size int, do func([]T) error) error {
	for chunk := range slices.Chunk(items, size) {
		if err := do(chunk); err != nil {
			return err
		}
	}
	return nil
}
