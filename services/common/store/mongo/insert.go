package mongo

import (
	"context"
	"reflect"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
)

// sentKey is the key of the number of commands that were sent with a context.
type sentKey struct{}

// countCommands returns a monitor that counts the commands sent with a context, and calls next, which may be nil.
func countCommands(next *event.CommandMonitor) *event.CommandMonitor {
	counting := new(event.CommandMonitor)
	if next != nil {
		*counting = *next
	}
	started := counting.Started
	counting.Started = func(ctx context.Context, e *event.CommandStartedEvent) {
		if sent, ok := ctx.Value(sentKey{}).(*atomic.Int32); ok {
			sent.Add(1)
		}
		if started != nil {
			started(ctx, e)
		}
	}
	return counting
}

// insertOne inserts a new document. If the answer is lost, the driver sends the insert again. Some servers execute it
// again, too, and answer that the document exists. That is no error if the document is the one of the first insert.
func insertOne[D keyed](ctx context.Context, c *driver.Collection, doc D) error {
	sent := new(atomic.Int32)
	_, err := c.InsertOne(context.WithValue(ctx, sentKey{}, sent), doc)
	if driver.IsDuplicateKeyError(err) && sent.Load() > 1 && isStored(ctx, c, doc) {
		return nil
	}
	return err
}

// isStored reports whether a collection contains a document that equals doc.
func isStored[D keyed](ctx context.Context, c *driver.Collection, doc D) bool {
	var want, stored D
	raw, err := bson.Marshal(doc)
	return err == nil && bson.Unmarshal(raw, &want) == nil &&
		c.FindOne(ctx, byID(doc.key())).Decode(&stored) == nil && reflect.DeepEqual(want, stored)
}
