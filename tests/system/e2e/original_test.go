package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// originalMonitor returns a monitor as the original NanoMon stores it.
func originalMonitor(name, kind, target, rule string, properties bson.M) bson.M {
	return bson.M{
		"_id": bson.NewObjectID(), "name": name, "type": kind, "interval": "2s", "target": target, "rule": rule, "group": "",
		"enabled": true, "updated": time.Now(), "properties": properties,
	}
}

// TestMonitorsInDatabaseOfTheOriginal starts a runner and an API on a database in which the original has stored
// monitors. They are checked as they are. When they are saved again, they get their canonical form.
func TestMonitorsInDatabaseOfTheOriginal(t *testing.T) {
	mongotest.Each(t, testMonitorsOfTheOriginal)
}

func testMonitorsOfTheOriginal(t *testing.T, uri string) {
	page := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.Method)) }))
	t.Cleanup(page.Close)
	settings := map[string]string{"MONGO_URI": uri, "MONGO_DB": mongotest.Database(t, uri), "POLLING_INTERVAL": "1s"}
	insertMonitors(t, settings, originalMonitor("method", "http", page.URL, "body == 'POST'", bson.M{"method": "post", "validateTLS": "0"}),
		originalMonitor("regex", "http", page.URL, "regexMatch == ''", bson.M{"validateTLS": "False", "bodyRegex": "x(.)"}),
		originalMonitor("stray", "http", page.URL, "status == 200", bson.M{"validateTLS": "f", "server": "192.0.2.53", "count": "3"}),
		originalMonitor("service", "tcp", "localhost:http", "", bson.M{}))
	_, api := servicetest.API(t, settings)
	runner, _ := servicetest.Runner(t, settings)
	ignored := runner.WaitLog(t, `msg="ignored properties that the type of the monitor does not have" monitor_id=(\w+) type=http properties="\[count server\]"`)
	servicetest.Eventually(t, "a result of each monitor", func() bool {
		for _, m := range servicetest.Get[[]monitor.Monitor](t, api+"/monitors") {
			results := servicetest.Get[[]monitor.Result](t, api+"/monitors/"+m.ID+"/results")
			if len(results) == 0 {
				return false
			}
			// Perhaps nothing listens on port 80.
			if r := results[0]; r.Status != monitor.StatusOK && (m.Name != "service" || strings.Contains(r.Message, "invalid")) {
				t.Fatalf("%s: %+v", m.Name, r)
			}
		}
		return true
	})
	m := servicetest.Get[monitor.Monitor](t, api+"/monitors/"+ignored[1])
	if status, body := servicetest.Call(t, http.MethodPut, api+"/monitors/"+m.ID, m); status != http.StatusOK {
		t.Fatalf("saving the monitor: %d %s", status, body)
	}
	saved := servicetest.Get[monitor.Monitor](t, api+"/monitors/"+m.ID)
	if len(saved.Properties) != 1 || saved.Properties["validateTLS"] != "false" {
		t.Errorf("saved with the properties %v", saved.Properties)
	}
}

// insertMonitors inserts documents into the collection monitors of the database in settings.
func insertMonitors(t *testing.T, settings map[string]string, documents ...bson.M) {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(settings["MONGO_URI"]))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(t.Context())
	if _, err := client.Database(settings["MONGO_DB"]).Collection("monitors").InsertMany(t.Context(), documents); err != nil {
		t.Fatal(err)
	}
}
