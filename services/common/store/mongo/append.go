package mongo

import (
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

// AppendBatch stores results, then transitions, then states. The hours are marked first: a mark
// without results costs a needless rollup, a result without a mark would be missing in one.
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
	transitions, err := toTransitionDocs(b.StatusChanges)
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
	if _, err := insertNew(ctx, s.transitions, transitions); err != nil {
		return err
	}
	return s.putStates(ctx, newestStates(states))
}

// convertAll converts all or fails with the first error.
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

// markDirty marks the hours of results.
func (s *Store) markDirty(ctx context.Context, results []resultDoc) error {
	marks := make(map[string]dirtyDoc)
	now := time.Now()
	token := monitor.NewID(now)
	for _, r := range results {
		hour := r.Date.Truncate(time.Hour)
		key := timeKey(r.MonitorID, hour)
		marks[key] = dirtyDoc{Key: key, MonitorID: r.MonitorID, Hour: hour, Marked: now, Token: token}
	}
	docs := slices.Collect(maps.Values(marks))
	return upsert(ctx, s.dirtyHours, docs, func(d dirtyDoc) any { return d.Key })
}

// newestStates keeps the newest state of each monitor.
func newestStates(states []stateDoc) []stateDoc {
	newest := make(map[bson.ObjectID]stateDoc, len(states))
	for _, state := range states {
		if other, there := newest[state.ID]; !there || other.Latest.before(state.Latest) {
			newest[state.ID] = state
		}
	}
	return slices.Collect(maps.Values(newest))
}

// before is the order of listings turned round: by date, then id.
func (d resultDoc) before(other resultDoc) bool {
	if !d.Date.Equal(other.Date) {
		return d.Date.Before(other.Date)
	}
	return slices.Compare(d.ID[:], other.ID[:]) < 0
}

// putStates stores states that are newer than what is there.
func (s *Store) putStates(ctx context.Context, states []stateDoc) error {
	return putNewer(ctx, s, s.states, states, func(d stateDoc) bson.D {
		older := bson.A{
			bson.D{field("latest.date", bson.D{field("$lt", d.Latest.Date)})},
			bson.D{field("latest.date", d.Latest.Date), field("latest._id", bson.D{field("$lt", d.Latest.ID)})},
		}
		return bson.D{field("_id", d.ID), field("$or", older)}
	})
}

// putNewer stores documents in place of those that older selects. Most are there: so it replaces first, and
// only if that didn't hit all inserts those that are missing. Whichever turns out to be there
// by then was either not older, or stored by another writer just now: then replacing decides.
func putNewer[D any](ctx context.Context, s *Store, c *driver.Collection, docs []D, older func(D) bson.D) error {
	if len(docs) == 0 {
		return nil
	}
	release, err := s.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	hits, err := replaceOlder(ctx, c, docs, older)
	if err != nil || hits == len(docs) {
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

// hold makes the caller the only one to write states or the log of appends, until it calls release.
func (s *Store) hold(ctx context.Context) (release func(), err error) {
	select {
	case s.writing <- struct{}{}:
		return func() { <-s.writing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
