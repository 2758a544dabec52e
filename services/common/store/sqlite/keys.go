package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Keys returns all API keys.
func (s *Store) Keys(ctx context.Context) ([]store.Key, error) {
	list := []store.Key{}
	const query = "SELECT id, hash, name, scope, created, used FROM keys ORDER BY name, id"
	err := s.read(ctx, "list keys", query, nil, func(rows *sql.Rows) error {
		k, err := scanKey(rows)
		list = append(list, k)
		return err
	})
	return list, err
}

func scanKey(rows *sql.Rows) (k store.Key, err error) {
	var id, hash []byte
	var created int64
	var used sql.NullInt64
	if err := rows.Scan(&id, &hash, &k.Name, &k.Scope, &created, &used); err != nil {
		return k, err
	}
	if len(hash) != len(k.Hash) {
		return k, errEncoding
	}
	k.ID, k.Hash, k.Created = hex.EncodeToString(id), [sha256.Size]byte(hash), date(created)
	if used.Valid {
		k.LastUsed = date(used.Int64)
	}
	return k, nil
}

// CreateKey stores a new API key.
func (s *Store) CreateKey(ctx context.Context, k store.Key) error {
	id, err := storableID("key", k.ID)
	if err != nil {
		return err
	}
	return s.define(ctx, "create key", func(t *tx) error {
		n, err := t.exec("INSERT INTO keys (id, hash, name, scope, created, used) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			id, k.Hash[:], k.Name, k.Scope, k.Created.UnixMilli(), nullDate(k.LastUsed))
		if err == nil && n == 0 {
			err = monitor.Invalidf("an API key with the id %s or the same hash already exists", k.ID)
		}
		return err
	})
}

// DeleteKey deletes an API key.
func (s *Store) DeleteKey(ctx context.Context, id string) error {
	raw, ok := rawID(id)
	if !ok {
		return describe("delete key "+id, monitor.ErrNotFound)
	}
	return s.define(ctx, "delete key", func(t *tx) error {
		n, err := t.exec("DELETE FROM keys WHERE id = ?", raw)
		if err == nil && n == 0 {
			err = monitor.ErrNotFound
		}
		return err
	})
}

// TouchKey sets LastUsed to the given time unless it is later already.
func (s *Store) TouchKey(ctx context.Context, id string, at time.Time) error {
	raw, _ := rawID(id)
	used := at.UnixMilli()
	return s.write(ctx, "touch key", func(t *tx) error {
		_, err := t.exec("UPDATE keys SET used = ? WHERE id = ? AND (used IS NULL OR used < ?)", used, raw, used)
		return err
	})
}
