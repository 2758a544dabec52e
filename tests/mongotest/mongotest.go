// Package mongotest gives tests a server that speaks MongoDB's protocol: the one at
// NANOMON_TEST_MONGO_URI; else a mongod from the PATH, as a one-node replica set; else the
// stand-in that scripts/build-ferretdb.sh builds.
package mongotest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"nanomon/services/common/monitor"
)

// patience is how long a server may take to start, or to stop before it is killed.
const patience = 30 * time.Second

// Start gives the URI of a server that is stopped when the test ends. A package with many tests
// starts one for all of them by [Launch] in its TestMain.
func Start(t testing.TB) string {
	t.Helper()
	uri, stop, err := Launch()
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
func Launch() (uri string, stop func() error, err error) {
	if uri := os.Getenv("NANOMON_TEST_MONGO_URI"); uri != "" {
		return uri, func() error { return nil }, nil
	}
	dir, err := os.MkdirTemp("", "nanomon-mongo-")
	if err != nil {
		return "", nil, err
	}
	var kill func() error
	if program, lookErr := exec.LookPath("mongod"); lookErr == nil {
		uri, kill, err = startMongod(program, dir)
	} else {
		uri, kill, err = startFerretDB(dir)
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return uri, func() error { return errors.Join(kill(), os.RemoveAll(dir)) }, nil
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

func startFerretDB(dir string) (string, func() error, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", nil, err
	}
	program := filepath.Join(root, ".tools", "ferretdb")
	if _, err := os.Stat(program); err != nil {
		return "", nil, errors.New("no MongoDB to test with: run scripts/build-ferretdb.sh, " +
			"or put mongod on the PATH, or set NANOMON_TEST_MONGO_URI")
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	defer reader.Close()
	command := exec.Command(program, "-listen", "127.0.0.1:0", "-data", dir, "-tied")
	// Nothing is ever written to the pipe: it closes when this process ends, whatever ended it.
	if _, err := command.StdinPipe(); err != nil {
		return "", nil, err
	}
	kill, err := run(command, writer)
	if err := errors.Join(err, writer.Close()); err != nil {
		return "", nil, err
	}
	if err := reader.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", nil, errors.Join(err, kill())
	}
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("%s told no address: %w", program, err), kill())
	}
	return line[:len(line)-1], kill, nil
}

// run starts a server and returns what ends it.
func run(command *exec.Cmd, stdout io.Writer) (kill func() error, err error) {
	command.Stdout, command.Stderr = stdout, os.Stderr
	if err := command.Start(); err != nil {
		return nil, err
	}
	return func() error {
		timer := time.AfterFunc(patience, func() { command.Process.Kill() })
		defer timer.Stop()
		if err := command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		if err := command.Wait(); err != nil {
			return fmt.Errorf("%s: %w", command.Path, err)
		}
		return nil
	}, nil
}

// moduleRoot is the folder of go.mod, at or above the working directory.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod at or above %s", start)
		}
	}
}

// with runs use on a connection to uri.
func with(ctx context.Context, uri string, use func(*mongo.Client) error) error {
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	return errors.Join(use(client), client.Disconnect(ctx))
}
