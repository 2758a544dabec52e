// Package mongotest provides tests with servers that speak MongoDB's protocol. It uses the server at
// NANOMON_TEST_MONGO_URI if that is set, or else mongod if it is on the PATH, or else the stand-ins
// that scripts/build-ferretdb.sh and scripts/build-mongojava.sh build.
package mongotest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
)

// timeout is the maximum duration of the start of a server.
const timeout = 30 * time.Second

// Each runs a test on each available server: only the one at NANOMON_TEST_MONGO_URI if that is set, or else both
// stand-ins and, if it is on the PATH, mongod.
func Each(t *testing.T, test func(t *testing.T, uri string)) {
	t.Helper()
	if uri := os.Getenv("NANOMON_TEST_MONGO_URI"); uri != "" {
		t.Run("NANOMON_TEST_MONGO_URI", func(t *testing.T) { test(t, uri) })
		return
	}
	if _, err := exec.LookPath("mongod"); err == nil {
		t.Run("mongod", func(t *testing.T) { test(t, Start(t)) })
	}
	t.Run("FerretDB", func(t *testing.T) { test(t, FerretDB(t).URI) })
	t.Run("mongo-java-server", func(t *testing.T) { test(t, JavaServer(t).URI) })
}

// Real reports whether [Start] and [StartWatchable] use a real server instead of a stand-in.
func Real() bool {
	_, err := exec.LookPath("mongod")
	return err == nil || os.Getenv("NANOMON_TEST_MONGO_URI") != ""
}

// Start starts a server until the test ends and returns its URI. A package with many tests
// starts one server for all of them with [Launch] in its TestMain.
func Start(t testing.TB) string {
	t.Helper()
	return startForTest(t, Launch)
}

// StartWatchable does the same as [Start], with a server that has change streams.
func StartWatchable(t testing.TB) string {
	t.Helper()
	return startForTest(t, func() (string, func() error, error) { return launch(javaServer) })
}

func startForTest(t testing.TB, launch func() (string, func() error, error)) string {
	t.Helper()
	uri, stop, err := launch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return uri
}

// Launch starts a server and returns its URI and a function that stops it and waits for its end.
func Launch() (uri string, stop func() error, err error) { return launch(ferretDB) }

// launch starts the stand-in only if no real server is available.
func launch(standIn func(dir string) (newCommand, error)) (uri string, stop func() error, err error) {
	if uri := os.Getenv("NANOMON_TEST_MONGO_URI"); uri != "" {
		return uri, func() error { return nil }, nil
	}
	dir, err := os.MkdirTemp("", "nanomon-mongo-")
	if err != nil {
		return "", nil, err
	}
	p, err := startServer(dir, standIn)
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p.uri, func() error { return errors.Join(p.kill(), os.RemoveAll(dir)) }, nil
}

// startServer starts mongod, or else the stand-in, with its data in dir.
func startServer(dir string, standIn func(dir string) (newCommand, error)) (*process, error) {
	if program, err := exec.LookPath("mongod"); err == nil {
		return startMongod(program, dir)
	}
	command, err := standIn(dir)
	if err != nil {
		return nil, err
	}
	return startStandIn(command(localAddress))
}

// Database returns the name of a new database on the server and drops the database when the test ends.
func Database(t testing.TB, uri string) string {
	t.Helper()
	name := "nanomon_test_" + monitor.NewID(time.Now())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		err := withClient(ctx, uri, func(c *mongo.Client) error { return c.Database(name).Drop(ctx) })
		if err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	return name
}

// withClient calls use with a client that is connected to uri.
func withClient(ctx context.Context, uri string, use func(*mongo.Client) error) error {
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	return errors.Join(use(client), client.Disconnect(ctx))
}
