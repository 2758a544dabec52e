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
	// importChunkSize limits the monitors in one chunk, in bytes; a chunk with one monitor may be larger. A document can
	// have at most 16 MiB, and an import may be as large.
	importChunkSize = 1 << 20
	// currentPlan is the key of the import plan, and of the bulk plan. There is at most one of each.
	currentPlan = "current"
)

// importPlanDoc is an import plan: the stored intent of an import. Once it is stored it will be executed, by another
// process if this one stops.
type importPlanDoc struct {
	Key    string        `bson:"_id"`
	Import bson.ObjectID `bson:"import"`
	// Chunks is the number of chunks that contain the imported monitors.
	Chunks int `bson:"chunks"`
	// Surplus lists the monitors to delete. A monitor that is created later is not in the list and stays.
	Surplus []bson.ObjectID `bson:"surplus"`
}

// importChunkDoc contains some of the imported monitors. Its key is import/number.
type importChunkDoc struct {
	Key      string     `bson:"_id"`
	Monitors []bson.Raw `bson:"monitors"`
}

func (d importPlanDoc) key() any { return d.Key }

func (d importChunkDoc) key() any { return d.Key }

// ImportMonitors stores ms in chunks, then the import plan, and then executes the plan.
func (s *Store) ImportMonitors(ctx context.Context, ms []monitor.Monitor) (err error) {
	defer s.end(ctx, time.Now(), "import monitors", &err)
	docs, err := convertAll(ms, toMonitorDoc)
	if err != nil {
		return err
	}
	imported := make(map[bson.ObjectID]bool, len(docs))
	for _, doc := range docs {
		if imported[doc.ID] {
			return monitor.Invalidf("id %s occurs twice in the import", doc.ID.Hex())
		}
		imported[doc.ID] = true
	}
	plan := importPlanDoc{Key: currentPlan, Import: bson.NewObjectID()}
	if plan.Chunks, err = s.putChunks(ctx, plan.Import, docs); err != nil {
		return err
	}
	if err := s.putPlan(ctx, plan, imported); err != nil {
		return err
	}
	return s.finishImport(ctx)
}

// putChunks stores the monitors of an import in chunks and returns their number.
func (s *Store) putChunks(ctx context.Context, id bson.ObjectID, docs []monitorDoc) (int, error) {
	var chunks []importChunkDoc
	size := 0
	for _, doc := range docs {
		raw, err := bson.Marshal(doc)
		if err != nil {
			return 0, err
		}
		if size += len(raw); len(chunks) == 0 || size > importChunkSize {
			chunks = append(chunks, importChunkDoc{Key: fmt.Sprintf("%s/%06d", id.Hex(), len(chunks))})
			size = len(raw)
		}
		last := &chunks[len(chunks)-1]
		last.Monitors = append(last.Monitors, raw)
	}
	for _, chunk := range chunks {
		if err := insertOne(ctx, s.importChunks, chunk); err != nil {
			return 0, err
		}
	}
	return len(chunks), nil
}

// putPlan stores the import plan. If there is another plan, or a bulk plan, it executes that one first.
func (s *Store) putPlan(ctx context.Context, plan importPlanDoc, imported map[bson.ObjectID]bool) error {
	for {
		if err := s.finishPlans(ctx); err != nil {
			return err
		}
		ids, err := findIDs[bson.ObjectID](ctx, s.monitors, bson.D{}, 0)
		if err != nil {
			return err
		}
		plan.Surplus = []bson.ObjectID{}
		for _, id := range ids {
			if !imported[id] {
				plan.Surplus = append(plan.Surplus, id)
			}
		}
		if err = insertOne(ctx, s.imports, plan); !driver.IsDuplicateKeyError(err) {
			return err
		}
	}
}

// finishPlans executes the plans that are stored.
func (s *Store) finishPlans(ctx context.Context) error {
	if err := s.finishBulkChange(ctx); err != nil {
		return err
	}
	return s.finishImport(ctx)
}

// finishImport executes the stored import plan, if there is one, and deletes it with its chunks. Executing a plan
// twice, or in two processes at the same time, has the same result as executing it once.
func (s *Store) finishImport(ctx context.Context) (err error) {
	defer s.end(ctx, time.Now(), "finish import", &err)
	var plan importPlanDoc
	err = s.imports.FindOne(ctx, byID(currentPlan)).Decode(&plan)
	if errors.Is(err, driver.ErrNoDocuments) {
		return nil
	}
	if err != nil {
		return err
	}
	chunks := keysBetween(plan.Import.Hex()+"/", plan.Import.Hex()+"0")
	parts, err := find(ctx, s.importChunks, chunks, func(c importChunkDoc) []bson.Raw { return c.Monitors })
	if err != nil {
		return err
	}
	// Chunks are deleted after the plan: if one is missing, another process has just finished.
	if len(parts) == plan.Chunks {
		if err := s.executePlan(ctx, plan, parts); err != nil {
			return err
		}
	}
	if _, err := s.imports.DeleteOne(ctx, bson.D{field("_id", currentPlan), field("import", plan.Import)}); err != nil {
		return err
	}
	_, err = s.importChunks.DeleteMany(ctx, chunks)
	return err
}

// executePlan stores new and changed monitors and then deletes the surplus ones, so that readers never see too few
// monitors.
func (s *Store) executePlan(ctx context.Context, plan importPlanDoc, parts [][]bson.Raw) error {
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
			if old, found := stored[doc.ID]; !found || !reflect.DeepEqual(old, doc.monitor()) {
				changed = append(changed, doc)
			}
		}
	}
	if _, err := s.logEnabled(ctx, existing, changed); err != nil {
		return err
	}
	ids := make([]bson.ObjectID, len(changed))
	for i, doc := range changed {
		ids[i] = doc.ID
	}
	if err := s.forgetDeleted(ctx, ids); err != nil {
		return err
	}
	if err := upsert(ctx, s.monitors, changed...); err != nil {
		return err
	}
	return eachChunk(plan.Surplus, deleteStep, func(chunk []bson.ObjectID) error {
		_, err := s.monitors.DeleteMany(ctx, byID(among(chunk)))
		return err
	})
}
