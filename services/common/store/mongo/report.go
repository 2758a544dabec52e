package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// maxRollupKeys is the maximum number of keys in one query for rollups.
const maxRollupKeys = 5000

// StatusChangesOf returns the status changes of several monitors, newest first.
func (s *Store) StatusChangesOf(
	ctx context.Context, monitorIDs []string, from, to time.Time, limit int,
) (_ []store.StatusChange, err error) {
	defer s.end(ctx, time.Now(), "list status changes", &err)
	if limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	ranges := bson.A{}
	for _, id := range validIDs(monitorIDs) {
		ranges = append(ranges, datesBetween(id, from, to))
	}
	if len(ranges) == 0 {
		return []store.StatusChange{}, nil
	}
	opts := options.Find().SetLimit(int64(limit))
	list, err := find(ctx, s.statusChanges, bson.D{field("$or", ranges)}, statusChangeDoc.statusChange, opts)
	slices.SortFunc(list, func(a, b store.StatusChange) int { return b.Date.Compare(a.Date) })
	return list, err
}

// EachRollup calls each for the rollups of several monitors. It computes their keys, because a key selects exactly one
// document, whichever other rollups exist.
func (s *Store) EachRollup(
	ctx context.Context, monitorIDs []string, p store.Period, from, to time.Time, each func(store.Rollup),
) (err error) {
	defer s.end(ctx, time.Now(), "list rollups", &err)
	var keys []string
	for _, id := range validIDs(monitorIDs) {
		for start := ceilTime(from, p.Length()); start.Before(to); start = start.Add(p.Length()) {
			keys = append(keys, rollupKey(id, p, start))
		}
	}
	return eachChunk(keys, maxRollupKeys, func(chunk []string) error {
		list, err := find(ctx, s.rollups, byID(among(chunk)), rollupDoc.rollup)
		for _, r := range list {
			each(r)
		}
		return err
	})
}

// ceilTime returns the first multiple of length that is not before t.
func ceilTime(t time.Time, length time.Duration) time.Time {
	if start := t.Truncate(length); !start.Before(t) {
		return start
	}
	return t.Truncate(length).Add(length)
}
