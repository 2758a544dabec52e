package spool

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/store"
)

func setAside(t *testing.T, s *Spool, b store.Batch) {
	t.Helper()
	if _, err := s.SetAside(b); err != nil {
		t.Fatal(err)
	}
}

// retry retries the batches that are set aside and returns them. It removes each batch whose id is stored.
func retry(t *testing.T, s *Spool, stored ...string) (batches []store.Batch) {
	t.Helper()
	err := s.RetryAside(func(b store.Batch) bool {
		batches = append(batches, b)
		return slices.Contains(stored, b.Results[0].ID)
	})
	if err != nil {
		t.Error(err)
	}
	return batches
}

func TestSetAside(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, "a")
	add(t, s, batch("queued", 2))
	setAside(t, s, batch("first", 3))
	setAside(t, s, batch("second", 4))
	if s.Results() != 2 || s.SetAsideResults() != 7 {
		t.Errorf("%d results in the spool and %d set aside, want 2 and 7", s.Results(), s.SetAsideResults())
	}
	if ids := drain(t, s); !slices.Equal(ids, []string{"queued"}) {
		t.Errorf("Next returned %q", ids)
	}
	want := []store.Batch{batch("first", 3), batch("second", 4)}
	if diff := cmp.Diff(want, retry(t, s, "first.0")); diff != "" {
		t.Errorf("the batches differ (-want +got):\n%s", diff)
	}
	if err := s.Close(); err != nil || s.SetAsideResults() != 4 || len(files(t, root)) != 1 {
		t.Errorf("%d set aside, files %q, error %v", s.SetAsideResults(), files(t, root), err)
	}

	successor := open(t, root, "b")
	if n := takeOver(t, successor); n != 0 || successor.SetAsideResults() != 4 {
		t.Errorf("took over %d results for writing, and %d that are set aside; want 0 and 4", n, successor.SetAsideResults())
	}
	if diff := cmp.Diff(want[1:], retry(t, successor, "second.0")); diff != "" {
		t.Errorf("the batches differ (-want +got):\n%s", diff)
	}
	if left := files(t, root); len(left) != 0 {
		t.Errorf("files are left: %q", left)
	}
}

func TestFullSpoolDropsBatchesSetAsideFirst(t *testing.T) {
	s := open(t, t.TempDir(), "a")
	s.maxResults = 10
	setAside(t, s, batch("rejected", 3))
	add(t, s, batch("a", 6))
	if dropped := add(t, s, batch("b", 2)); dropped != 3 || s.SetAsideResults() != 0 {
		t.Errorf("%d dropped, %d set aside; want 3 and 0", dropped, s.SetAsideResults())
	}
	if ids := drain(t, s); !slices.Equal(ids, []string{"a", "b"}) {
		t.Errorf("Next returned %q", ids)
	}
}

func TestRetryAsideSkipsDamagedFile(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, "a")
	setAside(t, s, batch("a", 1))
	setAside(t, s, batch("b", 1))
	damaged, _ := filepath.Glob(filepath.Join(root, "*", "*1-1*"))
	if err := os.Truncate(damaged[0], 10); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := s.RetryAside(func(b store.Batch) bool { got = append(got, b.Results[0].ID); return true })
	if err == nil || !slices.Equal(got, []string{"b.0"}) || s.SetAsideResults() != 1 || !exists(damaged[0]) {
		t.Errorf("error %v, batches %q, %d set aside", err, got, s.SetAsideResults())
	}
}
