package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
)

// StoreIntent stores an import as ImportMonitors does, and leaves out to carry it out.
func (s *Store) StoreIntent(ctx context.Context, ms []monitor.Monitor) error {
	docs, err := convertAll(ms, toMonitorDoc)
	if err != nil {
		return err
	}
	keep := make(map[bson.ObjectID]bool, len(docs))
	for _, doc := range docs {
		keep[doc.ID] = true
	}
	intent := importDoc{Key: currentImport, Import: bson.NewObjectID()}
	if intent.Chunks, err = s.putChunks(ctx, intent.Import, docs); err != nil {
		return err
	}
	return s.putIntent(ctx, intent, keep)
}
