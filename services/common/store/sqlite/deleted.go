package sqlite

import (
	"time"

	"nanomon/services/common/store"
)

// deletedMonitors holds the times at which monitors were deleted with their data, by the bytes of the id. It is only in
// memory: one process uses the file, so what is on its way to a deleted monitor is in this process.
type deletedMonitors map[string]time.Time

func (d deletedMonitors) add(id []byte) { d[string(id)] = time.Now() }

func (d deletedMonitors) remove(id []byte) { delete(d, string(id)) }

// expire forgets the monitors that were deleted long ago.
func (d deletedMonitors) expire(now time.Time) {
	for id, at := range d {
		if now.Sub(at) >= store.DeletedMonitorAge {
			delete(d, id)
		}
	}
}

// isDeleted reports whether a monitor was deleted with its data recently, so that nothing of it is stored. The
// transaction that deleted it may have been rolled back.
func isDeleted(t *tx, id []byte) (bool, error) {
	if _, found := t.deleted[string(id)]; !found {
		return false, nil
	}
	existing, err := t.number("SELECT count(*) FROM monitors WHERE id = ?", id)
	return existing == 0, err
}

// insertMonitorRow inserts the row of a monitor, whose id is the last argument, and returns the number of inserted rows.
func insertMonitorRow(t *tx, row []any) (int, error) {
	t.deleted.remove(row[len(row)-1].([]byte))
	return t.exec(insertMonitor, row...)
}
