package mongo

import (
	"context"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/store"
)

// silenceDoc is a document of the collection silences. Its _id is the id of the monitor.
type silenceDoc struct {
	MonitorID string    `bson:"_id"`
	Until     time.Time `bson:"until"`
	By        string    `bson:"by"`
	// Set is the time of the request; zero in documents of earlier versions.
	Set time.Time `bson:"set"`
}

func (d silenceDoc) key() any { return d.MonitorID }

func (d silenceDoc) silence() store.Silence {
	return store.Silence{MonitorID: d.MonitorID, Until: d.Until.UTC(), By: d.By}
}

// PutSilence stores the silence of a monitor.
func (s *Store) PutSilence(ctx context.Context, silence store.Silence) (err error) {
	defer s.end(ctx, time.Now(), "put silence", &err)
	if _, err := toID("monitor id of a silence", silence.MonitorID); err != nil {
		return err
	}
	return upsert(ctx, s.silences, silenceDoc{strings.ToLower(silence.MonitorID), silence.Until, silence.By, time.Now()})
}

// Silences returns the silences that have not ended.
func (s *Store) Silences(ctx context.Context, now time.Time) (_ []store.Silence, err error) {
	defer s.end(ctx, time.Now(), "list silences", &err)
	active := bson.D{field("until", bson.D{field("$gt", now)})}
	return find(ctx, s.silences, active, silenceDoc.silence, options.Find().SetSort(bson.D{field("_id", 1)}))
}
