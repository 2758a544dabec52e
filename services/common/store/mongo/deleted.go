package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/store"
)

// deletedMonitorDoc is a document of the collection deleted_monitors. Its _id is the id of a monitor that was deleted with
// its data.
type deletedMonitorDoc struct {
	ID bson.ObjectID `bson:"_id"`
	At time.Time     `bson:"at"`
}

func (d deletedMonitorDoc) key() any { return d.ID }

// deleteData deletes the data of deleted monitors. It records them first: a writer that has stored data of them later
// than the deletion sees the record, and deletes the data itself; see deleteLate.
func (s *Store) deleteData(ctx context.Context, ids []bson.ObjectID) error {
	docs := make([]deletedMonitorDoc, len(ids))
	for i, id := range ids {
		docs[i] = deletedMonitorDoc{id, time.Now()}
	}
	if err := upsert(ctx, s.deletedMonitors, docs...); err != nil {
		return err
	}
	return s.deleteDataOf(ctx, ids)
}

// deleteDataOf deletes the states, ping URLs, pings, results, dirty hours, rollups and status changes of deleted monitors.
func (s *Store) deleteDataOf(ctx context.Context, ids []bson.ObjectID) error {
	for _, c := range []*driver.Collection{s.states, s.pingURLs, s.pushStates} {
		if _, err := c.DeleteMany(ctx, byID(among(ids))); err != nil {
			return err
		}
	}
	for _, c := range []*driver.Collection{s.pings, s.results} {
		if _, err := deleteAll(ctx, c, bson.D{field("monitor_id", among(ids))}); err != nil {
			return err
		}
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

// deleteLate deletes the data of the given monitors, which was just stored, if they are deleted. The ids may repeat.
func (s *Store) deleteLate(ctx context.Context, ids []bson.ObjectID) error {
	if len(ids) == 0 {
		return nil
	}
	slices.SortFunc(ids, func(a, b bson.ObjectID) int { return compareKeys(a, b) })
	return s.deleteRecorded(ctx, byID(among(slices.Compact(ids))))
}

// deleteRecorded deletes the data of the recorded deleted monitors that selected selects. A monitor that was created
// again keeps it.
func (s *Store) deleteRecorded(ctx context.Context, selected bson.D) error {
	deleted, err := findIDs[bson.ObjectID](ctx, s.deletedMonitors, selected, 0)
	if err != nil || len(deleted) == 0 {
		return err
	}
	exist, err := s.existing(ctx, deleted)
	if err != nil {
		return err
	}
	deleted = slices.DeleteFunc(deleted, func(id bson.ObjectID) bool { return exist[id] })
	return eachChunk(deleted, dataStep, func(chunk []bson.ObjectID) error { return s.deleteDataOf(ctx, chunk) })
}

// expireDeleted forgets the monitors that were deleted long ago. It completes their deletion first, because it may have
// been interrupted.
func (s *Store) expireDeleted(ctx context.Context, now time.Time) error {
	old := bson.D{field("at", bson.D{field("$lt", now.Add(-store.DeletedMonitorAge))})}
	if err := s.deleteRecorded(ctx, old); err != nil {
		return err
	}
	_, err := deleteAll(ctx, s.deletedMonitors, old)
	return err
}

// forgetDeleted makes the store accept data of monitors that are created again.
func (s *Store) forgetDeleted(ctx context.Context, ids []bson.ObjectID) error {
	return eachChunk(ids, deleteStep, func(chunk []bson.ObjectID) error {
		_, err := s.deletedMonitors.DeleteMany(ctx, byID(among(chunk)))
		return err
	})
}
