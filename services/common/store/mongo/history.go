package mongo

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// transitionDoc has the key monitor/date/track.
type transitionDoc struct {
	Key       string        `bson:"_id"`
	MonitorID bson.ObjectID `bson:"monitor_id"`
	Date      time.Time     `bson:"date"`
	Kind      string        `bson:"track"`
	From      string        `bson:"from"`
	To        string        `bson:"to"`
}

// dirtyDoc has the key monitor/hour.
type dirtyDoc struct {
	Key       string        `bson:"_id"`
	MonitorID bson.ObjectID `bson:"monitor_id"`
	Hour      time.Time     `bson:"hour"`
	Marked    time.Time     `bson:"marked"`
	Token     string        `bson:"token"`
}

// rollupDoc has the key monitor/period/start.
type rollupDoc struct {
	Key       string        `bson:"_id"`
	MonitorID bson.ObjectID `bson:"monitor_id"`
	Period    string        `bson:"period"`
	Start     time.Time     `bson:"start"`
	Summary   []byte        `bson:"summary"`
}

// timeKey is a text that sorts by monitor and then by time.
func timeKey(id bson.ObjectID, t time.Time) string {
	return fmt.Sprintf("%s/%015d", id.Hex(), t.UnixMilli())
}

// rollupKey is a text that sorts by monitor, then period, then time.
func rollupKey(id bson.ObjectID, p store.Period, start time.Time) string {
	return fmt.Sprintf("%s/%s/%015d", id.Hex(), p, start.UnixMilli())
}

// keysBetween is the range first <= key < end.
func keysBetween(first, end string) bson.D {
	return byID(bson.D{field("$gte", first), field("$lt", end)})
}

func toTransitionDocs(transitions []store.StatusChange) ([]transitionDoc, error) {
	return convertAll(transitions, func(t store.StatusChange) (transitionDoc, error) {
		id, err := toID("monitor id of a transition", t.MonitorID)
		return transitionDoc{
			Key: timeKey(id, t.Date) + "/" + string(t.Kind), MonitorID: id, Date: t.Date,
			Kind: string(t.Kind), From: t.From, To: t.To,
		}, err
	})
}

func (d transitionDoc) transition() store.StatusChange {
	return store.StatusChange{MonitorID: d.MonitorID.Hex(), Date: d.Date.UTC(), Kind: store.ChangeKind(d.Kind), From: d.From, To: d.To}
}

func (d dirtyDoc) dirtyHour() store.DirtyHour {
	return store.DirtyHour{MonitorID: d.MonitorID.Hex(), Hour: d.Hour.UTC(), Token: d.Token}
}

func (d rollupDoc) rollup() store.Rollup {
	return store.Rollup{MonitorID: d.MonitorID.Hex(), Period: store.Period(d.Period), Start: d.Start.UTC(), Summary: d.Summary}
}

// States lists the states of all monitors, in no particular order.
func (s *Store) States(ctx context.Context) (_ []store.State, err error) {
	defer s.end(ctx, time.Now(), "list states", &err)
	return find(ctx, s.states, bson.D{}, stateDoc.state)
}

// StatesOf lists the states of those of the given monitors that have one.
func (s *Store) StatesOf(ctx context.Context, monitorIDs []string) (_ []store.State, err error) {
	defer s.end(ctx, time.Now(), "list states", &err)
	return find(ctx, s.states, byID(among(validIDs(monitorIDs))), stateDoc.state)
}

// State is the state of one monitor.
func (s *Store) State(ctx context.Context, monitorID string) (_ store.State, err error) {
	defer s.end(ctx, time.Now(), "get state", &err)
	id, err := bson.ObjectIDFromHex(monitorID)
	if err != nil {
		return store.State{}, monitor.ErrNotFound
	}
	var doc stateDoc
	if err := s.states.FindOne(ctx, byID(id)).Decode(&doc); err != nil {
		return store.State{}, err
	}
	return doc.state(), nil
}

// StatusChanges lists those of a monitor with from <= date < to, newest first, at most limit.
func (s *Store) StatusChanges(ctx context.Context, monitorID string, from, to time.Time, limit int) (_ []store.StatusChange, err error) {
	defer s.end(ctx, time.Now(), "list transitions", &err)
	if limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	id, err := bson.ObjectIDFromHex(monitorID)
	if err != nil {
		return []store.StatusChange{}, nil
	}
	opts := options.Find().SetSort(bson.D{field("_id", -1)}).SetLimit(int64(limit))
	return find(ctx, s.transitions, keysBetween(timeKey(id, from), timeKey(id, to)), transitionDoc.transition, opts)
}

// DirtyHours lists at most limit marks, oldest hour first.
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

// ClearDirty removes marks, but for those whose token has changed.
func (s *Store) ClearDirty(ctx context.Context, marks []store.DirtyHour) (err error) {
	defer s.end(ctx, time.Now(), "clear dirty hours", &err)
	models, err := convertAll(marks, func(m store.DirtyHour) (driver.WriteModel, error) {
		id, err := toID("monitor id of a dirty hour", m.MonitorID)
		filter := bson.D{field("_id", timeKey(id, m.Hour)), field("token", m.Token)}
		return driver.NewDeleteOneModel().SetFilter(filter), err
	})
	if err != nil || len(models) == 0 {
		return err
	}
	_, err = s.dirtyHours.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	return err
}

// PutRollups stores rollups, each in place of an older one.
func (s *Store) PutRollups(ctx context.Context, rs []store.Rollup) (err error) {
	defer s.end(ctx, time.Now(), "put rollups", &err)
	docs, err := convertAll(rs, func(r store.Rollup) (rollupDoc, error) {
		id, err := toID("monitor id of a rollup", r.MonitorID)
		return rollupDoc{
			Key: rollupKey(id, r.Period, r.Start), MonitorID: id, Period: string(r.Period), Start: r.Start, Summary: r.Summary,
		}, err
	})
	if err != nil {
		return err
	}
	return upsert(ctx, s.rollups, docs, func(d rollupDoc) any { return d.Key })
}

// Rollups lists those of a monitor with from <= start < to, oldest first.
func (s *Store) Rollups(ctx context.Context, monitorID string, p store.Period, from, to time.Time) (_ []store.Rollup, err error) {
	defer s.end(ctx, time.Now(), "list rollups", &err)
	id, err := bson.ObjectIDFromHex(monitorID)
	if err != nil {
		return []store.Rollup{}, nil
	}
	opts := options.Find().SetSort(bson.D{field("_id", 1)})
	return find(ctx, s.rollups, keysBetween(rollupKey(id, p, from), rollupKey(id, p, to)), rollupDoc.rollup, opts)
}
