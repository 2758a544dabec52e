package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/store"
)

// orphanAge is the age at which heartbeats and parts of imports without a plan are deleted.
const orphanAge = 24 * time.Hour

// Expire deletes old data and orphans, and finishes an interrupted import or bulk change.
func (s *Store) Expire(ctx context.Context, now time.Time, keep store.Retention) (deleted int, err error) {
	defer s.end(ctx, time.Now(), "expire", &err)
	if err := s.finishPlans(ctx); err != nil {
		return 0, err
	}
	before := func(name string, at time.Time) bson.D { return bson.D{field(name, bson.D{field("$lt", at)})} }
	rollups := func(p store.Period) bson.D {
		return append(bson.D{field("period", p)}, before("start", now.Add(-keep.Age(p)))...)
	}
	resultsFrom, rollupsFrom := now.Add(-keep.Results), now.Add(-keep.Rollups)
	changesFrom := keep.StatusChangesFrom(now)
	if deleted, err = deleteAll(ctx, s.results, before("date", resultsFrom)); err != nil {
		return deleted, err
	}
	newest, err := s.newestAppend(ctx)
	if err != nil {
		return deleted, err
	}
	if err := s.setStatusChangesExpired(ctx, changesFrom, now); err != nil {
		return deleted, err
	}
	expired := bson.D{field("expires", bson.D{field("$lte", now)})}
	oldChunk := bson.NewObjectIDFromTimestamp(now.Add(-orphanAge)).Hex()
	for _, step := range []struct {
		collection *driver.Collection
		filter     bson.D
	}{
		// The newest entry stays, because the next number depends on it.
		{s.appends, append(before("date", resultsFrom), field("_id", bson.D{field("$lt", newest)}))},
		{s.rollups, rollups(store.Minutes)},
		{s.rollups, rollups(store.Hour)},
		{s.rollups, rollups(store.Day)},
		{s.statusChanges, before("date", changesFrom)},
		{s.notifications, before("date", rollupsFrom)},
		{s.incidents, append(before("date", rollupsFrom), field("open", false))},
		{s.silences, bson.D{field("until", bson.D{field("$lte", now)})}},
		{s.notificationClaims, before("claimed", now.Add(-store.NotificationClaimAge))},
		{s.onDemandChecks, expired},
		{s.onDemandClaims, expired},
		{s.onDemandResults, expired},
		{s.pings, before("date", now.Add(-store.PingAge))},
		{s.receivingPeriods, before("to", now.Add(-store.ReceivingPeriodAge))},
		{s.runners, before("last_seen", now.Add(-orphanAge))},
		{s.importChunks, byID(bson.D{field("$lt", oldChunk)})},
	} {
		if _, err := deleteAll(ctx, step.collection, step.filter); err != nil {
			return deleted, err
		}
	}
	for _, c := range []*driver.Collection{s.states, s.pushStates, s.pingURLs} {
		if err := s.deleteOrphans(ctx, c, bson.D{}); err != nil {
			return deleted, err
		}
	}
	if err := s.deleteOrphanStatusMessages(ctx); err != nil {
		return deleted, err
	}
	if err := s.deleteOrphanPings(ctx, before("date", now.Add(-store.OrphanPingAge))); err != nil {
		return deleted, err
	}
	if err := s.deleteOrphans(ctx, s.incidentStates, before("seen", rollupsFrom)); err != nil {
		return deleted, err
	}
	return deleted, s.expireDeleted(ctx, now)
}

// deleteOrphanPings deletes the selected pings that have no monitor. They are so old that they don't belong to a monitor
// that is created at the same time.
func (s *Store) deleteOrphanPings(ctx context.Context, selected bson.D) error {
	some, err := findIDs[bson.ObjectID](ctx, s.pings, selected, 1)
	if err != nil || len(some) == 0 {
		return err
	}
	monitors, err := findIDs[bson.ObjectID](ctx, s.monitors, bson.D{}, 0)
	if err != nil {
		return err
	}
	_, err = deleteAll(ctx, s.pings, append(selected, field("monitor_id", bson.D{field("$nin", monitors)})))
	return err
}

// deleteOrphans deletes the selected states that have no monitor. It reads the states before the monitors, so that it
// can't delete the state of a monitor that is created at the same time.
func (s *Store) deleteOrphans(ctx context.Context, states *driver.Collection, selected bson.D) error {
	orphans, err := findIDs[bson.ObjectID](ctx, states, selected, 0)
	if err != nil || len(orphans) == 0 {
		return err
	}
	monitors, err := findIDs[bson.ObjectID](ctx, s.monitors, bson.D{}, 0)
	if err != nil {
		return err
	}
	exists := make(map[bson.ObjectID]bool, len(monitors))
	for _, id := range monitors {
		exists[id] = true
	}
	orphans = slices.DeleteFunc(orphans, func(id bson.ObjectID) bool { return exists[id] })
	return eachChunk(orphans, deleteStep, func(chunk []bson.ObjectID) error {
		_, err := states.DeleteMany(ctx, byID(among(chunk)))
		return err
	})
}
