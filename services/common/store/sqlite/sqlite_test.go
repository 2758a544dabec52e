package sqlite

import (
	"path/filepath"
	"testing"

	"nanomon/services/common/store"
	"nanomon/services/common/store/storetest"
)

// openAt opens the database at path and closes it when the test ends.
func openAt(t testing.TB, path string) *Store {
	t.Helper()
	return open(t, Config{Path: path})
}

func open(t testing.TB, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openNew(t testing.TB) *Store {
	t.Helper()
	return openAt(t, newPath(t))
}

func newPath(t testing.TB) string {
	return filepath.Join(t.TempDir(), "data", "with ?%#&= in its name.db")
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T, observe store.Observe) store.Store {
		return open(t, Config{Path: newPath(t), Observe: observe})
	})
}
