package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
)

// appendSize is how many results one entry of the log of appends names at most.
const appendSize = 1000

// appendDoc is an entry of the log of appends, which holds the order in which results were stored:
// neither their ids nor their dates do, as they come from many clocks, and late. Entries are numbered
// one by one: who sees an entry sees all before it.
type appendDoc struct {
	Number  int64           `bson:"_id"`
	Date    time.Time       `bson:"date"`
	Results []bson.ObjectID `bson:"results"`
}

// place is a place in the log: an entry, and how many of its results come before.
type place struct {
	number int64
	offset int
}

func (p place) String() string { return fmt.Sprintf("%d.%d", p.number, p.offset) }

func parsePlace(text string) (p place, err error) {
	if _, err := fmt.Sscanf(text, "%d.%d", &p.number, &p.offset); err != nil || p.offset < 0 || p.String() != text {
		return p, monitor.Invalidf("%q is no cursor of stored results", text)
	}
	return p, nil
}

// logAppend logs results that are stored.
func (s *Store) logAppend(ctx context.Context, results []resultDoc) error {
	if len(results) == 0 {
		return nil
	}
	release, err := s.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	return eachChunk(results, appendSize, func(some []resultDoc) error {
		entry := appendDoc{Date: time.Now(), Results: make([]bson.ObjectID, len(some))}
		for i, r := range some {
			entry.Results[i] = r.ID
		}
		for {
			newest, err := s.newestAppend(ctx)
			if err != nil {
				return err
			}
			entry.Number = newest + 1
			// Another process may have taken the number; then that one got on.
			if _, err = s.appends.InsertOne(ctx, entry); !driver.IsDuplicateKeyError(err) {
				return err
			}
		}
	})
}

// newestAppend is the number of the newest entry of the log, 0 if there is none.
func (s *Store) newestAppend(ctx context.Context) (int64, error) {
	opts := options.FindOne().SetSort(bson.D{field("_id", -1)}).SetProjection(bson.D{field("_id", 1)})
	var newest keyOf[int64]
	err := s.appends.FindOne(ctx, bson.D{}, opts).Decode(&newest)
	if errors.Is(err, driver.ErrNoDocuments) {
		return 0, nil
	}
	return newest.ID, err
}

// ResultsSince lists results in the order in which they were stored.
func (s *Store) ResultsSince(ctx context.Context, cursor string, limit int) (_ []monitor.Result, _ string, err error) {
	defer s.end(ctx, time.Now(), "list new results", &err)
	if limit <= 0 {
		return nil, "", monitor.Invalidf("limit must be positive")
	}
	if cursor == "" {
		newest, err := s.newestAppend(ctx)
		return []monitor.Result{}, place{number: newest + 1}.String(), err
	}
	from, err := parsePlace(cursor)
	if err != nil {
		return nil, "", err
	}
	ids, next, err := s.appendedIDs(ctx, from, limit)
	if err != nil {
		return nil, "", err
	}
	results, err := s.resultsByID(ctx, ids)
	return results, next.String(), err
}

// appendedIDs lists at most limit ids of the log, and where to go on.
func (s *Store) appendedIDs(ctx context.Context, from place, limit int) (ids []bson.ObjectID, next place, err error) {
	opts := options.Find().SetSort(bson.D{field("_id", 1)}).SetLimit(int64(limit))
	cursor, err := s.appends.Find(ctx, byID(bson.D{field("$gte", from.number)}), opts)
	if err != nil {
		return nil, from, err
	}
	defer cursor.Close(ctx)
	for next = from; len(ids) < limit && cursor.Next(ctx); {
		var entry appendDoc
		if err := cursor.Decode(&entry); err != nil {
			return nil, from, err
		}
		if entry.Number != next.number {
			next = place{number: entry.Number}
		}
		rest := entry.Results[min(next.offset, len(entry.Results)):]
		if room := limit - len(ids); len(rest) > room {
			return append(ids, rest[:room]...), place{entry.Number, next.offset + room}, nil
		}
		ids = append(ids, rest...)
		next = place{number: entry.Number + 1}
	}
	return ids, next, cursor.Err()
}

// resultsByID lists the results that are still there, in the order of ids.
func (s *Store) resultsByID(ctx context.Context, ids []bson.ObjectID) ([]monitor.Result, error) {
	if len(ids) == 0 {
		return []monitor.Result{}, nil
	}
	results, err := find(ctx, s.results, byID(among(ids)), resultDoc.result)
	if err != nil {
		return nil, err
	}
	position := make(map[string]int, len(ids))
	for i, id := range ids {
		position[id.Hex()] = i
	}
	slices.SortFunc(results, func(a, b monitor.Result) int { return position[a.ID] - position[b.ID] })
	return results, nil
}
