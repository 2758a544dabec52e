package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/store"
)

// bulkStep is the maximum number of monitors that one step of a bulk change reads and writes.
const bulkStep = 200

// bulkPlanDoc is a bulk plan: the stored intent of a change of several monitors. Once it is stored it will be executed,
// by another process if this one stops.
type bulkPlanDoc struct {
	Key  string        `bson:"_id"`
	Plan bson.ObjectID `bson:"plan"`
	// Change is a [store.BulkChange] as JSON.
	Change string `bson:"change"`
}

func (d bulkPlanDoc) key() any { return d.Key }

// bulkChange is the execution of a bulk plan.
type bulkChange struct {
	store.BulkChange
	plan bson.ObjectID
	ids  []bson.ObjectID
	// outcomes contains the monitors that the change has reached.
	outcomes map[bson.ObjectID]store.ChangeOutcome
}

func newBulkChange(plan bson.ObjectID, c store.BulkChange) (*bulkChange, error) {
	ids, err := convertAll(c.MonitorIDs, func(id string) (bson.ObjectID, error) { return toID("monitor id", id) })
	return &bulkChange{c, plan, ids, make(map[bson.ObjectID]store.ChangeOutcome, len(ids))}, err
}

// ChangeMonitors stores the bulk plan and then executes it.
func (s *Store) ChangeMonitors(ctx context.Context, c store.BulkChange) (_ []store.ChangeOutcome, err error) {
	defer s.end(ctx, time.Now(), "change monitors", &err)
	change, err := newBulkChange(bson.NewObjectID(), c)
	if err != nil {
		return nil, err
	}
	expected, err := s.putBulkPlan(ctx, change)
	if err != nil {
		return nil, err
	}
	if err := s.executeBulkPlan(ctx, change); err != nil {
		return nil, err
	}
	outcomes := make([]store.ChangeOutcome, len(change.ids))
	for i, id := range change.ids {
		outcomes[i] = change.outcomes[id]
		// Another process may have executed the plan first.
		if c.Delete || outcomes[i] == store.OutcomeUnchanged {
			outcomes[i] = expected[id]
		}
	}
	return outcomes, nil
}

// putBulkPlan stores the plan of a change, and returns the outcomes that it expects then. If there is another plan, it
// executes that one first.
func (s *Store) putBulkPlan(ctx context.Context, c *bulkChange) (expected map[bson.ObjectID]store.ChangeOutcome, err error) {
	text, err := json.Marshal(c.BulkChange)
	if err != nil {
		return nil, err
	}
	for {
		if err := s.finishPlans(ctx); err != nil {
			return nil, err
		}
		if expected, err = s.expectOutcomes(ctx, c); err != nil {
			return nil, err
		}
		err = insertOne(ctx, s.bulkPlans, bulkPlanDoc{currentPlan, c.plan, string(text)})
		if !driver.IsDuplicateKeyError(err) {
			return expected, err
		}
	}
}

// expectOutcomes returns the outcomes of a change if it were made now.
func (s *Store) expectOutcomes(ctx context.Context, c *bulkChange) (map[bson.ObjectID]store.ChangeOutcome, error) {
	if c.Edit != nil {
		err := eachChunk(c.ids, bulkStep, func(ids []bson.ObjectID) error {
			_, _, _, err := s.planEdits(ctx, c, ids)
			return err
		})
		return maps.Clone(c.outcomes), err
	}
	existing, err := s.existing(ctx, c.ids)
	expected := make(map[bson.ObjectID]store.ChangeOutcome, len(c.ids))
	for _, id := range c.ids {
		switch {
		case !existing[id]:
			expected[id] = store.OutcomeMissing
		case c.Delete:
			expected[id] = store.OutcomeDeleted
		default:
			expected[id] = store.OutcomeChanged
		}
	}
	return expected, err
}

// finishBulkChange executes the stored bulk plan, if there is one. Executing a plan twice, or in two processes at the same
// time, has the same result as executing it once.
func (s *Store) finishBulkChange(ctx context.Context) (err error) {
	defer s.end(ctx, time.Now(), "finish bulk change", &err)
	var doc bulkPlanDoc
	err = s.bulkPlans.FindOne(ctx, byID(currentPlan)).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		return nil
	}
	if err != nil {
		return err
	}
	var change store.BulkChange
	if err := json.Unmarshal([]byte(doc.Change), &change); err != nil {
		return err
	}
	c, err := newBulkChange(doc.Plan, change)
	if err != nil {
		return err
	}
	return s.executeBulkPlan(ctx, c)
}

// executeBulkPlan makes a change whose plan is stored, and deletes the plan.
func (s *Store) executeBulkPlan(ctx context.Context, c *bulkChange) error {
	step := s.editMonitors
	switch {
	case c.Delete:
		step = s.deleteListed
	case c.Silence != nil:
		step = s.silenceMonitors
	}
	if err := eachChunk(c.ids, bulkStep, func(ids []bson.ObjectID) error { return step(ctx, c, ids) }); err != nil {
		return err
	}
	_, err := s.bulkPlans.DeleteOne(ctx, bson.D{field("_id", currentPlan), field("plan", c.plan)})
	return err
}

// isPlanStored reports whether the plan of c is still stored. If it is not, another process has executed it, and monitors may
// have been changed since.
func (s *Store) isPlanStored(ctx context.Context, c *bulkChange) (bool, error) {
	ids, err := findIDs[string](ctx, s.bulkPlans, bson.D{field("_id", currentPlan), field("plan", c.plan)}, 1)
	return len(ids) > 0, err
}

// existing returns which monitors exist.
func (s *Store) existing(ctx context.Context, ids []bson.ObjectID) (map[bson.ObjectID]bool, error) {
	exist := make(map[bson.ObjectID]bool, len(ids))
	err := eachChunk(ids, deleteStep, func(chunk []bson.ObjectID) error {
		found, err := findIDs[bson.ObjectID](ctx, s.monitors, byID(among(chunk)), 0)
		for _, id := range found {
			exist[id] = true
		}
		return err
	})
	return exist, err
}
