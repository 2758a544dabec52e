package store

import (
	"log/slog"
	"sync"
)

// DamageLog logs documents that can't be decoded, each once: they are read again and again. It is safe for concurrent
// use.
type DamageLog struct {
	Log *slog.Logger

	logged sync.Map
}

// Record records that a document of a kind, for example "status page", can't be decoded because of err.
func (l *DamageLog) Record(kind, id string, err error) {
	if _, known := l.logged.LoadOrStore(kind+" "+id, true); !known {
		l.Log.Error("can't decode a stored "+kind+", it is left out: delete it, or restore the database from a backup",
			"id", id, "error", err)
	}
}
