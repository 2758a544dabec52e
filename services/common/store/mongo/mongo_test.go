package mongo

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/common/store/storetest"
	"nanomon/tests/mongotest"
)

// server is the URI of the server that all tests of the package share.
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
	storetest.Run(t, func(t *testing.T) store.Store { return openStore(t, mongotest.Database(t, server)) })
}

// openStore opens a database; it is closed when the test ends.
func openStore(t *testing.T, database string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{URI: server, Database: database, Timeout: 10 * time.Second})
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
