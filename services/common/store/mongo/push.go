package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// pingDoc is a document of the collection pings: a ping that no runner has handled yet.
type pingDoc struct {
	ID        bson.ObjectID `bson:"_id"`
	MonitorID bson.ObjectID `bson:"monitor_id"`
	Received  time.Time     `bson:"date"`
	Kind      string        `bson:"kind"`
	ExitCode  int           `bson:"exit_code"`
	RunID     string        `bson:"rid,omitempty"`
	Body      []byte        `bson:"body,omitempty"`
}

func (d pingDoc) key() any { return d.ID }

func toPingDoc(p store.Ping) (doc pingDoc, err error) {
	if err := p.Validate(); err != nil {
		return doc, err
	}
	doc = pingDoc{Received: p.Received, Kind: string(p.Kind), ExitCode: p.ExitCode, RunID: p.RunID, Body: p.Body}
	if doc.ID, err = toID("ping id", p.ID); err == nil {
		doc.MonitorID, err = toID("monitor id of a ping", p.MonitorID)
	}
	return doc, err
}

func (d pingDoc) ping() store.Ping {
	return store.Ping{
		ID: d.ID.Hex(), MonitorID: d.MonitorID.Hex(), Received: d.Received.UTC(), Kind: store.PingKind(d.Kind),
		ExitCode: d.ExitCode, RunID: d.RunID, Body: d.Body,
	}
}

// oldestFirst returns the keys of the index in whose order pings are read.
func oldestFirst() bson.D { return bson.D{field("date", 1), field("_id", 1)} }

// AddPing stores a ping. Once in a while it deletes the oldest ones of the monitor if there are too many.
func (s *Store) AddPing(ctx context.Context, p store.Ping) (err error) {
	defer s.end(ctx, time.Now(), "add ping", &err)
	doc, err := toPingDoc(p)
	if err != nil {
		return err
	}
	if _, err := insertNew(ctx, s.pings, []pingDoc{doc}); err != nil {
		return err
	}
	if store.LooksForSurplus(p.ID) {
		s.deleteSurplusPings(ctx, doc.MonitorID)
	}
	return nil
}

// deleteSurplusPings deletes all but the newest pings of a monitor. It ignores an error: it is tried again later, and the
// caller's ping is stored.
func (s *Store) deleteSurplusPings(ctx context.Context, monitorID bson.ObjectID) {
	opts := options.Find().SetSort(newestFirst()).SetSkip(store.MaxWaitingPings).SetProjection(bson.D{field("_id", 1)})
	surplus, err := findBy(ctx, s.pings, newestFirst("monitor_id"), bson.D{field("monitor_id", monitorID)},
		idDoc[bson.ObjectID].id, opts)
	if err == nil {
		err = s.deletePings(ctx, surplus)
	}
	if err == nil {
		s.surplus.Record(monitorID.Hex(), len(surplus))
	}
}

func (s *Store) deletePings(ctx context.Context, ids []bson.ObjectID) error {
	return eachChunk(ids, deleteStep, func(chunk []bson.ObjectID) error {
		_, err := s.pings.DeleteMany(ctx, byID(among(chunk)))
		return err
	})
}

// Pings returns pings, oldest first.
func (s *Store) Pings(ctx context.Context, after *store.Cursor, limit int) (_ []store.Ping, err error) {
	defer s.end(ctx, time.Now(), "list pings", &err)
	if limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	filter := bson.D{}
	if after != nil {
		id, err := toID("cursor", after.ID)
		if err != nil {
			return nil, err
		}
		filter = bson.D{field("date", bson.D{field("$gte", after.Date)}), field("$or", bson.A{
			bson.D{field("date", bson.D{field("$gt", after.Date)})},
			bson.D{field("_id", bson.D{field("$gt", id)})},
		})}
	}
	opts := options.Find().SetSort(oldestFirst()).SetLimit(int64(limit))
	return findBy(ctx, s.pings, oldestFirst(), filter, pingDoc.ping, opts)
}

// pushStateDoc is a document of the collection push_states. Its _id is the id of the monitor. State is JSON.
type pushStateDoc struct {
	ID       bson.ObjectID `bson:"_id"`
	Sequence int64         `bson:"seq"`
	State    string        `bson:"state"`
}

func (d pushStateDoc) key() any { return d.ID }

func toPushStateDoc(state store.PushState) (doc pushStateDoc, err error) {
	if err := state.Validate(); err != nil {
		return doc, err
	}
	if doc.ID, err = toID("monitor id of a push state", state.MonitorID); err != nil {
		return doc, err
	}
	text, err := json.Marshal(state)
	if err != nil {
		return doc, monitor.Invalidf("push state of monitor %s can't be stored: %v", state.MonitorID, err)
	}
	doc.Sequence, doc.State = state.Sequence, string(text)
	return doc, nil
}

func (d pushStateDoc) pushState() (state store.PushState, err error) {
	return state, json.Unmarshal([]byte(d.State), &state)
}

// putPushStates stores the newest push state of each monitor, if it is newer than the stored one.
func (s *Store) putPushStates(ctx context.Context, docs []pushStateDoc) error {
	newest := make([]pushStateDoc, 0, len(docs))
	index := make(map[bson.ObjectID]int, len(docs))
	for _, doc := range docs {
		i, found := index[doc.ID]
		switch {
		case !found:
			index[doc.ID] = len(newest)
			newest = append(newest, doc)
		case doc.Sequence > newest[i].Sequence:
			newest[i] = doc
		}
	}
	return putNewer(ctx, s, s.pushStates, newest, func(d pushStateDoc) bson.D {
		return bson.D{field("_id", d.ID), field("seq", bson.D{field("$lt", d.Sequence)})}
	})
}

// PushStates returns the push states of the given monitors.
func (s *Store) PushStates(ctx context.Context, monitorIDs []string) (_ []store.PushState, err error) {
	defer s.end(ctx, time.Now(), "list push states", &err)
	ids := validIDs(monitorIDs)
	if len(ids) == 0 {
		return []store.PushState{}, nil
	}
	docs, err := find(ctx, s.pushStates, byID(among(ids)), func(d pushStateDoc) pushStateDoc { return d })
	if err != nil {
		return nil, err
	}
	return convertAll(docs, pushStateDoc.pushState)
}

// pingURLDoc is a document of the collection ping_urls. Its _id is the id of the monitor.
type pingURLDoc struct {
	ID   bson.ObjectID `bson:"_id"`
	UUID string        `bson:"uuid"`
}

func (d pingURLDoc) key() any { return d.ID }

func toPingURLDoc(monitorID, uuid string) (pingURLDoc, error) {
	id, err := toID("monitor id of a ping URL", monitorID)
	return pingURLDoc{ID: id, UUID: uuid}, err
}

// PingURL returns the uuid in the ping URL of a monitor.
func (s *Store) PingURL(ctx context.Context, monitorID string) (uuid string, err error) {
	defer s.end(ctx, time.Now(), "get ping url", &err)
	return s.pingURL(ctx, monitorID)
}

func (s *Store) pingURL(ctx context.Context, monitorID string) (string, error) {
	id, err := bson.ObjectIDFromHex(monitorID)
	if err != nil {
		return "", monitor.ErrNotFound
	}
	var doc pingURLDoc
	err = s.pingURLs.FindOne(ctx, byID(id)).Decode(&doc)
	return doc.UUID, err
}

// errPingURLInUse replaces the error of the server, which contains the uuid.
func errPingURLInUse() error { return monitor.Invalidf("another monitor has the same ping URL") }

// AddPingURL stores the uuid of a monitor that has none, and returns the stored one.
func (s *Store) AddPingURL(ctx context.Context, monitorID, uuid string) (stored string, err error) {
	defer s.end(ctx, time.Now(), "put ping url", &err)
	doc, err := toPingURLDoc(monitorID, uuid)
	if err != nil {
		return "", err
	}
	err = insertOne(ctx, s.pingURLs, doc)
	if err != nil && !driver.IsDuplicateKeyError(err) {
		return "", err
	}
	stored, err = s.pingURL(ctx, monitorID)
	if errors.Is(err, driver.ErrNoDocuments) {
		err = errPingURLInUse()
	}
	return stored, err
}

// PutPingURL stores the uuid of a monitor in place of the previous one.
func (s *Store) PutPingURL(ctx context.Context, monitorID, uuid string) (err error) {
	defer s.end(ctx, time.Now(), "put ping url", &err)
	doc, err := toPingURLDoc(monitorID, uuid)
	if err != nil {
		return err
	}
	if err = upsert(ctx, s.pingURLs, doc); driver.IsDuplicateKeyError(err) {
		err = errPingURLInUse()
	}
	return err
}

// PingURLOwner returns the id of the monitor with a uuid.
func (s *Store) PingURLOwner(ctx context.Context, uuid string) (monitorID string, err error) {
	defer s.end(ctx, time.Now(), "get owner of ping url", &err)
	var doc pingURLDoc
	if err := s.pingURLs.FindOne(ctx, bson.D{field("uuid", uuid)}).Decode(&doc); err != nil {
		return "", err
	}
	return doc.ID.Hex(), nil
}
