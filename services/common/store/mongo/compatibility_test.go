package mongo

import (
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/mongotest"
)

// TestReadOriginalDocuments reads documents of the original NanoMon, with other number types, null, and missing fields.
func TestReadOriginalDocuments(t *testing.T) {
	database := mongotest.Database(t, server)
	s := openStore(t, database)
	date := time.Date(2024, 5, 6, 7, 8, 9, 123e6, time.UTC)
	first, second, third := bson.NewObjectIDFromTimestamp(date), bson.NewObjectID(), bson.NewObjectID()
	insert(t, s, "monitors", bson.D{
		field("_id", first), field("name", "a web site"), field("type", "http"), field("interval", "30s"),
		field("target", "http://localhost"), field("rule", "status == 200"), field("updated", date), field("enabled", false),
		field("properties", bson.D{field("method", "GET"), field("body", "")}), field("group", "web"), field("unknown", 1),
	}, bson.D{
		field("_id", second), field("name", "b port"), field("type", "tcp"), field("interval", "1m"),
		field("target", "localhost:22"), field("rule", ""), field("properties", nil), field("group", nil), field("updated", nil),
	})
	result := func(id bson.ObjectID, status, value any, outputs any) bson.D {
		return bson.D{
			field("_id", id), field("date", date), field("status", status), field("value", value), field("message", ""),
			field("monitor_id", first), field("monitor_name", "a web site"), field("monitor_target", "http://localhost"),
			field("outputs", outputs),
		}
	}
	insert(t, s, "results",
		result(first, int32(0), int32(12), nil),
		result(second, int64(1), int64(1<<40), bson.D{field("respTime", int32(12)), field("bodyLen", int64(9)), field("none", nil)}),
		result(third, 2.0, 1.5, bson.D{
			field("status", 200.0), field("text", "x"), field("flag", true), field("when", date), field("ipAddress", &net.IPAddr{IP: net.IPv4(192, 0, 2, 1)}),
			field("address6", net.IPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}),
		}),
	)

	wantMonitors(t, s, monitor.Monitor{
		ID: first.Hex(), Name: "a web site", Type: "http", Interval: "30s", Target: "http://localhost", Rule: "status == 200",
		Properties: map[string]string{"method": "GET"}, Group: "web", Updated: date,
	}, monitor.Monitor{
		ID: second.Hex(), Name: "b port", Type: "tcp", Interval: "1m", Target: "localhost:22", Enabled: true,
		Properties: map[string]string{},
	})
	want := func(id bson.ObjectID, status monitor.Status, value float64, outputs map[string]any) monitor.Result {
		return monitor.Result{
			ID: id.Hex(), Date: date, Status: status, Value: value, MonitorID: first.Hex(), MonitorName: "a web site",
			MonitorTarget: "http://localhost", Outputs: outputs,
		}
	}
	list, err := s.Results(t.Context(), store.ResultFilter{MonitorID: first.Hex(), Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]monitor.Result{
		want(third, monitor.StatusFailed, 1.5, map[string]any{
			"status": 200.0, "text": "x", "flag": true, "when": "2024-05-06T07:08:09.123Z", "ipAddress": "192.0.2.1",
			"address6": "fe80::1%eth0",
		}),
		want(second, monitor.StatusError, 1<<40, map[string]any{"respTime": 12.0, "bodyLen": 9.0}),
		want(first, monitor.StatusOK, 12, map[string]any{}),
	}, list); diff != "" {
		t.Errorf("results differ (-want +got):\n%s", diff)
	}
}

// TestStatesOfEarlierVersions checks that the number of a state without one, which a runner of an earlier version has
// stored before or after this version, is its date.
func TestStatesOfEarlierVersions(t *testing.T) {
	s := openStore(t, mongotest.Database(t, server))
	m := newMonitor(1, "name")
	future := m.Updated.Add(2 * time.Hour)
	stateAt := func(date time.Time, sequence int64) store.State {
		r := monitor.Result{ID: monitor.NewID(date), Date: date, MonitorID: m.ID, Outputs: map[string]any{}}
		return store.State{
			MonitorID: m.ID, Sequence: sequence, Latest: r, Streak: 1, Since: date,
			History: []store.Point{{Sequence: sequence, Date: date}},
		}
	}
	put := func(what string, put, want store.State) {
		t.Helper()
		if err := s.AppendBatch(t.Context(), store.Batch{States: []store.State{put}}); err != nil {
			t.Fatal(err)
		}
		got, err := s.State(t.Context(), m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("state after %s (-want +got):\n%s", what, diff)
		}
	}
	fromOld := func(state store.State) {
		t.Helper()
		doc, err := toStateDoc(state)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.states.ReplaceOne(t.Context(), byID(doc.ID), doc, options.Replace().SetUpsert(true)); err != nil {
			t.Fatal(err)
		}
	}
	old, next := stateAt(future, 0), stateAt(m.Updated, future.UnixMilli()+10)
	fromOld(old)
	put("a result after the clock was set back", next, next)
	put("a late result of an earlier version", old, next)
	fromOld(stateAt(m.Updated.Add(time.Minute), 0))
	last := stateAt(m.Updated.Add(2*time.Minute), 0)
	put("a result after one of an earlier version", last, last)
}

func insert(t *testing.T, s *Store, collection string, docs ...bson.D) {
	t.Helper()
	if _, err := s.monitors.Database().Collection(collection).InsertMany(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
}

// TestStoredDocuments checks the field names and types of stored documents. The original NanoMon and other programs
// read them.
func TestStoredDocuments(t *testing.T) {
	s := openStore(t, mongotest.Database(t, server))
	m := newMonitor(1, "name")
	m.Rule, m.Group, m.Properties["timeout"] = "respTime < 5", "group", "1s"
	m.Labels = map[string]string{"team": "payments", "app.name": "shop"}
	r := monitor.Result{
		ID: newMonitor(2, "").ID, Date: m.Updated, Status: monitor.StatusError, Value: 2, Message: "message", MonitorID: m.ID,
		MonitorName: "name", MonitorTarget: "target", Outputs: map[string]any{"respTime": 7.0},
	}
	if err := s.CreateMonitor(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	state := store.State{
		MonitorID: m.ID, Latest: r, Streak: 1, Since: r.Date, History: []store.Point{{Date: r.Date, Status: r.Status, Value: r.Value}},
	}
	if err := s.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{r}, States: []store.State{state}}); err != nil {
		t.Fatal(err)
	}
	id := func(text string) bson.ObjectID {
		oid, err := bson.ObjectIDFromHex(text)
		if err != nil {
			t.Fatal(err)
		}
		return oid
	}
	date := bson.NewDateTimeFromTime(m.Updated)
	for collection, want := range map[string]bson.M{
		"monitors": {
			"_id": id(m.ID), "name": "name", "type": "tcp", "interval": "10s", "target": "localhost:1", "rule": "respTime < 5",
			"enabled": true, "properties": bson.D{field("timeout", "1s")}, "group": "group", "updated": date,
			"labels": bson.A{
				bson.D{field("key", "app.name"), field("value", "shop")}, bson.D{field("key", "team"), field("value", "payments")},
			},
		},
		"states": {
			"_id": id(m.ID), "streak": int32(1), "since": date,
			"latest": bson.D{
				field("_id", id(r.ID)), field("date", date), field("status", int32(1)), field("value", 2.0), field("message", "message"),
				field("monitor_id", id(m.ID)), field("monitor_name", "name"), field("monitor_target", "target"),
				field("outputs", bson.D{field("respTime", 7.0)}),
			},
			"history": bson.A{bson.D{field("date", date), field("status", int32(1)), field("value", 2.0)}},
		},
		"results": {
			"_id": id(r.ID), "date": date, "status": int32(1), "value": 2.0, "message": "message", "monitor_id": id(m.ID),
			"monitor_name": "name", "monitor_target": "target", "outputs": bson.D{field("respTime", 7.0)},
		},
	} {
		var doc bson.M
		if err := s.monitors.Database().Collection(collection).FindOne(t.Context(), bson.D{}).Decode(&doc); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, doc); diff != "" {
			t.Errorf("document in %s differs (-want +got):\n%s", collection, diff)
		}
	}
}
