package mongo

import (
	"cmp"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
)

// windowDoc is a document of the collection maintenance. Window is JSON.
type windowDoc struct {
	ID     bson.ObjectID `bson:"_id"`
	Window string        `bson:"window"`
}

func (d windowDoc) key() any { return d.ID }

func toWindowDoc(w maintenance.Window) (windowDoc, error) {
	id, err := toID("maintenance window id", w.ID)
	if err != nil {
		return windowDoc{}, err
	}
	w.Normalize()
	text, err := json.Marshal(w)
	return windowDoc{ID: id, Window: string(text)}, err
}

func (d windowDoc) window() (w maintenance.Window, err error) {
	return w, json.Unmarshal([]byte(d.Window), &w)
}

// MaintenanceWindows returns all maintenance windows.
func (s *Store) MaintenanceWindows(ctx context.Context) (_ []maintenance.Window, err error) {
	defer s.end(ctx, time.Now(), "list maintenance windows", &err)
	docs, err := find(ctx, s.maintenance, bson.D{}, func(d windowDoc) windowDoc { return d })
	if err != nil {
		return nil, err
	}
	list, err := convertAll(docs, windowDoc.window)
	slices.SortFunc(list, func(a, b maintenance.Window) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list, err
}

// MaintenanceWindow returns one maintenance window.
func (s *Store) MaintenanceWindow(ctx context.Context, id string) (_ maintenance.Window, err error) {
	defer s.end(ctx, time.Now(), "get maintenance window", &err)
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return maintenance.Window{}, monitor.ErrNotFound
	}
	var doc windowDoc
	if err := s.maintenance.FindOne(ctx, byID(oid)).Decode(&doc); err != nil {
		return maintenance.Window{}, err
	}
	return doc.window()
}

// CreateMaintenanceWindow stores a new maintenance window.
func (s *Store) CreateMaintenanceWindow(ctx context.Context, w maintenance.Window) (err error) {
	defer s.end(ctx, time.Now(), "create maintenance window", &err)
	doc, err := toWindowDoc(w)
	if err != nil {
		return err
	}
	err = insertOne(ctx, s.maintenance, doc)
	if driver.IsDuplicateKeyError(err) {
		return monitor.Invalidf("a maintenance window with the id %s already exists", w.ID)
	}
	return err
}

// ReplaceMaintenanceWindow replaces the window with the id of w.
func (s *Store) ReplaceMaintenanceWindow(ctx context.Context, w maintenance.Window) (err error) {
	defer s.end(ctx, time.Now(), "replace maintenance window", &err)
	return s.replaceWindow(ctx, w, nil)
}

// ReplaceMaintenanceWindowIf does the same if the stored window equals old.
func (s *Store) ReplaceMaintenanceWindowIf(ctx context.Context, w, old maintenance.Window) (err error) {
	defer s.end(ctx, time.Now(), "replace maintenance window", &err)
	return s.replaceWindow(ctx, w, &old)
}

func (s *Store) replaceWindow(ctx context.Context, w maintenance.Window, old *maintenance.Window) error {
	if !monitor.ValidID(w.ID) {
		return monitor.ErrNotFound
	}
	doc, err := toWindowDoc(w)
	if err != nil {
		return err
	}
	return s.changeWindow(ctx, doc.ID, old, func(filter bson.D) (int64, error) {
		replaced, err := s.maintenance.ReplaceOne(ctx, filter, doc)
		if err != nil {
			return 0, err
		}
		return replaced.MatchedCount, nil
	})
}

// DeleteMaintenanceWindow deletes a maintenance window.
func (s *Store) DeleteMaintenanceWindow(ctx context.Context, id string) (err error) {
	defer s.end(ctx, time.Now(), "delete maintenance window", &err)
	return s.deleteWindow(ctx, id, nil)
}

// DeleteMaintenanceWindowIf does the same if the stored window equals old.
func (s *Store) DeleteMaintenanceWindowIf(ctx context.Context, old maintenance.Window) (err error) {
	defer s.end(ctx, time.Now(), "delete maintenance window", &err)
	return s.deleteWindow(ctx, old.ID, &old)
}

func (s *Store) deleteWindow(ctx context.Context, id string, old *maintenance.Window) error {
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return monitor.ErrNotFound
	}
	return s.changeWindow(ctx, oid, old, func(filter bson.D) (int64, error) {
		deleted, err := s.maintenance.DeleteOne(ctx, filter)
		if err != nil {
			return 0, err
		}
		return deleted.DeletedCount, nil
	})
}

// changeWindow calls write with a filter that selects the window. write returns the number of windows that it has
// changed. If old is not nil, the filter selects the window only if it equals old.
func (s *Store) changeWindow(
	ctx context.Context, id bson.ObjectID, old *maintenance.Window, write func(filter bson.D) (int64, error),
) error {
	unlock, err := s.lockWrites(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	filter, none := byID(id), monitor.ErrNotFound
	if old != nil {
		var doc windowDoc
		if err := s.maintenance.FindOne(ctx, filter).Decode(&doc); err != nil {
			return err
		}
		stored, err := doc.window()
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(stored, *old) {
			return monitor.ErrChanged
		}
		filter, none = append(filter, field("window", doc.Window)), monitor.ErrChanged
	}
	n, err := write(filter)
	if err == nil && n == 0 {
		return none
	}
	return err
}
