package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

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
	existed, err := s.putBulkPlan(ctx, change)
	if err != nil {
		return nil, err
	}
	if err := s.executeBulkPlan(ctx, change); err != nil {
		return nil, err
	}
	outcomes := make([]store.ChangeOutcome, len(change.ids))
	for i, id := range change.ids {
		outcomes[i] = change.outcomes[id]
		if c.Delete && existed[id] {
			outcomes[i] = store.OutcomeDeleted // perhaps by another process that executed the plan
		}
	}
	return outcomes, nil
}

// putBulkPlan stores the plan of a change, and returns which of its monitors existed then. If there is another plan, it
// executes that one first.
func (s *Store) putBulkPlan(ctx context.Context, c *bulkChange) (existed map[bson.ObjectID]bool, err error) {
	text, err := json.Marshal(c.BulkChange)
	if err != nil {
		return nil, err
	}
	for {
		if err := s.finishPlans(ctx); err != nil {
			return nil, err
		}
		if existed, err = s.existing(ctx, c.ids); err != nil {
			return nil, err
		}
		err = insertOne(ctx, s.bulkPlans, bulkPlanDoc{currentPlan, c.plan, string(text)})
		if !driver.IsDuplicateKeyError(err) {
			return existed, err
		}
	}
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

// editMonitors edits monitors. It tries again if some of them were changed between its read and its write.
func (s *Store) editMonitors(ctx context.Context, c *bulkChange, ids []bson.ObjectID) error {
	for {
		done, err := s.tryEdit(ctx, c, ids)
		if err != nil || done {
			return err
		}
	}
}

// tryEdit edits the monitors that the plan has not edited yet, each under the condition that its content is the one that
// was read. It reports whether all conditions were met.
func (s *Store) tryEdit(ctx context.Context, c *bulkChange, ids []bson.ObjectID) (bool, error) {
	unlock, err := s.lockWrites(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	before, after, writes, err := s.planEdits(ctx, c, ids)
	if err != nil || len(writes) == 0 {
		return true, err
	}
	// The plan is looked for after the monitors were read: if it is stored now, no other plan has changed them yet.
	if stored, err := s.isPlanStored(ctx, c); err != nil || !stored {
		return true, err
	}
	logged, err := s.logEnabled(ctx, before, after)
	if err != nil {
		return false, err
	}
	written, err := s.monitors.BulkWrite(ctx, writes, options.BulkWrite().SetOrdered(false))
	if err != nil || written.MatchedCount == int64(len(writes)) {
		return true, err
	}
	return false, s.removeUnwritten(ctx, c, logged)
}

// planEdits reads monitors and sets their outcomes. For those that the plan still has to edit, it returns the stored and
// the edited documents, and the writes.
func (s *Store) planEdits(
	ctx context.Context, c *bulkChange, ids []bson.ObjectID,
) (before, after []monitorDoc, writes []driver.WriteModel, err error) {
	list, err := s.storedMonitors(ctx, ids)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, id := range ids {
		c.outcomes[id] = store.OutcomeMissing
	}
	for _, stored := range list {
		id, m := stored.doc.ID, stored.doc.monitor()
		edited, differs := c.Edit.Apply(m, c.Date)
		switch {
		case stored.doc.Plan == c.plan:
			c.outcomes[id] = store.OutcomeChanged
			continue
		case !differs:
			c.outcomes[id] = store.OutcomeUnchanged
			continue
		}
		c.outcomes[id] = store.OutcomeChanged
		doc, err := toMonitorDoc(edited)
		if err != nil {
			return nil, nil, nil, err
		}
		doc.Plan = c.plan
		filter, _, err := stored.expect(&m)
		if err != nil {
			return nil, nil, nil, err
		}
		before, after = append(before, stored.doc), append(after, doc)
		writes = append(writes, driver.NewReplaceOneModel().SetFilter(filter).SetReplacement(doc))
	}
	return before, after, writes, nil
}

// removeUnwritten deletes the status changes of monitors that the plan has not edited.
func (s *Store) removeUnwritten(ctx context.Context, c *bulkChange, logged []statusChangeDoc) error {
	var unwritten []statusChangeDoc
	ids := make([]bson.ObjectID, len(logged))
	for i, doc := range logged {
		ids[i] = doc.MonitorID
	}
	edited, err := findIDs[bson.ObjectID](ctx, s.monitors, append(byID(among(ids)), field("plan", c.plan)), 0)
	if err != nil {
		return err
	}
	written := make(map[bson.ObjectID]bool, len(edited))
	for _, id := range edited {
		written[id] = true
	}
	for _, doc := range logged {
		if !written[doc.MonitorID] {
			unwritten = append(unwritten, doc)
		}
	}
	return s.removeStatusChanges(ctx, unwritten)
}

// deleteListed deletes monitors and then their data, also the data of monitors that the plan has deleted before an
// interruption.
func (s *Store) deleteListed(ctx context.Context, c *bulkChange, ids []bson.ObjectID) error {
	for _, id := range ids {
		c.outcomes[id] = store.OutcomeMissing
	}
	if stored, err := s.isPlanStored(ctx, c); err != nil || !stored {
		return err
	}
	unlock, err := s.lockWrites(ctx)
	if err != nil {
		return err
	}
	_, err = s.monitors.DeleteMany(ctx, byID(among(ids)))
	unlock()
	if err != nil {
		return err
	}
	return eachChunk(ids, dataStep, func(chunk []bson.ObjectID) error { return s.deleteData(ctx, chunk) })
}

// silenceMonitors silences the monitors that exist. A silence that was set after the request for the change stays.
func (s *Store) silenceMonitors(ctx context.Context, c *bulkChange, ids []bson.ObjectID) error {
	exist, err := s.existing(ctx, ids)
	if err != nil {
		return err
	}
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.Hex()
	}
	later := append(byID(among(texts)), field("set", bson.D{field("$gt", c.Date)}))
	kept, err := findIDs[string](ctx, s.silences, later, 0)
	if err != nil {
		return err
	}
	keep := make(map[string]bool, len(kept))
	for _, id := range kept {
		keep[id] = true
	}
	var docs []silenceDoc
	for i, id := range ids {
		c.outcomes[id] = store.OutcomeMissing
		if !exist[id] {
			continue
		}
		c.outcomes[id] = store.OutcomeChanged
		if !keep[texts[i]] {
			docs = append(docs, silenceDoc{texts[i], c.Silence.Until, c.Silence.By, c.Date})
		}
	}
	return upsert(ctx, s.silences, docs...)
}
