// Package mongotest gives tests servers that speak MongoDB's protocol: the one at
// NANOMON_TEST_MONGO_URI; else a mongod from the PATH, as a one-node replica set; else the
// stand-ins that scripts/build-ferretdb.sh and scripts/build-mongojava.sh build.
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

// patience is how long a server may take to start.
const patience = 30 * time.Second

// Each runs a test on a server of every kind there is: that of the environment alone, if it is set; else
// mongod, if it is on the PATH, and both stand-ins.
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

// Real reports whether [Start] and [StartWatchable] give a real server, and not a stand-in.
func Real() bool {
	_, err := exec.LookPath("mongod")
	return err == nil || os.Getenv("NANOMON_TEST_MONGO_URI") != ""
}

// Start gives the URI of a server that is stopped when the test ends. A package with many tests
// starts one for all of them by [Launch] in its TestMain.
func Start(t testing.TB) string {
	t.Helper()
	return untilEnd(t, Launch)
}

// StartWatchable is [Start] for a server that has change streams.
func StartWatchable(t testing.TB) string {
	t.Helper()
	return untilEnd(t, func() (string, func() error, error) { return launch(javaServer) })
}

func untilEnd(t testing.TB, launch func() (string, func() error, error)) string {
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

// Launch gives the URI of a server and the function that stops it and waits for its end.
func Launch() (uri string, stop func() error, err error) { return launch(ferretDB) }

// launch starts a stand-in only if there is no real server.
func launch(standIn func(dir string) (command, error)) (uri string, stop func() error, err error) {
	if uri := os.Getenv("NANOMON_TEST_MONGO_URI"); uri != "" {
		return uri, func() error { return nil }, nil
	}
	dir, err := os.MkdirTemp("", "nanomon-mongo-")
	if err != nil {
		return "", nil, err
	}
	p, err := startIn(dir, standIn)
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p.uri, func() error { return errors.Join(p.kill(), os.RemoveAll(dir)) }, nil
}

func startIn(dir string, standIn func(dir string) (command, error)) (*process, error) {
	if program, err := exec.LookPath("mongod"); err == nil {
		return startMongod(program, dir)
	}
	command, err := standIn(dir)
	if err != nil {
		return nil, err
	}
	return startTied(command("127.0.0.1:0"))
}

// Database gives the name of a new database on the server; it is dropped when the test ends.
func Database(t testing.TB, uri string) string {
	t.Helper()
	name := "nanomon_test_" + monitor.NewID(time.Now())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err := with(ctx, uri, func(c *mongo.Client) error { return c.Database(name).Drop(ctx) })
		if err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	return name
}

// with runs use on a connection to uri.
func with(ctx context.Context, uri string, use func(*mongo.Client) error) error {
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	return errors.Join(use(client), client.Disconnect(ctx))
}
