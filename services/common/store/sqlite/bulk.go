package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"nanomon/services/common/store"
)

// ChangeMonitors makes a change of several monitors in one transaction.
func (s *Store) ChangeMonitors(ctx context.Context, c store.BulkChange) ([]store.ChangeOutcome, error) {
	ids := make([][]byte, len(c.MonitorIDs))
	for i, id := range c.MonitorIDs {
		var err error
		if ids[i], err = storableID("monitor", id); err != nil {
			return nil, err
		}
	}
	outcomes := make([]store.ChangeOutcome, len(ids))
	err := s.define(ctx, "change monitors", func(t *tx) (err error) {
		for i, id := range ids {
			if outcomes[i], err = changeMonitor(t, c, id, c.MonitorIDs[i]); err != nil {
				return err
			}
		}
		return nil
	}, changedTopics(c)...)
	if c.Delete {
		s.purgeSoon()
	}
	return outcomes, err
}

// changedTopics returns the topics of what c changes.
func changedTopics(c store.BulkChange) []store.Topic {
	switch {
	case c.Delete:
		return []store.Topic{store.TopicMonitors, store.TopicResults}
	case c.Edit != nil:
		return []store.Topic{store.TopicMonitors}
	default:
		return []store.Topic{store.TopicIncidents}
	}
}

// changeMonitor makes c for the monitor with the given id, which is text too.
func changeMonitor(t *tx, c store.BulkChange, id []byte, text string) (store.ChangeOutcome, error) {
	if c.Delete {
		deleted, err := removeMonitor(t, id)
		if !deleted {
			return store.OutcomeMissing, err
		}
		return store.OutcomeDeleted, err
	}
	stored, err := storedMonitor(t, id)
	if errors.Is(err, sql.ErrNoRows) {
		return store.OutcomeMissing, nil
	}
	if err != nil {
		return "", err
	}
	if c.Silence != nil {
		silence := *c.Silence
		silence.MonitorID = text
		return store.OutcomeChanged, putSilence(t, silence)
	}
	edited, differs := c.Edit.Apply(stored, c.Date)
	if !differs {
		return store.OutcomeUnchanged, nil
	}
	row, err := monitorRow(edited)
	if err != nil {
		return "", err
	}
	return store.OutcomeChanged, t.replace(edited, row)
}
