package sqlite

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
)

var statusMessages = definitions[statuspage.Message]{
	kind: "status message", table: "status_messages", topic: store.TopicStatusPages, decode: store.DecodeStatusMessage,
}

// listStatusMessages selects the messages from the index, so that it reads only the rows that it returns.
const listStatusMessages = `WITH pages AS (SELECT DISTINCT unhex(value) AS page FROM json_each(?1)), found AS (
		SELECT m.id, m.resolved, m.date FROM pages p CROSS JOIN status_messages m ON m.page = p.page AND m.resolved = 0
		UNION ALL
		SELECT m.id, m.resolved, m.date FROM pages p CROSS JOIN status_messages m ON m.page = p.page AND m.resolved = 1 AND m.date >= ?2
		ORDER BY 2, 3 DESC, 1 DESC LIMIT ?3)
	SELECT m.id, m.definition FROM found f CROSS JOIN status_messages m ON m.id = f.id`

// StatusMessages returns messages of status pages.
func (s *Store) StatusMessages(ctx context.Context, pageIDs []string, since time.Time) ([]statuspage.Message, error) {
	return s.messagesOf(ctx, pageIDs, since, store.MaxStatusMessages)
}

// messagesOf is StatusMessages with a limit.
func (s *Store) messagesOf(
	ctx context.Context, pageIDs []string, since time.Time, limit int,
) ([]statuspage.Message, error) {
	ids, err := json.Marshal(pageIDs)
	if err != nil {
		return nil, err
	}
	list, err := statusMessages.decodable(ctx, s, listStatusMessages, string(ids), ceilMilli(since), limit)
	slices.SortFunc(list, store.CompareStatusMessages)
	return list, err
}

// StatusMessage returns one message.
func (s *Store) StatusMessage(ctx context.Context, id string) (statuspage.Message, error) {
	return statusMessages.get(ctx, s, id)
}

const (
	countStatusMessages = "SELECT count(*) FROM status_messages WHERE page = ?"
	insertStatusMessage = `INSERT INTO status_messages (id, page, resolved, date, definition) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`
)

// CreateStatusMessage stores a new message.
func (s *Store) CreateStatusMessage(ctx context.Context, m statuspage.Message) error {
	id, err := storableID("status message", m.ID)
	if err != nil {
		return err
	}
	page, _ := rawID(m.PageID)
	definition, err := encodeMessage(&m)
	if err != nil {
		return err
	}
	return s.define(ctx, "create status message", func(t *tx) error {
		if n, err := t.number("SELECT count(*) FROM status_pages WHERE id = ?", page); err != nil || n == 0 {
			return orNotFound(err)
		}
		n, err := t.number(countStatusMessages, page)
		if err == nil && n >= statuspage.MaxMessages {
			err = store.TooManyStatusMessages()
		}
		if err != nil {
			return err
		}
		added, err := t.exec(insertStatusMessage, id, page, m.State() == statuspage.Resolved, m.LastUpdate().UnixMilli(), definition)
		if err == nil && added == 0 {
			err = monitor.Invalidf("a message with the id %s already exists", m.ID)
		}
		return err
	}, store.TopicStatusPages)
}

// orNotFound returns err, or [monitor.ErrNotFound] if it is nil.
func orNotFound(err error) error {
	if err == nil {
		return monitor.ErrNotFound
	}
	return err
}

// ReplaceStatusMessageIf replaces the message with the id of m if the stored message equals old.
func (s *Store) ReplaceStatusMessageIf(ctx context.Context, m, old statuspage.Message) error {
	page, _ := rawID(m.PageID)
	definition, err := encodeMessage(&m)
	if err != nil {
		return err
	}
	return statusMessages.change(ctx, s, "replace", m.ID, &old, func(t *tx, id []byte) (int, error) {
		return t.exec("UPDATE status_messages SET resolved = ?, date = ?, definition = ? WHERE id = ? AND page = ?",
			m.State() == statuspage.Resolved, m.LastUpdate().UnixMilli(), definition, id, page)
	})
}

// DeleteStatusMessage deletes a message.
func (s *Store) DeleteStatusMessage(ctx context.Context, id string) error {
	return s.deleteStatusMessage(ctx, id, nil)
}

// DeleteStatusMessageIf does the same if the stored message equals old.
func (s *Store) DeleteStatusMessageIf(ctx context.Context, old statuspage.Message) error {
	return s.deleteStatusMessage(ctx, old.ID, &old)
}

func (s *Store) deleteStatusMessage(ctx context.Context, id string, old *statuspage.Message) error {
	return statusMessages.change(ctx, s, "delete", id, old, func(t *tx, id []byte) (int, error) {
		return t.exec("DELETE FROM status_messages WHERE id = ?", id)
	})
}

func encodeMessage(m *statuspage.Message) (string, error) {
	m.Normalize()
	if len(m.Updates) == 0 {
		return "", monitor.Invalidf("updates must contain at least one element")
	}
	return store.EncodeStatusMessage(*m)
}
