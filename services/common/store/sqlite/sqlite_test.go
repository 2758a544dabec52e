package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"nanomon/services/common/monitor"
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

// sealedStore seals all hours after each batch.
type sealedStore struct {
	*Store
	// keepRows leaves the rows beside the blocks, as if the process had been killed between both.
	keepRows bool
}

func (s sealedStore) AppendBatch(ctx context.Context, b store.Batch) error {
	err := s.Store.AppendBatch(ctx, b)
	if err != nil || !s.keepRows {
		return errors.Join(err, s.Seal(ctx, farFuture))
	}
	for from := int64(0); ; from += hourLength {
		if from, err = (sealer{Store: s.Store}).nextHour(ctx, from, farFuture.UnixMilli()); err != nil {
			break
		}
		if err := (sealer{Store: s.Store}).storeBlocks(ctx, from); err != nil {
			return err
		}
	}
	if errors.Is(err, monitor.ErrNotFound) {
		err = nil
	}
	return err
}

var farFuture = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// TestContractSealed runs the contract about results on a store whose results are in blocks.
func TestContractSealed(t *testing.T) {
	for name, keepRows := range map[string]bool{"WithoutRows": false, "BesideRows": true} {
		t.Run(name, func(t *testing.T) {
			storetest.RunResults(t, func(t *testing.T, observe store.Observe) store.Store {
				return sealedStore{open(t, Config{Path: newPath(t), Observe: observe}), keepRows}
			})
		})
	}
}

func TestContract(t *testing.T) {
	opener := func(t *testing.T, observe store.Observe) store.Store {
		return open(t, Config{Path: newPath(t), Observe: observe})
	}
	storetest.Run(t, opener)
	storetest.RunAtomic(t, opener)
}
