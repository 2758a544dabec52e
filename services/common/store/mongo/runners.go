package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/store"
)

// runnerDoc is a document of the collection runners: the last heartbeat of a runner.
type runnerDoc struct {
	ID       string    `bson:"_id"`
	Monitors int       `bson:"monitors"`
	LastSeen time.Time `bson:"last_seen"`
	Problems []string  `bson:"problems,omitempty"`
	// The fields of a NotChecked and of its monitors have their Go names in lower case.
	NotChecked []store.NotChecked `bson:"not_checked,omitempty"`
}

func (d runnerDoc) key() any { return d.ID }

func (d runnerDoc) runner() store.Runner {
	for _, n := range d.NotChecked {
		for i := range n.Monitors {
			n.Monitors[i].Since = n.Monitors[i].Since.UTC()
		}
	}
	d.LastSeen = d.LastSeen.UTC()
	return store.Runner(d)
}

// PutHeartbeat stores the heartbeat of a runner.
func (s *Store) PutHeartbeat(ctx context.Context, r store.Runner) (err error) {
	defer s.end(ctx, time.Now(), "store heartbeat", &err)
	return upsert(ctx, s.runners, runnerDoc(r))
}

// Runners returns the runners with a heartbeat since the given time.
func (s *Store) Runners(ctx context.Context, since time.Time) (_ []store.Runner, err error) {
	defer s.end(ctx, time.Now(), "list runners", &err)
	seen := bson.D{field("last_seen", bson.D{field("$gte", since)})}
	return find(ctx, s.runners, seen, runnerDoc.runner, options.Find().SetSort(bson.D{field("_id", 1)}))
}

// RemoveRunner deletes the heartbeat of a runner.
func (s *Store) RemoveRunner(ctx context.Context, id string) (err error) {
	defer s.end(ctx, time.Now(), "remove runner", &err)
	_, err = s.runners.DeleteOne(ctx, byID(id))
	return err
}
