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

// Monitors lists all, ordered by name and then id.
func (s *Store) Monitors(ctx context.Context) (list []monitor.Monitor, err error) {
	defer s.end(ctx, time.Now(), "list monitors", &err)
	list, err = find(ctx, s.monitors, bson.D{}, monitorDoc.monitor)
	slices.SortFunc(list, func(a, b monitor.Monitor) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list, err
}

// Monitor is the one with the given id.
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

// CreateMonitor stores m, whose id the caller made.
func (s *Store) CreateMonitor(ctx context.Context, m monitor.Monitor) (err error) {
	defer s.end(ctx, time.Now(), "create monitor", &err)
	doc, err := toMonitorDoc(m)
	if err != nil {
		return err
	}
	_, err = s.monitors.InsertOne(ctx, doc)
	if driver.IsDuplicateKeyError(err) {
		return monitor.Invalidf("monitor id %s is taken", m.ID)
	}
	return err
}

// ReplaceMonitor stores m in place of the one with its id.
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

// logEnabled logs which monitors of now are not enabled as they were before. It goes before the
// monitors are written, so that an interruption can't lose a transition.
func (s *Store) logEnabled(ctx context.Context, before, now []monitorDoc) error {
	was := make(map[bson.ObjectID]bool, len(before))
	for _, doc := range before {
		was[doc.ID] = doc.enabled()
	}
	words := map[bool]string{true: store.Enabled, false: store.Disabled}
	var changes []store.StatusChange
	for _, doc := range now {
		if old, there := was[doc.ID]; there && old != doc.enabled() {
			changes = append(changes, store.StatusChange{
				MonitorID: doc.ID.Hex(), Date: doc.Updated, Kind: store.ChangeEnabled, From: words[old], To: words[!old],
			})
		}
	}
	docs, err := toTransitionDocs(changes)
	if err != nil {
		return err
	}
	_, err = insertNew(ctx, s.transitions, docs)
	return err
}

// DeleteMonitor removes the monitor first, so that an interruption leaves nothing that shows.
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

// DeleteMonitors removes all monitors and their data.
func (s *Store) DeleteMonitors(ctx context.Context) (err error) {
	defer s.end(ctx, time.Now(), "delete all monitors", &err)
	ids, err := findIDs[bson.ObjectID](ctx, s.monitors, bson.D{}, 0)
	if err != nil {
		return err
	}
	err = eachChunk(ids, deleteStep, func(some []bson.ObjectID) error {
		_, err := s.monitors.DeleteMany(ctx, byID(among(some)))
		return err
	})
	if err != nil {
		return err
	}
	return eachChunk(ids, 20, func(some []bson.ObjectID) error { return s.deleteData(ctx, some) })
}

// deleteData removes all that is known of some monitors that are gone.
func (s *Store) deleteData(ctx context.Context, ids []bson.ObjectID) error {
	if _, err := s.states.DeleteMany(ctx, byID(among(ids))); err != nil {
		return err
	}
	if _, err := deleteAll(ctx, s.results, bson.D{field("monitor_id", among(ids))}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, deleteTimeout)
	defer cancel()
	// All text keys begin with the monitor's id and a slash; a zero comes next after a slash.
	models := make([]driver.WriteModel, len(ids))
	for i, id := range ids {
		models[i] = driver.NewDeleteManyModel().SetFilter(keysBetween(id.Hex()+"/", id.Hex()+"0"))
	}
	for _, c := range []*driver.Collection{s.dirtyHours, s.rollups, s.transitions} {
		if _, err := c.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false)); err != nil {
			return err
		}
	}
	return nil
}
