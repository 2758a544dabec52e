package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"slices"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// PutReceivingPeriod stores a period, or extends the stored one.
func (s *Store) PutReceivingPeriod(ctx context.Context, p store.ReceivingPeriod) error {
	id, err := storableID("receiving period", p.ID)
	if err != nil {
		return err
	}
	return s.write(ctx, "put receiving period", func(t *tx) error {
		_, err := t.exec(`INSERT INTO receiving_periods (id, process, start, until, ended) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET until = max(until, excluded.until), ended = max(ended, excluded.ended)`,
			id, p.Process, p.From.UnixMilli(), p.To.UnixMilli(), p.Ended)
		return err
	})
}

const selectReceivingPeriods = `SELECT id, process, start, until, ended FROM receiving_periods INDEXED BY receiving_periods_by_end
	WHERE until >= ? ORDER BY until DESC LIMIT ?`

// ReceivingPeriods returns the periods that end at since or later, ordered by their start.
func (s *Store) ReceivingPeriods(ctx context.Context, since time.Time) ([]store.ReceivingPeriod, error) {
	list := []store.ReceivingPeriod{}
	args := []any{ceilMilli(since), store.MaxReceivingPeriods}
	err := s.read(ctx, "list receiving periods", selectReceivingPeriods, args, func(rows *sql.Rows) error {
		var id []byte
		var from, to int64
		var p store.ReceivingPeriod
		err := rows.Scan(&id, &p.Process, &from, &to, &p.Ended)
		p.ID, p.From, p.To = hex.EncodeToString(id), date(from), date(to)
		list = append(list, p)
		return err
	})
	slices.SortFunc(list, store.CompareReceivingPeriods)
	return list, err
}

const (
	selectPingURL      = "SELECT uuid FROM ping_urls WHERE monitor = ?"
	selectPingURLOwner = "SELECT monitor FROM ping_urls WHERE uuid = ?"
)

// PingURL returns the uuid in the ping URL of a monitor.
func (s *Store) PingURL(ctx context.Context, monitorID string) (uuid string, err error) {
	id, _ := rawID(monitorID)
	err = s.row(ctx, "get ping url", selectPingURL, []any{id}, &uuid)
	return uuid, err
}

// AddPingURL stores the uuid of a monitor that has none, and returns the stored one.
func (s *Store) AddPingURL(ctx context.Context, monitorID, uuid string) (stored string, err error) {
	err = s.putPingURL(ctx, "INSERT INTO ping_urls (monitor, uuid) VALUES (?, ?) ON CONFLICT (monitor) DO NOTHING", monitorID, uuid)
	if err != nil {
		return "", err
	}
	return s.PingURL(ctx, monitorID)
}

// PutPingURL stores the uuid of a monitor in place of the previous one.
func (s *Store) PutPingURL(ctx context.Context, monitorID, uuid string) error {
	return s.putPingURL(ctx, `INSERT INTO ping_urls (monitor, uuid) VALUES (?, ?)
		ON CONFLICT (monitor) DO UPDATE SET uuid = excluded.uuid`, monitorID, uuid)
}

func (s *Store) putPingURL(ctx context.Context, statement, monitorID, uuid string) error {
	id, err := storableID("monitor", monitorID)
	if err != nil {
		return err
	}
	return s.define(ctx, "put ping url", func(t *tx) error {
		other, err := t.ids(selectPingURLOwner+" AND monitor <> ?", uuid, id)
		if err == nil && len(other) > 0 {
			err = monitor.Invalidf("another monitor has the same ping URL")
		}
		if err == nil {
			_, err = t.exec(statement, id, uuid)
		}
		return err
	})
}

// PingURLOwner returns the id of the monitor with a uuid.
func (s *Store) PingURLOwner(ctx context.Context, uuid string) (monitorID string, err error) {
	var id []byte
	err = s.row(ctx, "get owner of ping url", selectPingURLOwner, []any{uuid}, &id)
	return hex.EncodeToString(id), err
}
