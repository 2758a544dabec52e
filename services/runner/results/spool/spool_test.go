package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, int(7*time.Millisecond), time.UTC)

// batch returns a batch of n results. The id of the first one is id with the suffix ".0".
func batch(id string, n int) store.Batch {
	var b store.Batch
	for i := range n {
		r := monitor.Result{
			ID: fmt.Sprintf("%s.%d", id, i), Date: noon, Status: monitor.StatusError, Value: 1.5, Message: "zu spät \xff", MonitorID: "m",
			MonitorName: "a name", MonitorTarget: "a target", Outputs: map[string]any{"a": 0.1, "b": "text", "c": true},
		}
		b.Results = append(b.Results, r)
	}
	b.States = []store.State{{
		MonitorID: "m", Latest: monitor.Result{ID: id, Date: noon, Outputs: map[string]any{}}, Streak: 3, Since: noon,
		History: []store.Point{{Date: noon, Status: monitor.StatusFailed, Value: 2, Warning: true}},
	}}
	b.StatusChanges = []store.StatusChange{{MonitorID: "m", Date: noon, Kind: store.ChangeStatus, From: "ok", To: "error"}}
	b.PushStates = []store.PushState{{MonitorID: "m", Sequence: int64(n), Since: noon, Pings: []store.PushPing{{ID: id, Received: noon}}}}
	b.DonePings = []string{id}
	return b
}

func open(t *testing.T, root, id string) *Spool {
	t.Helper()
	s, err := Open(root, id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func add(t *testing.T, s *Spool, b store.Batch) (dropped int) {
	t.Helper()
	dropped, err := s.Append(b)
	if err != nil {
		t.Fatal(err)
	}
	return dropped
}

// takeOver returns how many results s took over.
func takeOver(t *testing.T, s *Spool) int {
	t.Helper()
	taken, dropped, err := s.TakeOver()
	if err != nil || dropped != 0 {
		t.Fatalf("%d dropped, %v", dropped, err)
	}
	return taken
}

// drain empties the spool file by file and returns the id of each batch.
func drain(t *testing.T, s *Spool) (ids []string) {
	t.Helper()
	for {
		b, err := s.Next(1)
		if err != nil {
			t.Fatal(err)
		}
		if b == nil {
			return ids
		}
		ids = append(ids, strings.TrimSuffix(b.Results[0].ID, ".0"))
		s.Done()
	}
}

// files lists the batch files below root.
func files(t *testing.T, root string) (paths []string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "*", "*.v*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestNextReturnsAppendedBatchUntilDone(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, "a")
	if len(files(t, root)) != 0 {
		t.Error("an unused spool has files")
	}
	want := batch("1", 2)
	add(t, s, want)
	for range 2 {
		got, err := s.Next(100)
		if err != nil || cmp.Diff(&want, got) != "" {
			t.Fatalf("%v, %s", err, cmp.Diff(&want, got))
		}
	}
	if s.Results() != 2 {
		t.Errorf("%d results before Done", s.Results())
	}
	s.Done()
	if b, err := s.Next(100); b != nil || err != nil || s.Results() != 0 || len(files(t, root)) != 0 {
		t.Errorf("after Done: %v, %v, %d results, %v", b, err, s.Results(), files(t, root))
	}
	if err := s.Close(); err != nil || exists(filepath.Join(root, "a.spool")) {
		t.Errorf("%v; empty folder still exists: %t", err, exists(filepath.Join(root, "a.spool")))
	}
}

func TestNextJoinsOldestBatches(t *testing.T) {
	s := open(t, t.TempDir(), "a")
	for i, n := range []int{3, 4, 3, 12, 0, 1} {
		add(t, s, batch(fmt.Sprint(i), n))
	}
	var sizes []int
	var ids []string
	for {
		b, err := s.Next(10)
		if err != nil {
			t.Fatal(err)
		}
		if b == nil {
			break
		}
		sizes = append(sizes, len(b.Results))
		for _, st := range b.States {
			ids = append(ids, st.Latest.ID)
		}
		s.Done()
	}
	if !slices.Equal(sizes, []int{10, 12, 1}) || !slices.Equal(ids, []string{"0", "1", "2", "3", "4", "5"}) {
		t.Errorf("sizes %v, order %v", sizes, ids)
	}
}

func TestFullSpoolDropsOldestBatches(t *testing.T) {
	for name, limit := range map[string]func(*Spool){
		"results": func(s *Spool) { s.maxResults = 30 },
		"bytes":   func(s *Spool) { s.maxBytes = 3 * blockSize },
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			s := open(t, root, "a")
			limit(s)
			dropped := 0
			for i := range 10 {
				dropped += add(t, s, batch(fmt.Sprint(i), 10))
				if len(files(t, root)) > 3 {
					t.Fatalf("files: %v", files(t, root))
				}
			}
			if ids := drain(t, s); dropped != 70 || !slices.Equal(ids, []string{"7", "8", "9"}) {
				t.Errorf("%d dropped, left: %v", dropped, ids)
			}
		})
	}
}

func TestFullSpoolKeepsCurrentBatch(t *testing.T) {
	s := open(t, t.TempDir(), "a")
	s.maxResults = 10
	add(t, s, batch("1", 10))
	if _, err := s.Next(1); err != nil {
		t.Fatal(err)
	}
	if dropped := add(t, s, batch("2", 10)); dropped != 10 {
		t.Errorf("%d dropped", dropped)
	}
	if ids := drain(t, s); !slices.Equal(ids, []string{"1"}) || s.Results() != 0 {
		t.Errorf("left: %v", ids)
	}
}

func TestTakeOverAfterStop(t *testing.T) {
	root := t.TempDir()
	stopped := open(t, root, "stopped")
	for i := range 3 {
		add(t, stopped, batch(fmt.Sprint("stopped", i), 5))
	}
	if _, err := stopped.Next(1); err != nil { // the runner was storing it
		t.Fatal(err)
	}
	successor := open(t, root, "successor")
	add(t, successor, batch("own", 1))
	if n := takeOver(t, successor); n != 0 {
		t.Fatalf("%d results taken over from a spool in use", n)
	}
	if err := stopped.Close(); err != nil {
		t.Fatal(err)
	}
	if n := takeOver(t, successor); n != 15 || successor.Results() != 16 || exists(filepath.Join(root, "stopped.spool")) {
		t.Errorf("%d taken over, %d results", n, successor.Results())
	}
	if ids := drain(t, successor); !slices.Equal(ids, []string{"stopped0", "stopped1", "stopped2", "own"}) {
		t.Errorf("got %v", ids)
	}
}

func TestTakeOverObservesLimit(t *testing.T) {
	root := t.TempDir()
	stopped := open(t, root, "stopped")
	for i := range 3 {
		add(t, stopped, batch(fmt.Sprint("stopped", i), 10))
	}
	if err := stopped.Close(); err != nil {
		t.Fatal(err)
	}
	successor := open(t, root, "successor")
	successor.maxResults = 20
	add(t, successor, batch("own", 10))
	if taken, dropped, err := successor.TakeOver(); taken != 30 || dropped != 20 || err != nil {
		t.Errorf("%d taken over, %d dropped, %v", taken, dropped, err)
	}
	if ids := drain(t, successor); !slices.Equal(ids, []string{"stopped2", "own"}) {
		t.Errorf("left: %v", ids)
	}
}

func TestTakeOverIgnoresUnknownFiles(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"foreign", "foreign/000000000001-5.v1", "empty.spool", "later.spool", "later.spool/000000000001-5.v2", "later.spool/1-5.v1"} {
		full := filepath.Join(root, path)
		var err error
		if strings.Contains(path, ".v") {
			err = os.WriteFile(full, nil, 0o600)
		} else {
			err = os.Mkdir(full, 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, root, "successor")
	for range 2 {
		if n := takeOver(t, s); n != 0 {
			t.Errorf("%d results taken over", n)
		}
	}
	want := []string{"foreign/000000000001-5.v1", "later.spool/000000000001-5.v2", "later.spool/1-5.v1"}
	for i := range want {
		want[i] = filepath.Join(root, want[i])
	}
	if got := files(t, root); !slices.Equal(got, want) || exists(filepath.Join(root, "empty.spool")) {
		t.Errorf("left: %v", got)
	}
}

func TestOpenErrors(t *testing.T) {
	if s, err := Open("", "a"); s != nil || err != nil || s.Close() != nil {
		t.Errorf("without a folder: %v, %v", s, err)
	}
	root := t.TempDir()
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, root, "taken")
	for _, c := range []struct{ root, id, part string }{
		{file, "a", file}, {filepath.Join(file, "below"), "a", file}, {root, "taken", "locked by another process"},
	} {
		if _, err := Open(c.root, c.id); err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s, %s: %v", c.root, c.id, err)
		}
	}
}

func TestFailedAppendLeavesNoFile(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, "a")
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(batch("1", 1)); err == nil || s.Results() != 0 {
		t.Errorf("%v, %d results", err, s.Results())
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	add(t, s, batch("2", 1))
	if ids := drain(t, s); !slices.Equal(ids, []string{"2"}) {
		t.Errorf("got %v", ids)
	}
}

func TestRunnersShareOneFolder(t *testing.T) {
	const runners, each = 4, 25
	root := t.TempDir()
	var mu sync.Mutex
	got := make(map[string]int)
	var all sync.WaitGroup
	for r := range runners {
		all.Go(func() {
			for round := range each {
				if err := runOnce(root, fmt.Sprintf("%d-%d", r, round), func(id string) {
					mu.Lock()
					defer mu.Unlock()
					got[id]++
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	last := open(t, root, "last")
	takeOver(t, last)
	for _, id := range drain(t, last) {
		got[id]++
	}
	if len(got) != 2*runners*each {
		t.Errorf("%d of %d batches returned", len(got), 2*runners*each)
	}
	for id, n := range got {
		if n != 1 {
			t.Errorf("%s was returned %d times", id, n)
		}
	}
}

// runOnce simulates a short-lived runner: it takes over, appends two batches, removes one and closes its spool.
func runOnce(root, id string, stored func(id string)) error {
	s, err := Open(root, id)
	if err != nil {
		return err
	}
	_, _, err = s.TakeOver()
	for n := range 2 {
		_, failed := s.Append(batch(fmt.Sprintf("%s-%d", id, n), 1))
		err = errors.Join(err, failed)
	}
	b, failed := s.Next(1)
	if failed == nil {
		stored(strings.TrimSuffix(b.Results[0].ID, ".0"))
		s.Done()
	}
	return errors.Join(err, failed, s.Close())
}
