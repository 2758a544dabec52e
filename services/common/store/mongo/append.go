package mongo

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// AppendBatch stores results, then status changes, then states, then push states, then deletes the done pings. So a ping
// is deleted only after all that follows from it is stored. At the end it deletes what it has stored of deleted monitors. It marks the hours as dirty first: a mark without results
// only causes an unnecessary rollup, but a result without a mark would be missing in its rollup.
func (s *Store) AppendBatch(ctx context.Context, b store.Batch) (err error) {
	defer s.end(ctx, time.Now(), "append batch", &err)
	results, err := convertAll(b.Results, toResultDoc)
	if err != nil {
		return err
	}
	states, err := convertAll(b.States, toStateDoc)
	if err != nil {
		return err
	}
	changes, err := toStatusChangeDocs(b.StatusChanges)
	if err != nil {
		return err
	}
	pushStates, err := convertAll(b.PushStates, toPushStateDoc)
	if err != nil {
		return err
	}
	if err := s.markDirty(ctx, results); err != nil {
		return err
	}
	if _, err := insertNew(ctx, s.results, results); err != nil {
		return err
	}
	if err := s.logAppend(ctx, results); err != nil {
		return err
	}
	if err := s.deleteSuperseded(ctx, b.StatusChanges); err != nil {
		return err
	}
	if _, err := insertNew(ctx, s.statusChanges, changes); err != nil {
		return err
	}
	if err := s.putStates(ctx, newestStates(states)); err != nil {
		return err
	}
	if err := s.putPushStates(ctx, pushStates); err != nil {
		return err
	}
	if err := s.deletePings(ctx, validIDs(b.DonePings)); err != nil {
		return err
	}
	return s.deleteLate(ctx, monitorsOf(results, states, changes, pushStates))
}

// monitorsOf returns the ids of the monitors of a batch. They may repeat.
func monitorsOf(results []resultDoc, states []stateDoc, changes []statusChangeDoc, pushStates []pushStateDoc) []bson.ObjectID {
	var ids []bson.ObjectID
	for _, doc := range results {
		ids = append(ids, doc.MonitorID)
	}
	for _, doc := range states {
		ids = append(ids, doc.ID)
	}
	for _, doc := range changes {
		ids = append(ids, doc.MonitorID)
	}
	for _, doc := range pushStates {
		ids = append(ids, doc.ID)
	}
	return ids
}

// convertAll converts all items, or returns the first error.
func convertAll[T, D any](items []T, convert func(T) (D, error)) ([]D, error) {
	docs := make([]D, len(items))
	for i, item := range items {
		doc, err := convert(item)
		if err != nil {
			return nil, err
		}
		docs[i] = doc
	}
	return docs, nil
}

// markDirty marks the hours of results as dirty.
func (s *Store) markDirty(ctx context.Context, results []resultDoc) error {
	marks := make(map[string]dirtyDoc)
	now := time.Now()
	token := monitor.NewID(now)
	for _, r := range results {
		hour := r.Date.Truncate(time.Hour)
		key := timeKey(r.MonitorID, hour)
		marks[key] = dirtyDoc{Key: key, MonitorID: r.MonitorID, Hour: hour, Marked: now, Token: token}
	}
	return upsert(ctx, s.dirtyHours, slices.Collect(maps.Values(marks))...)
}

// newestStates returns the newest of the states of each monitor.
func newestStates(states []stateDoc) []stateDoc {
	newest := make(map[bson.ObjectID]stateDoc, len(states))
	for _, state := range states {
		if other, found := newest[state.ID]; !found || other.before(state) {
			newest[state.ID] = state
		}
	}
	return slices.Collect(maps.Values(newest))
}

// before reports whether the latest result of d is older than that of other, by number and then id.
func (d stateDoc) before(other stateDoc) bool {
	return cmp.Or(cmp.Compare(d.number(), other.number()), slices.Compare(d.Latest.ID[:], other.Latest.ID[:])) < 0
}

// putStates stores each state that is newer than the stored one.
func (s *Store) putStates(ctx context.Context, states []stateDoc) error {
	return putNewer(ctx, s, s.states, states, func(d stateDoc) bson.D {
		number, smallerID := d.number(), field("latest._id", bson.D{field("$lt", d.Latest.ID)})
		older := append(smallerNumber(number, "latest.date"),
			bson.D{field("seq", number), smallerID},
			bson.D{field("seq", nil), field("latest.date", time.UnixMilli(number)), smallerID},
		)
		return bson.D{field("_id", d.ID), field("$or", older)}
	})
}

// putNewer stores each document unless a stored one with its id is as new or newer; older returns the filter for a
// stored document that is older. Most documents exist, so putNewer replaces them first and inserts only if some did not
// match. If an insert finds an existing document, that one is newer or another writer has just inserted it, so putNewer
// tries to replace it once more.
func putNewer[D keyed](ctx context.Context, s *Store, c *driver.Collection, docs []D, older func(D) bson.D) error {
	if len(docs) == 0 {
		return nil
	}
	release, err := s.lockWrites(ctx)
	if err != nil {
		return err
	}
	defer release()
	docs = inKeyOrder(docs)
	matched, err := replaceOlder(ctx, c, docs, older)
	if err != nil || matched == len(docs) {
		return err
	}
	allNew, err := insertNew(ctx, c, docs)
	if err != nil || allNew {
		return err
	}
	_, err = replaceOlder(ctx, c, docs, older)
	return err
}

func replaceOlder[D any](ctx context.Context, c *driver.Collection, docs []D, older func(D) bson.D) (int, error) {
	models := make([]driver.WriteModel, len(docs))
	for i, doc := range docs {
		models[i] = driver.NewReplaceOneModel().SetFilter(older(doc)).SetReplacement(doc)
	}
	replaced, err := c.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	if err != nil {
		return 0, err
	}
	return int(replaced.MatchedCount), nil
}

// lockWrites waits for the write lock. The caller must call release.
func (s *Store) lockWrites(ctx context.Context) (release func(), err error) {
	select {
	case s.writeLock <- struct{}{}:
		return func() { <-s.writeLock }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
