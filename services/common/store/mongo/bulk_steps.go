package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/store"
)

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

// planEdits reads monitors and sets their outcomes. It returns the stored documents, the edited
// documents and the writes of the monitors that the plan still has to edit.
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
