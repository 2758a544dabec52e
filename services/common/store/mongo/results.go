package mongo

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Results returns the results that f selects, newest first.
func (s *Store) Results(ctx context.Context, f store.ResultFilter) (_ []monitor.Result, err error) {
	defer s.end(ctx, time.Now(), "list results", &err)
	if f.Limit <= 0 {
		return nil, monitor.Invalidf("limit must be positive")
	}
	if f.MonitorID != "" && !monitor.ValidID(f.MonitorID) {
		return []monitor.Result{}, nil
	}
	switch {
	case f.MonitorID != "":
		return s.listResults(ctx, f, newestFirst("monitor_id"))
	case len(f.Statuses) > 0:
		return s.resultsByStatus(ctx, f)
	}
	return s.listResults(ctx, f, newestFirst())
}

func (s *Store) listResults(ctx context.Context, f store.ResultFilter, index bson.D) ([]monitor.Result, error) {
	filter, err := resultFilter(f)
	if err != nil {
		return nil, err
	}
	opts := options.Find().SetSort(newestFirst()).SetLimit(int64(f.Limit))
	return findBy(ctx, s.results, index, filter, resultDoc.result, opts)
}

// resultsByStatus returns the newest results of some statuses. It reads the newest of each status, because not every
// server can merge several ranges of an index in the order of the dates.
func (s *Store) resultsByStatus(ctx context.Context, f store.ResultFilter) ([]monitor.Result, error) {
	list := []monitor.Result{}
	for _, status := range slices.Compact(slices.Sorted(slices.Values(f.Statuses))) {
		f.Statuses = []monitor.Status{status}
		some, err := s.listResults(ctx, f, newestFirst("status"))
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	slices.SortFunc(list, func(a, b monitor.Result) int {
		return cmp.Or(b.Date.Compare(a.Date), strings.Compare(b.ID, a.ID))
	})
	return list[:min(f.Limit, len(list))], nil
}

// resultFilter returns the filter for f. With a cursor it also limits the date: the condition for the cursor implies
// that limit, but the server needs it to use an index.
func resultFilter(f store.ResultFilter) (bson.D, error) {
	filter, date := bson.D{}, bson.D{}
	if f.MonitorID != "" {
		id, err := toID("monitor id", f.MonitorID)
		if err != nil {
			return nil, err
		}
		filter = append(filter, field("monitor_id", id))
	}
	if !f.From.IsZero() {
		date = append(date, field("$gte", monitor.CeilDate(f.From)))
	}
	if !f.To.IsZero() {
		date = append(date, field("$lt", monitor.CeilDate(f.To)))
	}
	if len(f.Dates) > 0 {
		date = append(date, field("$in", f.Dates))
	}
	if f.Before != nil {
		id, err := toID("cursor", f.Before.ID)
		if err != nil {
			return nil, err
		}
		date = append(date, field("$lte", f.Before.Date))
		filter = append(filter, field("$or", bson.A{
			bson.D{field("date", bson.D{field("$lt", f.Before.Date)})},
			bson.D{field("_id", bson.D{field("$lt", id)})},
		}))
	}
	if len(date) > 0 {
		filter = append(filter, field("date", date))
	}
	if len(f.Statuses) > 0 {
		filter = append(filter, field("status", oneOf(f.Statuses)))
	}
	return filter, nil
}

// clearedKey is the key of the document in meta with the time of the last DeleteResults.
const clearedKey = "results_cleared"

// dateDoc is a document in meta with a date.
type dateDoc struct {
	Key string    `bson:"_id"`
	At  time.Time `bson:"at"`
}

func (d dateDoc) key() any { return d.Key }

// metaDate returns the date in a document of meta, zero if there is none.
func (s *Store) metaDate(ctx context.Context, key string) (time.Time, error) {
	var doc dateDoc
	err := s.meta.FindOne(ctx, byID(key)).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		return time.Time{}, nil
	}
	return doc.At.UTC(), err
}

// DeleteResults deletes all results, rollups, states and the status changes that results caused. It sets ResultsCleared
// first, so that a runner that is notified of the change also drops its memory of the results.
func (s *Store) DeleteResults(ctx context.Context, at time.Time) (err error) {
	defer s.end(ctx, time.Now(), "delete all results", &err)
	if err := upsert(ctx, s.meta, dateDoc{Key: clearedKey, At: at}); err != nil {
		return err
	}
	for _, step := range []struct {
		collection *driver.Collection
		filter     bson.D
	}{
		{s.dirtyHours, bson.D{}},
		{s.states, bson.D{}},
		{s.results, bson.D{}},
		{s.rollups, bson.D{}},
		{s.statusChanges, bson.D{field("track", among([]store.ChangeKind{store.ChangeStatus, store.ChangeIgnored}))}},
	} {
		if _, err := deleteAll(ctx, step.collection, step.filter); err != nil {
			return err
		}
	}
	return nil
}

// ResultsCleared returns the time of the last DeleteResults.
func (s *Store) ResultsCleared(ctx context.Context) (_ time.Time, err error) {
	defer s.end(ctx, time.Now(), "get time of last clearing", &err)
	return s.metaDate(ctx, clearedKey)
}
