package mongo

import (
	"cmp"
	"context"
	"encoding/json"
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

func (d windowDoc) content() (name, text string) { return "window", d.Window }

func (d windowDoc) decode() (w maintenance.Window, err error) {
	return w, json.Unmarshal([]byte(d.Window), &w)
}

// MaintenanceWindows returns all maintenance windows.
func (s *Store) MaintenanceWindows(ctx context.Context) (_ []maintenance.Window, err error) {
	defer s.end(ctx, time.Now(), "list maintenance windows", &err)
	docs, err := find(ctx, s.maintenance, bson.D{}, func(d windowDoc) windowDoc { return d })
	if err != nil {
		return nil, err
	}
	list, err := convertAll(docs, windowDoc.decode)
	slices.SortFunc(list, func(a, b maintenance.Window) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return list, err
}

// MaintenanceWindow returns one maintenance window.
func (s *Store) MaintenanceWindow(ctx context.Context, id string) (_ maintenance.Window, err error) {
	defer s.end(ctx, time.Now(), "get maintenance window", &err)
	return get[windowDoc](ctx, s.maintenance, id)
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
	return replaceOne(ctx, s, s.maintenance, doc.ID, doc, old)
}

// DeleteMaintenanceWindow deletes a maintenance window.
func (s *Store) DeleteMaintenanceWindow(ctx context.Context, id string) (err error) {
	defer s.end(ctx, time.Now(), "delete maintenance window", &err)
	return deleteOne[windowDoc](ctx, s, s.maintenance, id, nil)
}

// DeleteMaintenanceWindowIf does the same if the stored window equals old.
func (s *Store) DeleteMaintenanceWindowIf(ctx context.Context, old maintenance.Window) (err error) {
	defer s.end(ctx, time.Now(), "delete maintenance window", &err)
	return deleteOne[windowDoc](ctx, s, s.maintenance, old.ID, &old)
}
