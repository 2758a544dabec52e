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

// appendSize is the maximum number of results in one entry of the append log.
const appendSize = 1000

// appendDoc is an entry of the append log, which records the order in which results were stored. Ids and dates can't
// provide that order, because results arrive late and their clocks differ. Entries are numbered without gaps: a reader
// that sees an entry sees all entries before it.
type appendDoc struct {
	Number  int64           `bson:"_id"`
	Date    time.Time       `bson:"date"`
	Results []bson.ObjectID `bson:"results"`
}

func (d appendDoc) key() any { return d.Number }

// position is a position in the log: the number of an entry, and the number of its results to skip.
type position struct {
	number int64
	offset int
}

func (p position) String() string { return fmt.Sprintf("%d.%d", p.number, p.offset) }

func parsePosition(text string) (p position, err error) {
	if _, err := fmt.Sscanf(text, "%d.%d", &p.number, &p.offset); err != nil || p.offset < 0 || p.String() != text {
		return p, monitor.Invalidf("%q is not a valid cursor: use the one that the previous call returned", text)
	}
	return p, nil
}

// logAppend adds stored results to the log.
func (s *Store) logAppend(ctx context.Context, results []resultDoc) error {
	if len(results) == 0 {
		return nil
	}
	release, err := s.lockWrites(ctx)
	if err != nil {
		return err
	}
	defer release()
	return eachChunk(results, appendSize, func(chunk []resultDoc) error {
		entry := appendDoc{Date: time.Now(), Results: make([]bson.ObjectID, len(chunk))}
		for i, r := range chunk {
			entry.Results[i] = r.ID
		}
		for {
			newest, err := s.newestAppend(ctx)
			if err != nil {
				return err
			}
			entry.Number = newest + 1
			// If another process has used the number, try the next one.
			if err = insertOne(ctx, s.appends, entry); !driver.IsDuplicateKeyError(err) {
				return err
			}
		}
	})
}

// newestAppend returns the number of the newest entry of the log, 0 if there is none.
func (s *Store) newestAppend(ctx context.Context) (int64, error) {
	opts := options.FindOne().SetSort(bson.D{field("_id", -1)}).SetProjection(bson.D{field("_id", 1)})
	var newest idDoc[int64]
	err := s.appends.FindOne(ctx, bson.D{}, opts).Decode(&newest)
	if errors.Is(err, driver.ErrNoDocuments) {
		return 0, nil
	}
	return newest.ID, err
}

// ResultsSince returns results in the order of storing.
func (s *Store) ResultsSince(ctx context.Context, cursor string, limit int) (_ []monitor.Result, _ string, err error) {
	defer s.end(ctx, time.Now(), "list new results", &err)
	if limit <= 0 {
		return nil, "", monitor.Invalidf("limit must be positive")
	}
	if cursor == "" {
		newest, err := s.newestAppend(ctx)
		return []monitor.Result{}, position{number: newest + 1}.String(), err
	}
	from, err := parsePosition(cursor)
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

// appendedIDs returns up to limit result ids of the log, beginning at from, and the position after them.
func (s *Store) appendedIDs(ctx context.Context, from position, limit int) (ids []bson.ObjectID, next position, err error) {
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
			next = position{number: entry.Number}
		}
		rest := entry.Results[min(next.offset, len(entry.Results)):]
		if room := limit - len(ids); len(rest) > room {
			return append(ids, rest[:room]...), position{entry.Number, next.offset + room}, nil
		}
		ids = append(ids, rest...)
		next = position{number: entry.Number + 1}
	}
	return ids, next, cursor.Err()
}

// resultsByID returns the results that still exist, in the order of ids.
func (s *Store) resultsByID(ctx context.Context, ids []bson.ObjectID) ([]monitor.Result, error) {
	if len(ids) == 0 {
		return []monitor.Result{}, nil
	}
	results, err := find(ctx, s.results, byID(among(ids)), resultDoc.result)
	if err != nil {
		return nil, err
	}
	order := make(map[string]int, len(ids))
	for i, id := range ids {
		order[id.Hex()] = i
	}
	slices.SortFunc(results, func(a, b monitor.Result) int { return order[a.ID] - order[b.ID] })
	return results, nil
}
