package mongo

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/monitor"
)

const (
	// importChunkSize bounds the monitors in one document, in bytes, unless one alone is larger; a
	// document takes 16 MiB, and an import may be as large.
	importChunkSize = 1 << 20
	// currentImport is the key of the intent that is to be carried out.
	currentImport = "current"
)

// importDoc is the intent of an import. There is at most one, and once it is there it is carried out,
// if need be by another process.
type importDoc struct {
	Key    string        `bson:"_id"`
	Import bson.ObjectID `bson:"import"`
	// Chunks is the number of documents that hold the set.
	Chunks int `bson:"chunks"`
	// Surplus are the monitors to delete. They are named, so that one created later is safe.
	Surplus []bson.ObjectID `bson:"surplus"`
}

// chunkDoc holds a part of the set; its key is import/number.
type chunkDoc struct {
	Key      string     `bson:"_id"`
	Monitors []bson.Raw `bson:"monitors"`
}

// ImportMonitors stores the set, then the intent to make it the whole set, then does so.
func (s *Store) ImportMonitors(ctx context.Context, ms []monitor.Monitor) (err error) {
	defer s.end(ctx, time.Now(), "import monitors", &err)
	docs, err := convertAll(ms, toMonitorDoc)
	if err != nil {
		return err
	}
	keep := make(map[bson.ObjectID]bool, len(docs))
	for _, doc := range docs {
		if keep[doc.ID] {
			return monitor.Invalidf("id %s is in the import twice", doc.ID.Hex())
		}
		keep[doc.ID] = true
	}
	intent := importDoc{Key: currentImport, Import: bson.NewObjectID()}
	if intent.Chunks, err = s.putChunks(ctx, intent.Import, docs); err != nil {
		return err
	}
	if err := s.putIntent(ctx, intent, keep); err != nil {
		return err
	}
	return s.finishImport(ctx)
}

// putChunks stores the set in as many documents as it takes.
func (s *Store) putChunks(ctx context.Context, id bson.ObjectID, docs []monitorDoc) (int, error) {
	var chunks []chunkDoc
	size := 0
	for _, doc := range docs {
		raw, err := bson.Marshal(doc)
		if err != nil {
			return 0, err
		}
		if size += len(raw); len(chunks) == 0 || size > importChunkSize {
			chunks = append(chunks, chunkDoc{Key: fmt.Sprintf("%s/%06d", id.Hex(), len(chunks))})
			size = len(raw)
		}
		last := &chunks[len(chunks)-1]
		last.Monitors = append(last.Monitors, raw)
	}
	for _, chunk := range chunks {
		if _, err := s.importChunks.InsertOne(ctx, chunk); err != nil {
			return 0, err
		}
	}
	return len(chunks), nil
}

// putIntent stores the intent; another that is in the way is carried out first.
func (s *Store) putIntent(ctx context.Context, intent importDoc, keep map[bson.ObjectID]bool) error {
	for {
		if err := s.finishImport(ctx); err != nil {
			return err
		}
		ids, err := findIDs[bson.ObjectID](ctx, s.monitors, bson.D{}, 0)
		if err != nil {
			return err
		}
		intent.Surplus = []bson.ObjectID{}
		for _, id := range ids {
			if !keep[id] {
				intent.Surplus = append(intent.Surplus, id)
			}
		}
		if _, err = s.imports.InsertOne(ctx, intent); !driver.IsDuplicateKeyError(err) {
			return err
		}
	}
}

// finishImport carries out the intent that is stored, if there is one. Doing so twice, or in two
// processes at a time, comes to the same.
func (s *Store) finishImport(ctx context.Context) (err error) {
	defer s.end(ctx, time.Now(), "finish import", &err)
	var intent importDoc
	err = s.imports.FindOne(ctx, byID(currentImport)).Decode(&intent)
	if errors.Is(err, driver.ErrNoDocuments) {
		return nil
	}
	if err != nil {
		return err
	}
	chunks := keysBetween(intent.Import.Hex()+"/", intent.Import.Hex()+"0")
	parts, err := find(ctx, s.importChunks, chunks, func(c chunkDoc) []bson.Raw { return c.Monitors })
	if err != nil {
		return err
	}
	// Chunks go after the intent: where one is missing, another process has just finished.
	if len(parts) == intent.Chunks {
		if err := s.carryOut(ctx, intent, parts); err != nil {
			return err
		}
	}
	if _, err := s.imports.DeleteOne(ctx, bson.D{field("_id", currentImport), field("import", intent.Import)}); err != nil {
		return err
	}
	_, err = s.importChunks.DeleteMany(ctx, chunks)
	return err
}

// carryOut stores what is new or changed, and only then deletes the surplus.
func (s *Store) carryOut(ctx context.Context, intent importDoc, parts [][]bson.Raw) error {
	existing, err := find(ctx, s.monitors, bson.D{}, func(d monitorDoc) monitorDoc { return d })
	if err != nil {
		return err
	}
	stored := make(map[bson.ObjectID]monitor.Monitor, len(existing))
	for _, doc := range existing {
		stored[doc.ID] = doc.monitor()
	}
	var changed []monitorDoc
	for _, part := range parts {
		for _, raw := range part {
			var doc monitorDoc
			if err := bson.Unmarshal(raw, &doc); err != nil {
				return err
			}
			if old, there := stored[doc.ID]; !there || !reflect.DeepEqual(old, doc.monitor()) {
				changed = append(changed, doc)
			}
		}
	}
	if err := s.logEnabled(ctx, existing, changed); err != nil {
		return err
	}
	if err := upsert(ctx, s.monitors, changed, func(d monitorDoc) any { return d.ID }); err != nil {
		return err
	}
	return eachChunk(intent.Surplus, deleteStep, func(some []bson.ObjectID) error {
		_, err := s.monitors.DeleteMany(ctx, byID(among(some)))
		return err
	})
}
