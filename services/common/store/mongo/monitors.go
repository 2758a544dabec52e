package mongo

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

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
	stored, err := s.storedMonitor(ctx, id)
	if err != nil {
		return monitor.Monitor{}, err
	}
	return stored.doc.monitor(), nil
}

// CreateMonitor stores a new monitor.
func (s *Store) CreateMonitor(ctx context.Context, m monitor.Monitor) (err error) {
	defer s.end(ctx, time.Now(), "create monitor", &err)
	doc, err := toMonitorDoc(m)
	if err != nil {
		return err
	}
	if err := s.forgetDeleted(ctx, []bson.ObjectID{doc.ID}); err != nil {
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
	return s.replaceMonitor(ctx, m, nil)
}

// ReplaceMonitorIf does the same if the stored monitor equals old.
func (s *Store) ReplaceMonitorIf(ctx context.Context, m, old monitor.Monitor) (err error) {
	defer s.end(ctx, time.Now(), "replace monitor", &err)
	return s.replaceMonitor(ctx, m, &old)
}

// replaceMonitor replaces the monitor with the id of m. If old is not nil, the stored monitor must equal it.
func (s *Store) replaceMonitor(ctx context.Context, m monitor.Monitor, old *monitor.Monitor) error {
	unlock, err := s.lockWrites(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	stored, err := s.storedMonitor(ctx, m.ID)
	if err != nil {
		return err
	}
	filter, none, err := stored.expect(old)
	if err != nil {
		return err
	}
	doc, err := toMonitorDoc(m)
	if err != nil {
		return err
	}
	doc.Plan = stored.doc.Plan
	logged, err := s.logEnabled(ctx, []monitorDoc{stored.doc}, []monitorDoc{doc})
	if err != nil {
		return err
	}
	replaced, err := s.monitors.ReplaceOne(ctx, filter, doc)
	if err != nil || replaced.MatchedCount > 0 {
		return err
	}
	return cmp.Or(s.removeStatusChanges(ctx, logged), none)
}

// logEnabled logs a status change of each monitor whose Enabled differs between before and now, and returns these status
// changes if they are all new. It must be called before the monitors are stored, so that an interruption can't lose a
// status change.
func (s *Store) logEnabled(ctx context.Context, before, now []monitorDoc) ([]statusChangeDoc, error) {
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
		return nil, err
	}
	if areNew, err := insertNew(ctx, s.statusChanges, docs); err != nil || !areNew {
		return nil, err
	}
	return docs, nil
}

// removeStatusChanges deletes the status changes of monitors that were not stored in the end.
func (s *Store) removeStatusChanges(ctx context.Context, docs []statusChangeDoc) error {
	if len(docs) == 0 {
		return nil
	}
	keys := make([]string, len(docs))
	for i, doc := range docs {
		keys[i] = doc.Key
	}
	_, err := s.statusChanges.DeleteMany(ctx, byID(among(keys)))
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
	return s.deleteMonitor(ctx, oid, byID(oid), monitor.ErrNotFound)
}

// DeleteMonitorIf does the same if the stored monitor equals old.
func (s *Store) DeleteMonitorIf(ctx context.Context, old monitor.Monitor) (err error) {
	defer s.end(ctx, time.Now(), "delete monitor", &err)
	stored, err := s.storedMonitor(ctx, old.ID)
	if err != nil {
		return err
	}
	filter, none, err := stored.expect(&old)
	if err != nil {
		return err
	}
	return s.deleteMonitor(ctx, stored.doc.ID, filter, none)
}

// deleteMonitor deletes the monitor that filter selects, and its data. If filter selects none, it returns the error none.
func (s *Store) deleteMonitor(ctx context.Context, id bson.ObjectID, filter bson.D, none error) error {
	unlock, err := s.lockWrites(ctx)
	if err != nil {
		return err
	}
	deleted, err := s.monitors.DeleteOne(ctx, filter)
	unlock()
	if err != nil {
		return err
	}
	if deleted.DeletedCount == 0 {
		return none
	}
	return s.deleteData(ctx, []bson.ObjectID{id})
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
	return eachChunk(ids, dataStep, func(chunk []bson.ObjectID) error { return s.deleteData(ctx, chunk) })
}
