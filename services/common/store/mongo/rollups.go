package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/rollup"
	"nanomon/services/common/store"
)

// dirtyDoc is a document of the collection dirty_hours. Its key is monitor/hour.
type dirtyDoc struct {
	Key       string        `bson:"_id"`
	MonitorID bson.ObjectID `bson:"monitor_id"`
	Hour      time.Time     `bson:"hour"`
	Marked    time.Time     `bson:"marked"`
	Token     string        `bson:"token"`
}

// rollupDoc is a document of the collection rollups. Its key is monitor/period/start.
type rollupDoc struct {
	Key       string        `bson:"_id"`
	MonitorID bson.ObjectID `bson:"monitor_id"`
	Period    string        `bson:"period"`
	Start     time.Time     `bson:"start"`
	Summary   []byte        `bson:"summary"`
}

// rollupKey returns a key that sorts by monitor, then period, then time.
func rollupKey(id bson.ObjectID, p store.Period, start time.Time) string {
	return fmt.Sprintf("%s/%s/%015d", id.Hex(), p, start.UnixMilli())
}

func (d dirtyDoc) key() any { return d.Key }

func (d rollupDoc) key() any { return d.Key }

func (d dirtyDoc) dirtyHour() store.DirtyHour {
	return store.DirtyHour{MonitorID: d.MonitorID.Hex(), Hour: d.Hour.UTC(), Token: d.Token}
}

func (d rollupDoc) rollup() store.Rollup {
	return store.Rollup{MonitorID: d.MonitorID.Hex(), Period: store.Period(d.Period), Start: d.Start.UTC(), Summary: d.Summary}
}

// DirtyHours returns the dirty hours that ended before closed and were marked before quiet, oldest first.
func (s *Store) DirtyHours(ctx context.Context, closed, quiet time.Time, limit int) (_ []store.DirtyHour, err error) {
	defer s.end(ctx, time.Now(), "list dirty hours", &err)
	if limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	filter := bson.D{
		field("hour", bson.D{field("$lte", closed.Add(-time.Hour))}),
		field("marked", bson.D{field("$lt", quiet)}),
	}
	opts := options.Find().SetSort(bson.D{field("hour", 1)}).SetLimit(int64(limit))
	return find(ctx, s.dirtyHours, filter, dirtyDoc.dirtyHour, opts)
}

// ClearDirty deletes the marks whose token is unchanged.
func (s *Store) ClearDirty(ctx context.Context, marks []store.DirtyHour) (err error) {
	defer s.end(ctx, time.Now(), "clear dirty hours", &err)
	docs, err := convertAll(marks, func(m store.DirtyHour) (dirtyDoc, error) {
		id, err := toID("monitor id of a dirty hour", m.MonitorID)
		return dirtyDoc{Key: timeKey(id, m.Hour), Token: m.Token}, err
	})
	if err != nil || len(docs) == 0 {
		return err
	}
	models := make([]driver.WriteModel, len(docs))
	for i, doc := range inKeyOrder(docs) {
		models[i] = driver.NewDeleteOneModel().SetFilter(bson.D{field("_id", doc.Key), field("token", doc.Token)})
	}
	_, err = s.dirtyHours.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	return err
}

// storedSummary returns the summary of an hour or a day in the form that earlier versions can read, because their
// programs may run at the same time.
func storedSummary(r store.Rollup) []byte {
	if r.Period == store.Minutes {
		return r.Summary
	}
	a, err := rollup.Decode(r.Summary)
	if err != nil {
		return r.Summary
	}
	return a.EncodeJSON()
}

// PutRollups stores rollups and replaces existing ones.
func (s *Store) PutRollups(ctx context.Context, rs []store.Rollup) (err error) {
	defer s.end(ctx, time.Now(), "put rollups", &err)
	docs, err := convertAll(rs, func(r store.Rollup) (rollupDoc, error) {
		id, err := toID("monitor id of a rollup", r.MonitorID)
		return rollupDoc{
			Key: rollupKey(id, r.Period, r.Start), MonitorID: id, Period: string(r.Period), Start: r.Start, Summary: storedSummary(r),
		}, err
	})
	if err != nil {
		return err
	}
	if err := upsert(ctx, s.rollups, docs...); err != nil {
		return err
	}
	ids := make([]bson.ObjectID, len(docs))
	for i, doc := range docs {
		ids[i] = doc.MonitorID
	}
	return s.deleteLate(ctx, ids)
}

// Rollups returns the rollups of a monitor, oldest first.
func (s *Store) Rollups(ctx context.Context, monitorID string, p store.Period, from, to time.Time) (_ []store.Rollup, err error) {
	defer s.end(ctx, time.Now(), "list rollups", &err)
	id, err := bson.ObjectIDFromHex(monitorID)
	if err != nil {
		return []store.Rollup{}, nil
	}
	opts := options.Find().SetSort(bson.D{field("_id", 1)})
	return find(ctx, s.rollups, keysBetween(rollupKey(id, p, from), rollupKey(id, p, to)), rollupDoc.rollup, opts)
}
