package mongo

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/common/store/storetest"
	"nanomon/tests/support/mongotest"
)

// server is the URI of the server that the tests of this package share.
var server string

func TestMain(m *testing.M) {
	uri, stop, err := mongotest.Launch()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server = uri
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestContract(t *testing.T) {
	mongotest.Each(t, func(t *testing.T, uri string) {
		storetest.Run(t, func(t *testing.T, observe store.Observe) store.Store {
			return open(t, Config{URI: uri, Database: mongotest.Database(t, uri), Observe: observe})
		})
	})
}

// TestAtomicContract does not use FerretDB, whose updates of a document are not atomic.
func TestAtomicContract(t *testing.T) {
	uri := mongotest.StartWatchable(t)
	storetest.RunAtomic(t, func(t *testing.T, observe store.Observe) store.Store {
		return open(t, Config{URI: uri, Database: mongotest.Database(t, uri), Observe: observe})
	})
}

// openStore opens a database and closes it when the test ends.
func openStore(t *testing.T, database string) *Store {
	t.Helper()
	return open(t, Config{URI: server, Database: database})
}

func open(t *testing.T, c Config) *Store {
	t.Helper()
	c.Timeout = 10 * time.Second
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return s
}
