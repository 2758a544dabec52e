package mongo

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	// indexTimeout limits the creation of the indexes. The start-up probes in deploy must allow more time, because a
	// restart may begin the creation again.
	indexTimeout = time.Hour
	// minProgressPause and maxProgressPause limit the pause between two log lines about the progress of an index.
	minProgressPause = 2 * time.Second
	maxProgressPause = time.Minute
)

// index is an index of a collection.
type index struct {
	collection *driver.Collection
	keys       bson.D
	unique     bool
}

// indexes returns the indexes that the store needs. Ordered listings, ranges and expiry use them; all other queries use
// _id, which contains the natural key.
func (s *Store) indexes() []index {
	return []index{
		{collection: s.results, keys: newestFirst("monitor_id")},
		{collection: s.results, keys: newestFirst("status")},
		{collection: s.results, keys: newestFirst()},
		{collection: s.statusChanges, keys: bson.D{field("date", 1)}},
		{collection: s.rollups, keys: bson.D{field("period", 1), field("start", 1)}},
		{collection: s.dirtyHours, keys: bson.D{field("hour", 1)}},
		{collection: s.appends, keys: bson.D{field("date", 1)}},
		{collection: s.notifications, keys: newestFirst("monitor_id")},
		{collection: s.notifications, keys: newestFirst()},
		{collection: s.notifications, keys: bson.D{field("next", 1), field("_id", 1)}},
		{collection: s.notificationClaims, keys: bson.D{field("claimed", 1)}},
		{collection: s.incidents, keys: newestFirst()},
		{collection: s.incidents, keys: newestFirst("monitor_id")},
		{collection: s.incidents, keys: newestFirst("group")},
		{collection: s.incidents, keys: newestFirst("severity")},
		{collection: s.incidents, keys: newestFirst("open")},
		{collection: s.silences, keys: bson.D{field("until", 1)}},
		{collection: s.pings, keys: oldestFirst()},
		{collection: s.pings, keys: newestFirst("monitor_id")},
		{collection: s.receivingPeriods, keys: latestEnd()},
		{collection: s.pingURLs, keys: bson.D{field("uuid", 1)}, unique: true},
		{collection: s.statusPages, keys: bson.D{field("slug", 1)}, unique: true},
		{collection: s.statusPages, keys: bson.D{field("hosts", 1)}, unique: true},
		{collection: s.statusMessages, keys: newestFirst("page_id", "resolved")},
		{collection: s.deletedMonitors, keys: bson.D{field("at", 1)}},
		{collection: s.keys, keys: bson.D{field("hash", 1)}, unique: true},
	}
}

// name returns the names of the fields.
func (i index) name() string {
	names := make([]string, len(i.keys))
	for n, key := range i.keys {
		names[n] = key.Key
	}
	return strings.Join(names, ", ")
}

// createIndexes creates missing indexes, and logs the progress of each that takes long.
func (s *Store) createIndexes(ctx context.Context, log *slog.Logger) (err error) {
	defer explain(ctx, "create indexes", &err)
	ctx, cancel := context.WithTimeout(ctx, indexTimeout)
	defer cancel()
	for _, index := range s.indexes() {
		log := log.With("collection", index.collection.Name(), "index", index.name())
		if err := index.create(ctx, func(taken time.Duration) {
			log.Info("creating an index", "duration", taken, "progress", s.indexProgress(ctx, index.collection.Name()))
		}); err != nil {
			return fmt.Errorf("collection %s: %w", index.collection.Name(), err)
		}
	}
	return nil
}

// create creates the index if it is missing. While that takes long it calls report, again and again.
func (i index) create(ctx context.Context, report func(taken time.Duration)) error {
	model := driver.IndexModel{Keys: i.keys}
	if i.unique {
		model.Options = options.Index().SetUnique(true)
	}
	created := make(chan error, 1)
	go func() {
		_, err := i.collection.Indexes().CreateOne(ctx, model)
		created <- err
	}()
	started := time.Now()
	for pause := minProgressPause; ; pause = min(2*pause, maxProgressPause) {
		select {
		case err := <-created:
			return err
		case <-time.After(pause):
			report(time.Since(started).Round(time.Second))
		}
	}
}

// indexProgress returns the progress of the creation of an index. It is unknown if the server does not report it, or if
// the database user may not read it.
func (s *Store) indexProgress(ctx context.Context, collection string) string {
	const unknown = "unknown"
	ctx, cancel := context.WithTimeout(ctx, selectionTimeout)
	defer cancel()
	creation := bson.D{field("command.createIndexes", collection), field("progress.total", bson.D{field("$gt", 0)})}
	cursor, err := s.client.Database("admin").Aggregate(ctx, []bson.D{
		{field("$currentOp", bson.D{field("allUsers", true)})}, {field("$match", creation)},
	})
	if err != nil {
		return unknown
	}
	var operations []struct {
		Progress struct {
			Done  float64 `bson:"done"`
			Total float64 `bson:"total"`
		} `bson:"progress"`
	}
	if err := cursor.All(ctx, &operations); err != nil || len(operations) == 0 {
		return unknown
	}
	p := operations[0].Progress
	return fmt.Sprintf("%.0f%%", 100*p.Done/p.Total)
}
