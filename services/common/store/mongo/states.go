package mongo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
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
	// Sequence is omitted if the number equals the date.
	Sequence int64 `bson:"seq,omitempty"`
}

func (d statusChangeDoc) key() any { return d.Key }

func toStatusChangeDocs(changes []store.StatusChange) ([]statusChangeDoc, error) {
	return convertAll(changes, func(c store.StatusChange) (statusChangeDoc, error) {
		id, err := toID("monitor id of a status change", c.MonitorID)
		return statusChangeDoc{
			Key: timeKey(id, c.Date) + "/" + string(c.Kind), MonitorID: id, Date: c.Date,
			Kind: string(c.Kind), From: c.From, To: c.To, Sequence: c.Sequence,
		}, err
	})
}

func (d statusChangeDoc) statusChange() store.StatusChange {
	return store.StatusChange{MonitorID: d.MonitorID.Hex(), Date: d.Date.UTC(), Kind: store.ChangeKind(d.Kind), From: d.From, To: d.To}
}

// deleteSuperseded deletes the status changes that changes supersede; see [store.StatusChange].
func (s *Store) deleteSuperseded(ctx context.Context, changes []store.StatusChange) error {
	for _, c := range changes {
		if !c.Supersedes() {
			continue
		}
		id, err := toID("monitor id of a status change", c.MonitorID)
		if err != nil {
			return err
		}
		later := keysBetween(timeKey(id, c.Date.Add(time.Millisecond)), id.Hex()+"0")
		smaller := smallerNumber(c.Number(), "date")
		if _, err := s.statusChanges.DeleteMany(ctx, append(later, field("track", string(c.Kind)), field("$or", smaller))); err != nil {
			return err
		}
	}
	return nil
}

// smallerNumber returns the alternatives of a filter for documents with a smaller sequence number. A document without
// one has the number that its date means.
func smallerNumber(number int64, date string) bson.A {
	return bson.A{
		bson.D{field("seq", bson.D{field("$lt", number)})},
		bson.D{field("seq", nil), field(date, bson.D{field("$lt", time.UnixMilli(number))})},
	}
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

// Revision returns a hash of the monitors, and of the ids of the newest results. A state changes only with that id.
func (s *Store) Revision(ctx context.Context, states bool) (_ string, err error) {
	defer s.end(ctx, time.Now(), "get revision", &err)
	sums, err := hashDocuments(ctx, s.monitors, options.Find())
	if err == nil && states {
		var more [][]byte
		more, err = hashDocuments(ctx, s.states, options.Find().SetProjection(bson.D{field("latest._id", 1)}))
		sums = append(sums, more...)
	}
	slices.SortFunc(sums, bytes.Compare) // The order in which a server returns documents may change.
	sum := sha256.Sum256(slices.Concat(sums...))
	return string(sum[:]), err
}

// hashDocuments returns a hash of each document with the selected fields.
func hashDocuments(ctx context.Context, c *driver.Collection, opts *options.FindOptionsBuilder) (sums [][]byte, err error) {
	cursor, err := c.Find(ctx, bson.D{}, opts)
	if err != nil {
		return nil, err
	}
	defer cursor.Close(ctx)
	for cursor.Next(ctx) {
		sum := sha256.Sum256(cursor.Current)
		sums = append(sums, sum[:])
	}
	return sums, cursor.Err()
}

// expiredChangesKey is the key of the document in meta with StatusChangesExpired.
const expiredChangesKey = "status_changes_expired"

// setStatusChangesExpired sets StatusChangesExpired unless it is later already. A date later than now becomes now.
// Both updates are atomic, and change nothing if the date is right.
func (s *Store) setStatusChangesExpired(ctx context.Context, from, now time.Time) error {
	lower := driver.NewUpdateOneModel().SetFilter(byID(expiredChangesKey)).
		SetUpdate(bson.D{field("$min", bson.D{field("at", now)})})
	raise := driver.NewUpdateOneModel().SetFilter(byID(expiredChangesKey)).
		SetUpdate(bson.D{field("$max", bson.D{field("at", from)})}).SetUpsert(true)
	return bulkUpsert(ctx, s.meta, []driver.WriteModel{lower, raise})
}

// StatusChangesExpired returns the date before which status changes have expired.
func (s *Store) StatusChangesExpired(ctx context.Context) (_ time.Time, err error) {
	defer s.end(ctx, time.Now(), "get the age of status changes", &err)
	return s.metaDate(ctx, expiredChangesKey)
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
	return find(ctx, s.statusChanges, datesBetween(id, from, to), statusChangeDoc.statusChange, opts)
}
