// Package upgrade tests the upgrade from an earlier version. It starts the current programs on data that the earlier version has
// written, and side by side with programs of the earlier version. The tests use only what an operator sees: the HTTP API, webhooks
// and the database.
package upgrade

import (
	"database/sql"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"nanomon/services/common/store/sqlite"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// The version to upgrade from, and its commit.
const (
	oldVersion = "0.1.0"
	oldCommit  = "22167c54b77d94252798ce97867e28120f488a15"
)

// The targets of the fixture that were down when the old version was stopped.
const (
	shop     = "shop.nanomon.test"
	cart     = "cart.nanomon.test" // depends on the shop
	payments = "payments.nanomon.test"
)

func TestMain(m *testing.M) { servicetest.Main(m) }

// newFixtureWorld returns a world in which the targets behave as they did when the old version was stopped.
func newFixtureWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.set(aborts, shop, cart)
	w.set(refuses, payments)
	return w
}

// fixtureSettings returns the settings with which the fixture was made. Sign-in is on, because API keys need it.
func fixtureSettings(w *world) map[string]string {
	settings := w.settings()
	settings["AUTH_CLIENT_ID"] = "nanomon"
	settings["AUTH_ISSUER"] = "http://127.0.0.1:1"
	return settings
}

func TestUpgradeOfSQLite(t *testing.T) {
	t.Parallel()
	old, folder := readRecording(t, "sqlite"), t.TempDir()
	file, err := os.ReadFile(fixture("sqlite", "nanomon.db"))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "nanomon.db"), file, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	w := newFixtureWorld(t)
	service, api, _ := servicetest.StandaloneWith(t, folder, fixtureSettings(w))
	c := newClient(api, old.AdminKey)
	c.compare(t, old.Answers)
	testIncidents(t, w, c, old)
	c.compare(t, old.Answers)

	if code := service.Stop(t); code != 0 {
		t.Errorf("the exit code is %d", code)
	}
	sealHistory(t, filepath.Join(folder, "nanomon.db"))
	start := func() client {
		service, api, _ = servicetest.StandaloneWith(t, folder, fixtureSettings(w))
		return newClient(api, old.AdminKey)
	}
	c = start()
	c.compare(t, old.Answers)
	testLabels(t, c, old)
	restart := func() client {
		service.Stop(t)
		return start()
	}
	testPush(t, c, restart)
	testStatusPages(t, newClient(api, old.AdminKey), old, restart)
}

// sealHistory seals the results of the old version, as the running program would do a minute after its start.
func sealHistory(t *testing.T, file string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Seal(t.Context(), time.Now()), db.Close()); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	var rows, blocks int
	const query = "SELECT (SELECT count(*) FROM results WHERE date < unixepoch('2026-11-01') * 1000), (SELECT count(*) FROM blocks)"
	if err := raw.QueryRowContext(t.Context(), query).Scan(&rows, &blocks); err != nil || rows > 0 || blocks == 0 {
		t.Errorf("%d old results are not sealed, there are %d blocks, error %v", rows, blocks, err)
	}
}

func TestUpgradeOfMongoDB(t *testing.T) {
	t.Parallel()
	mongotest.Each(t, func(t *testing.T, uri string) {
		t.Parallel()
		testUpgradeOfMongoDB(t, uri)
	})
}

func testUpgradeOfMongoDB(t *testing.T, uri string) {
	old, w := readRecording(t, "mongo"), newFixtureWorld(t)
	database := restore(t, uri, fixture("mongo", "database.json"))
	wantIntents(t, database, 1)
	settings := fixtureSettings(w)
	maps.Copy(settings, map[string]string{"MONGO_URI": uri, "MONGO_DB": database.Name(), "POLLING_INTERVAL": "1s"})
	server, api := servicetest.API(t, settings)
	c := newClient(api, old.AdminKey)
	// The answers were recorded after the old version had carried out the stored import.
	c.compare(t, old.Answers)
	c.compare(t, old.Current)
	wantIntents(t, database, 0)

	runner, _ := servicetest.Runner(t, settings)
	testIncidents(t, w, c, old)
	c.compare(t, old.Answers)

	// The last hour of the old version is rolled up a minute after the start.
	servicetest.EventuallyWithin(t, 2*time.Minute, "the last hour of the old version to be rolled up", func() bool {
		return countBefore(t, database.Collection("dirty_hours"), "hour", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) == 0
	})
	c.compare(t, old.Answers)
	testPush(t, c, func() client {
		runner.Stop(t)
		runner, _ = servicetest.Runner(t, settings)
		return c
	})
	if code := runner.Stop(t); code != 0 {
		t.Errorf("the exit code of the runner is %d", code)
	}
	testLabels(t, c, old)
	testStatusPages(t, c, old, func() client {
		server.Stop(t)
		_, api = servicetest.API(t, settings)
		return newClient(api, old.AdminKey)
	})
}

// testLabels adds labels to a monitor of the old version, and then saves it as a client of that version does.
func testLabels(t *testing.T, c client, old recording) {
	t.Helper()
	path := "/api/monitors/" + old.monitor(t, "Docs")
	labels := map[string]any{"team": "docs", "app.kubernetes.io/name": "docs"}
	m := c.get(t, path).(map[string]any)
	if m["labels"] != nil {
		t.Errorf("a monitor of the old version has the labels %v", m["labels"])
	}
	m["labels"] = labels
	c.call(t, http.MethodPut, path, m, http.StatusOK)
	delete(m, "labels")
	c.call(t, http.MethodPut, path, m, http.StatusOK)
	if got := c.get(t, path).(map[string]any)["labels"]; !reflect.DeepEqual(got, labels) {
		t.Errorf("the labels are %v, want %v", got, labels)
	}
}

// testIncidents checks the failing targets a few more times and then lets them recover. The pending notification must be sent once.
// No incident may be opened a second time, and each must be resolved once.
func testIncidents(t *testing.T, w *world, c client, old recording) {
	t.Helper()
	w.waitReceived(t, 1)
	// Three failures would open an incident.
	w.waitChecks(t, 5, shop, cart, payments)
	open := []string{old.monitor(t, "Shop") + "-1", old.monitor(t, "Payments") + "-2"}
	wantOpenIncidents(t, c, open...)
	w.set(answers, shop, cart, payments)
	w.waitReceived(t, 3)
	wantOpenIncidents(t, c)
	wantPastIncidents(t, c, append(open, old.monitor(t, "Payments")+"-1")...)
	w.waitChecks(t, 3, shop, cart, payments)
	// A notification that should not exist would be sent before this one.
	c.call(t, http.MethodPost, "/api/alerts/test", nil, http.StatusOK)

	resolved := []string{old.monitor(t, "Shop") + "-1-recovery", old.monitor(t, "Payments") + "-2-recovery"}
	want := map[string]string{old.Pending: "alert", resolved[0]: "recovery", resolved[1]: "recovery"}
	got := w.receivedKinds()
	for id, kind := range got {
		if kind == "test" {
			want[id] = kind
		}
	}
	if len(want) != 4 || !maps.Equal(got, want) || len(w.receivedIDs()) != 4 {
		t.Errorf("received %v as %v, want %v and a test", w.receivedIDs(), got, want)
	}
	wantListed(t, c, append(resolved, old.Pending), len(old.listed(t, "/api/alerts?max=1000"))+len(resolved)+1)
}

// wantListed fails the test unless the API lists this number of notifications, and those with the ids in sent have been sent.
func wantListed(t *testing.T, c client, sent []string, all int) {
	t.Helper()
	listed := make(map[string]map[string]any)
	for _, n := range objects(c.get(t, "/api/alerts?max=1000")) {
		listed[n["id"].(string)] = n
	}
	if len(listed) != all {
		t.Errorf("%d notifications are listed, want %d: %v", len(listed), all, listed)
	}
	for _, id := range sent {
		n := listed[id]
		if deliveries := objects(n["deliveries"]); n["next"] != nil || len(deliveries) != 1 || deliveries[0]["status"] != "sent" {
			t.Errorf("%s is %v, want it to be sent", id, n)
		}
	}
}

// wantIntents fails the test unless the database holds this number of imports that have not been carried out.
func wantIntents(t *testing.T, database *mongo.Database, want int64) {
	t.Helper()
	for _, name := range []string{"imports", "import_chunks"} {
		if n, err := database.Collection(name).CountDocuments(t.Context(), bson.D{}); err != nil || n != want {
			t.Errorf("%d documents in %s (error %v), want %d", n, name, err, want)
		}
	}
}

// countBefore returns the number of documents whose field is before date.
func countBefore(t *testing.T, c *mongo.Collection, field string, date time.Time) int64 {
	t.Helper()
	n, err := c.CountDocuments(t.Context(), bson.D{{Key: field, Value: bson.D{{Key: "$lt", Value: date}}}})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
