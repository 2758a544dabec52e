package mongo

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
)

// storedMonitor is a monitor as it is stored.
type storedMonitor struct {
	raw bson.Raw
	doc monitorDoc
}

func (s *Store) storedMonitor(ctx context.Context, id string) (stored storedMonitor, err error) {
	oid, err := bson.ObjectIDFromHex(id)
	if err != nil {
		return stored, monitor.ErrNotFound
	}
	if stored.raw, err = s.monitors.FindOne(ctx, byID(oid)).Raw(); err != nil {
		return stored, err
	}
	return stored, bson.Unmarshal(stored.raw, &stored.doc)
}

// storedMonitors returns the monitors with the given ids, in the order of their ids.
func (s *Store) storedMonitors(ctx context.Context, ids []bson.ObjectID) ([]storedMonitor, error) {
	list, err := find(ctx, s.monitors, byID(among(ids)), func(raw bson.Raw) storedMonitor { return storedMonitor{raw: raw} })
	if err != nil {
		return nil, err
	}
	for i := range list {
		if err := bson.Unmarshal(list[i].raw, &list[i].doc); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b storedMonitor) int { return compareKeys(a.doc.ID, b.doc.ID) })
	return list, nil
}

// expect returns a filter that selects the monitor, and the error to return if it selects nothing. If old is not nil, the
// filter selects the monitor only as long as its content stays the same; if its content is not old, the error is
// [monitor.ErrChanged]. The content is compared as it is stored, so every program that changes it counts, and documents
// need no revision.
func (d storedMonitor) expect(old *monitor.Monitor) (filter bson.D, none, err error) {
	filter = byID(d.doc.ID)
	if old == nil {
		return filter, monitor.ErrNotFound, nil
	}
	if !reflect.DeepEqual(d.doc.monitor(), *old) {
		return nil, nil, monitor.ErrChanged
	}
	for f := range reflect.TypeFor[monitorDoc]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("bson"), ",")
		if name == "_id" {
			continue
		}
		var value any // A missing field equals null.
		if v, err := d.raw.LookupErr(name); err == nil {
			value = v
		}
		filter = append(filter, field(name, bson.D{field("$eq", value)})) // The value may look like an operator.
	}
	return filter, monitor.ErrChanged, nil
}
