package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/store"
)

const (
	// historyKey is the key of the document in meta with the position of MarkHistory.
	historyKey = "history"
	// historyStep is the maximum number of hours that one MarkHistory examines.
	historyStep = 24
)

// historyDoc is the document with the key historyKey.
type historyDoc struct {
	Key string `bson:"_id"`
	// Next is the end of the last examined hour.
	Next time.Time `bson:"next"`
	Done bool      `bson:"done"`
}

func (d historyDoc) key() any { return d.Key }

// MarkHistory marks hours of results that have neither a mark nor a rollup, oldest first. It stores its position last,
// so an interrupted step is repeated, which changes nothing.
func (s *Store) MarkHistory(ctx context.Context) (marked store.MarkedHistory, err error) {
	defer s.end(ctx, time.Now(), "mark history", &err)
	position := historyDoc{Key: historyKey}
	err = s.meta.FindOne(ctx, byID(historyKey)).Decode(&position)
	if err != nil && !errors.Is(err, driver.ErrNoDocuments) {
		return marked, err
	}
	if position.Done {
		return store.MarkedHistory{Done: true}, nil
	}
	for n := 0; n < historyStep && !position.Done; n++ {
		if err := s.markNextHour(ctx, &position, &marked); err != nil {
			return marked, err
		}
	}
	marked.Done = position.Done
	return marked, upsert(ctx, s.meta, position)
}

// markNextHour marks the next hour that has results, for each monitor that needs it.
func (s *Store) markNextHour(ctx context.Context, position *historyDoc, marked *store.MarkedHistory) error {
	opts := options.Find().SetSort(bson.D{field("date", 1)}).SetProjection(bson.D{field("date", 1)}).SetLimit(1)
	since := bson.D{field("date", bson.D{field("$gte", position.Next)})}
	oldest, err := findBy(ctx, s.results, newestFirst(), since, func(d resultDoc) time.Time { return d.Date }, opts)
	if err != nil {
		return err
	}
	if len(oldest) == 0 {
		position.Done = true
		return nil
	}
	hour := oldest[0].UTC().Truncate(time.Hour)
	position.Next = hour.Add(time.Hour)
	marks, err := s.missingMarks(ctx, hour)
	if err != nil || len(marks) == 0 {
		return err
	}
	if _, err := insertNew(ctx, s.dirtyHours, marks); err != nil {
		return err
	}
	if marked.Hours == 0 {
		marked.Oldest = hour
	}
	marked.Hours += len(marks)
	return nil
}

// missingMarks returns the marks of the monitors that have results in an hour, but neither a rollup of it nor a mark.
func (s *Store) missingMarks(ctx context.Context, hour time.Time) ([]dirtyDoc, error) {
	filter := bson.D{field("date", bson.D{field("$gte", hour), field("$lt", hour.Add(time.Hour))})}
	groups, err := s.results.Aggregate(ctx, []bson.D{
		{field("$match", filter)}, {field("$group", bson.D{field("_id", "$monitor_id")})},
	})
	if err != nil {
		return nil, err
	}
	var values []idDoc[bson.RawValue]
	if err := groups.All(ctx, &values); err != nil {
		return nil, err
	}
	var ids []bson.ObjectID
	var rollups, marks []string
	for _, value := range values {
		if id, ok := value.ID.ObjectIDOK(); ok { // another type is from another program
			ids = append(ids, id)
			rollups, marks = append(rollups, rollupKey(id, store.Hour, hour)), append(marks, timeKey(id, hour))
		}
	}
	rolledUp, err := existing(ctx, s.rollups, rollups)
	if err != nil {
		return nil, err
	}
	marked, err := existing(ctx, s.dirtyHours, marks)
	if err != nil {
		return nil, err
	}
	var missing []dirtyDoc
	for i, id := range ids {
		if !rolledUp[rollups[i]] && !marked[marks[i]] {
			missing = append(missing, dirtyDoc{Key: marks[i], MonitorID: id, Hour: hour, Marked: hour, Token: historyKey})
		}
	}
	return missing, nil
}

// existing returns which of the ids exist in a collection.
func existing(ctx context.Context, c *driver.Collection, ids []string) (map[string]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := findIDs[string](ctx, c, byID(among(ids)), 0)
	set := make(map[string]bool, len(found))
	for _, id := range found {
		set[id] = true
	}
	return set, err
}
