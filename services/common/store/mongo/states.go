package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// statusChangeDoc is a document of the collection transitions. Its key is monitor/date/kind.
type statusChangeDoc struct {
	Key       string        `bson:"_id"`
	MonitorID bson.ObjectID `bson:"monitor_id"`
	Date      time.Time     `bson:"date"`
	Kind      string        `bson:"track"`
	From      string        `bson:"from"`
	To        string        `bson:"to"`
}

func toStatusChangeDocs(changes []store.StatusChange) ([]statusChangeDoc, error) {
	return convertAll(changes, func(c store.StatusChange) (statusChangeDoc, error) {
		id, err := toID("monitor id of a status change", c.MonitorID)
		return statusChangeDoc{
			Key: timeKey(id, c.Date) + "/" + string(c.Kind), MonitorID: id, Date: c.Date,
			Kind: string(c.Kind), From: c.From, To: c.To,
		}, err
	})
}

func (d statusChangeDoc) statusChange() store.StatusChange {
	return store.StatusChange{MonitorID: d.MonitorID.Hex(), Date: d.Date.UTC(), Kind: store.ChangeKind(d.Kind), From: d.From, To: d.To}
}

// States returns the states of all monitors.
func (s *Store) States(ctx context.Context) (_ []store.State, err error) {
	defer s.end(ctx, time.Now(), "list states", &err)
	return find(ctx, s.states, bson.D{}, stateDoc.state)
}

// StatesOf returns the states of the given monitors.
func (s *Store) StatesOf(ctx context.Context, monitorIDs []string) (_ []store.State, err error) {
	defer s.end(ctx, time.Now(), "list states", &err)
	return find(ctx, s.states, byID(among(validIDs(monitorIDs))), stateDoc.state)
}

// State returns the state of one monitor.
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

// StatusChanges returns the status changes of a monitor, newest first.
func (s *Store) StatusChanges(ctx context.Context, monitorID string, from, to time.Time, limit int) (_ []store.StatusChange, err error) {
	defer s.end(ctx, time.Now(), "list status changes", &err)
	if limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	id, err := bson.ObjectIDFromHex(monitorID)
	if err != nil {
		return []store.StatusChange{}, nil
	}
	opts := options.Find().SetSort(bson.D{field("_id", -1)}).SetLimit(int64(limit))
	return find(ctx, s.statusChanges, keysBetween(timeKey(id, from), timeKey(id, to)), statusChangeDoc.statusChange, opts)
}
