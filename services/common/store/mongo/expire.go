package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/store"
)

// leftoverAge is the age at which heartbeats go, and parts of imports that were never completed.
const leftoverAge = 24 * time.Hour

// Expire removes what is older than keep allows at now, and what has lost its purpose. It returns
// how many results it removed.
func (s *Store) Expire(ctx context.Context, now time.Time, keep store.Retention) (removed int, err error) {
	defer s.end(ctx, time.Now(), "expire", &err)
	if err := s.finishImport(ctx); err != nil {
		return 0, err
	}
	before := func(name string, at time.Time) bson.D { return bson.D{field(name, bson.D{field("$lt", at)})} }
	resultsFrom, rollupsFrom := now.Add(-keep.Results), now.Add(-keep.Rollups)
	if removed, err = deleteAll(ctx, s.results, before("date", resultsFrom)); err != nil {
		return removed, err
	}
	newest, err := s.newestAppend(ctx)
	if err != nil {
		return removed, err
	}
	expired := bson.D{field("expires", bson.D{field("$lte", now)})}
	oldChunk := bson.NewObjectIDFromTimestamp(now.Add(-leftoverAge)).Hex()
	for _, step := range []struct {
		of     *driver.Collection
		filter bson.D
	}{
		// The newest entry stays: the numbers go on from it.
		{s.appends, append(before("date", resultsFrom), field("_id", bson.D{field("$lt", newest)}))},
		{s.rollups, before("start", rollupsFrom)},
		{s.transitions, before("date", rollupsFrom)},
		{s.alerts, before("date", rollupsFrom)},
		{s.alertClaims, before("claimed", now.Add(-store.NotificationClaimAge))},
		{s.checks, expired},
		{s.checkClaims, expired},
		{s.checkAnswers, expired},
		{s.runners, before("last_seen", now.Add(-leftoverAge))},
		{s.importChunks, byID(bson.D{field("$lt", oldChunk)})},
	} {
		if _, err := deleteAll(ctx, step.of, step.filter); err != nil {
			return removed, err
		}
	}
	if err := s.deleteOrphans(ctx, s.states, bson.D{}); err != nil {
		return removed, err
	}
	return removed, s.deleteOrphans(ctx, s.alertStates, before("seen", rollupsFrom))
}

// deleteOrphans removes those of the selected states that have no monitor. It lists the states first: one of a monitor
// that is created meanwhile is not among them.
func (s *Store) deleteOrphans(ctx context.Context, states *driver.Collection, selected bson.D) error {
	orphans, err := findIDs[bson.ObjectID](ctx, states, selected, 0)
	if err != nil || len(orphans) == 0 {
		return err
	}
	monitors, err := findIDs[bson.ObjectID](ctx, s.monitors, bson.D{}, 0)
	if err != nil {
		return err
	}
	there := make(map[bson.ObjectID]bool, len(monitors))
	for _, id := range monitors {
		there[id] = true
	}
	orphans = slices.DeleteFunc(orphans, func(id bson.ObjectID) bool { return there[id] })
	return eachChunk(orphans, deleteStep, func(some []bson.ObjectID) error {
		_, err := states.DeleteMany(ctx, byID(among(some)))
		return err
	})
}
