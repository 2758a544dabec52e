package mongo

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Monitors returns all monitors.
func (s *Store) Monitors(ctx context.Context) (list []monitor.Monitor, err error) {
	defer s.end(ctx, time.Now(), "list monitors", &err)
	list, err = find(ctx, s.monitors, bson.D{}, monitorDoc.monitor)
	slices.SortFunc(list, func(a, b monitor.Monitor) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list, err
}

// Monitor returns one monitor.
func (s *Store) Monitor(ctx context.Context, id string) (m monitor.Monitor, err error) {
	defer s.end(ctx, time.Now(), "get monitor", &err)
	doc, err := s.monitorDoc(ctx, id)
	if err != nil {
		return monitor.Monitor{}, err
	}
	return doc.monitor(), nil
}

func (s *Store) monitorDoc(ctx context.Context, id string) (doc monitorDoc, err error) {
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return doc, monitor.ErrNotFound
	}
	err = s.monitors.FindOne(ctx, byID(oid)).Decode(&doc)
	return doc, err
}

// CreateMonitor stores a new monitor.
func (s *Store) CreateMonitor(ctx context.Context, m monitor.Monitor) (err error) {
	defer s.end(ctx, time.Now(), "create monitor", &err)
	doc, err := toMonitorDoc(m)
	if err != nil {
		return err
	}
	err = insertOne(ctx, s.monitors, doc)
	if driver.IsDuplicateKeyError(err) {
		return monitor.Invalidf("a monitor with the id %s already exists", m.ID)
	}
	return err
}

// ReplaceMonitor replaces the monitor with the id of m, and logs a status change if Enabled differs.
func (s *Store) ReplaceMonitor(ctx context.Context, m monitor.Monitor) (err error) {
	defer s.end(ctx, time.Now(), "replace monitor", &err)
	old, err := s.monitorDoc(ctx, m.ID)
	if err != nil {
		return err
	}
	doc, err := toMonitorDoc(m)
	if err != nil {
		return err
	}
	if err := s.logEnabled(ctx, []monitorDoc{old}, []monitorDoc{doc}); err != nil {
		return err
	}
	replaced, err := s.monitors.ReplaceOne(ctx, byID(doc.ID), doc)
	if err == nil && replaced.MatchedCount == 0 {
		return monitor.ErrNotFound
	}
	return err
}

// logEnabled logs a status change of each monitor whose Enabled differs between before and now. It must be called
// before the monitors are stored, so that an interruption can't lose a status change.
func (s *Store) logEnabled(ctx context.Context, before, now []monitorDoc) error {
	was := make(map[bson.ObjectID]bool, len(before))
	for _, doc := range before {
		was[doc.ID] = doc.enabled()
	}
	values := map[bool]string{true: store.Enabled, false: store.Disabled}
	var changes []store.StatusChange
	for _, doc := range now {
		if old, found := was[doc.ID]; found && old != doc.enabled() {
			changes = append(changes, store.StatusChange{
				MonitorID: doc.ID.Hex(), Date: doc.Updated, Kind: store.ChangeEnabled, From: values[old], To: values[!old],
			})
		}
	}
	docs, err := toStatusChangeDocs(changes)
	if err != nil {
		return err
	}
	_, err = insertNew(ctx, s.statusChanges, docs)
	return err
}

// DeleteMonitor deletes a monitor and then its data, in this order: after an interruption the monitor must not reappear
// without its data.
func (s *Store) DeleteMonitor(ctx context.Context, id string) (err error) {
	defer s.end(ctx, time.Now(), "delete monitor", &err)
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return monitor.ErrNotFound
	}
	deleted, err := s.monitors.DeleteOne(ctx, byID(oid))
	if err != nil {
		return err
	}
	if deleted.DeletedCount == 0 {
		return monitor.ErrNotFound
	}
	return s.deleteData(ctx, []bson.ObjectID{oid})
}

// DeleteMonitors deletes all monitors and their data.
func (s *Store) DeleteMonitors(ctx context.Context) (err error) {
	defer s.end(ctx, time.Now(), "delete all monitors", &err)
	ids, err := findIDs[bson.ObjectID](ctx, s.monitors, bson.D{}, 0)
	if err != nil {
		return err
	}
	err = eachChunk(ids, deleteStep, func(chunk []bson.ObjectID) error {
		_, err := s.monitors.DeleteMany(ctx, byID(among(chunk)))
		return err
	})
	if err != nil {
		return err
	}
	return eachChunk(ids, 20, func(chunk []bson.ObjectID) error { return s.deleteData(ctx, chunk) })
}

// deleteData deletes the states, results, dirty hours, rollups and status changes of deleted monitors.
func (s *Store) deleteData(ctx context.Context, ids []bson.ObjectID) error {
	if _, err := s.states.DeleteMany(ctx, byID(among(ids))); err != nil {
		return err
	}
	if _, err := deleteAll(ctx, s.results, bson.D{field("monitor_id", among(ids))}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, deleteTimeout)
	defer cancel()
	// All text keys begin with the id of the monitor and a slash. The character after the slash in ASCII is the zero.
	models := make([]driver.WriteModel, len(ids))
	for i, id := range slices.SortedFunc(slices.Values(ids), func(a, b bson.ObjectID) int { return compareKeys(a, b) }) {
		models[i] = driver.NewDeleteManyModel().SetFilter(keysBetween(id.Hex()+"/", id.Hex()+"0"))
	}
	for _, c := range []*driver.Collection{s.dirtyHours, s.rollups, s.statusChanges} {
		if _, err := c.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false)); err != nil {
			return err
		}
	}
	return nil
}
