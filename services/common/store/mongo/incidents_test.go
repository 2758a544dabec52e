package mongo

import (
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// TestIncidentQueriesUseIndexes checks that each query for incidents names an index that selects and sorts.
func TestIncidentQueriesUseIndexes(t *testing.T) {
	s := openStore(t, mongotest.Database(t, server))
	yes, no, group := true, false, "shop"
	for name, f := range map[string]store.IncidentFilter{
		"all":              {},
		"a page of a time": {From: time.Now(), To: time.Now(), Before: &store.Cursor{}},
		"open":             {Open: &yes, Severity: monitor.StatusFailed, Group: &group},
		"ended":            {Open: &no},
		"of a monitor":     {MonitorID: "x", Open: &yes, Group: &group},
		"of a group":       {Group: &group, Severity: monitor.StatusFailed},
		"failed":           {Severity: monitor.StatusFailed},
	} {
		filter, keys := incidentFilter(f)
		isKey := func(key string) func(bson.E) bool { return func(e bson.E) bool { return e.Key == key } }
		for _, e := range keys[:len(keys)-2] {
			if i := slices.IndexFunc(filter, isKey(e.Key)); i < 0 || !isValue(filter[i].Value, false) {
				t.Errorf("%s: the index %v does not select %v", name, keys, filter)
			}
		}
		if !slices.Equal(keys[len(keys)-2:], newestFirst()) {
			t.Errorf("%s: the index %v does not sort", name, keys)
		}
		exists := func(i index) bool { return i.collection == s.incidents && slices.Equal(i.keys, keys) }
		if !slices.ContainsFunc(s.indexes(), exists) {
			t.Errorf("%s: the index %v does not exist", name, keys)
		}
	}
}
