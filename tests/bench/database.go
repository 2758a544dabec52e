package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	driveroptions "go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/mongo"
	"nanomon/services/common/store/sqlite"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// connectTimeout is the maximum time to connect to a MongoDB server.
const connectTimeout = 30 * time.Second

// database is a new database for the measured services: an SQLite file, or a database on a MongoDB server.
type database struct {
	// folder is the data folder of standalone; empty for MongoDB.
	folder string
	// uri is the connection string of the MongoDB server, and name is the name of the database.
	uri, name string
}

// newDatabase returns an empty database that is deleted when the section ends.
func (b *bench) newDatabase(t testing.TB) database {
	t.Helper()
	if b.mongo == "" {
		return database{folder: t.TempDir()}
	}
	return database{uri: b.mongo, name: mongotest.Database(t, b.mongo)}
}

// newDatabaseWith returns a database that contains monitors.
func (b *bench) newDatabaseWith(t testing.TB, all []monitor.Monitor) database {
	t.Helper()
	d := b.newDatabase(t)
	d.use(t, func(db store.Store) error { return db.ImportMonitors(t.Context(), all) })
	return d
}

// use opens the database, calls f and closes it.
func (d database) use(t testing.TB, f func(store.Store) error) {
	t.Helper()
	if err := d.open(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func (d database) open(ctx context.Context, f func(store.Store) error) error {
	if d.folder != "" {
		db, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(d.folder, "nanomon.db")})
		if err != nil {
			return err
		}
		return errors.Join(f(db), db.Close())
	}
	db, err := mongo.Open(ctx, mongo.Config{URI: d.uri, Database: d.name, Timeout: connectTimeout})
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.Close(context.WithoutCancel(ctx)))
}

// seal seals all hours of a history, as standalone does in the background. MongoDB stores no sealed hours.
func (d database) seal(t testing.TB) {
	t.Helper()
	if d.folder == "" {
		return
	}
	d.use(t, func(db store.Store) error {
		return db.(*sqlite.Store).Seal(t.Context(), time.Now().Add(time.Hour))
	})
}

// startRunner starts the pinned program that runs the checks: a standalone, or a runner with MongoDB.
func (d database) startRunner(t testing.TB) process {
	t.Helper()
	if d.folder != "" {
		return startStandalone(t, d.folder, nil)
	}
	p := d.start(t, "runner", metricsSettings)
	p.metrics = p.service.MetricsURL(t)
	return p
}

// startAPI starts the pinned program that serves the API: a standalone, or an API with MongoDB.
func (d database) startAPI(t testing.TB, settings map[string]string) process {
	t.Helper()
	if d.folder != "" {
		return startStandalone(t, d.folder, settings)
	}
	p := d.start(t, "api", servicetest.With(settings, "PORT", "0"))
	p.url = "http://localhost:" + p.service.Port(t) + "/api"
	return p
}

// startBoth does the same as startAPI, and also starts what runs the checks.
func (d database) startBoth(t testing.TB, settings map[string]string) process {
	t.Helper()
	if d.folder == "" {
		d.startRunner(t)
	}
	return d.startAPI(t, settings)
}

// start starts a pinned program that uses MongoDB.
func (d database) start(t testing.TB, program string, settings map[string]string) process {
	t.Helper()
	servicetest.Binary(t, program) // Build it before the CPU is limited.
	all := map[string]string{"MONGO_URI": d.uri, "MONGO_DB": d.name}
	maps.Copy(all, settings)
	p := process{}
	pinned(t, func() { p.service = servicetest.Start(t, program, all) })
	return p
}

// apiProgram returns the name of the program that startAPI starts.
func (d database) apiProgram() string {
	if d.folder != "" {
		return "standalone"
	}
	return "api"
}

// size returns the bytes that the database needs: of the files, or what MongoDB reports for documents and indexes.
func (d database) size(t testing.TB) float64 {
	t.Helper()
	if d.folder != "" {
		return folderSize(t, d.folder)
	}
	var stats struct {
		Storage float64 `bson:"storageSize"`
		Indexes float64 `bson:"indexSize"`
	}
	if err := runCommand(t.Context(), d.uri, d.name, "dbStats", &stats); err != nil {
		t.Fatal(err)
	}
	return stats.Storage + stats.Indexes
}

// folderSize returns the bytes of all files in a folder.
func folderSize(t testing.TB, folder string) float64 {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sum += float64(info.Size())
	}
	return sum
}

// serverName returns the name and version of a MongoDB server.
func serverName(ctx context.Context, uri string) (string, error) {
	var info struct {
		Version  string `bson:"version"`
		FerretDB string `bson:"ferretdbVersion"`
	}
	if err := runCommand(ctx, uri, "admin", "buildInfo", &info); err != nil {
		return "", err
	}
	if info.FerretDB != "" {
		return "FerretDB, which is compatible with MongoDB " + info.Version, nil
	}
	return "MongoDB " + info.Version, nil
}

// runCommand runs a database command without arguments and decodes its answer.
func runCommand(ctx context.Context, uri, database, command string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	client, err := driver.Connect(driveroptions.Client().ApplyURI(uri))
	if err != nil {
		return fmt.Errorf("connect to MongoDB: %w", err)
	}
	err = client.Database(database).RunCommand(ctx, bson.D{{Key: command, Value: 1}}).Decode(answer)
	if err != nil {
		err = fmt.Errorf("run %s in MongoDB: %w", command, err)
	}
	return errors.Join(err, client.Disconnect(context.WithoutCancel(ctx)))
}
