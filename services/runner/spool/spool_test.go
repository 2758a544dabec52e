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

// batch has n results, the first with the given id.
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
		History: []store.Point{{Date: noon, Status: monitor.StatusFailed, Value: 2}},
	}}
	b.StatusChanges = []store.StatusChange{{MonitorID: "m", Date: noon, Kind: store.ChangeStatus, From: "ok", To: "error"}}
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

// adopt returns how many results were adopted.
func adopt(t *testing.T, s *Spool) int {
	t.Helper()
	adopted, dropped, err := s.Adopt()
	if err != nil || dropped != 0 {
		t.Fatalf("%d dropped, %v", dropped, err)
	}
	return adopted
}

// drain takes everything out, file by file, and returns the ids of the first results.
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

// files lists what lies below root but for the locks.
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

func TestWhatComesOutIsWhatWentIn(t *testing.T) {
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
		t.Errorf("%v; the empty folder is still there: %t", err, exists(filepath.Join(root, "a.spool")))
	}
}

func TestNextJoinsTheOldest(t *testing.T) {
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
		t.Errorf("sizes %v, in the order %v", sizes, ids)
	}
}

func TestTheOldestGoWhenThereIsNoRoom(t *testing.T) {
	for name, bound := range map[string]func(*Spool){
		"results": func(s *Spool) { s.maxResults = 30 },
		"bytes":   func(s *Spool) { s.maxBytes = 3 * block },
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			s := open(t, root, "a")
			bound(s)
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

func TestWhatIsBeingSentIsNotDropped(t *testing.T) {
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

func TestAdoptionAfterAStop(t *testing.T) {
	root := t.TempDir()
	dead := open(t, root, "dead")
	for i := range 3 {
		add(t, dead, batch(fmt.Sprint("dead", i), 5))
	}
	if _, err := dead.Next(1); err != nil { // was being sent
		t.Fatal(err)
	}
	heir := open(t, root, "heir")
	add(t, heir, batch("own", 1))
	if n := adopt(t, heir); n != 0 {
		t.Fatalf("%d results adopted from a spool in use", n)
	}
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	if n := adopt(t, heir); n != 15 || heir.Results() != 16 || exists(filepath.Join(root, "dead.spool")) {
		t.Errorf("%d adopted, %d results", n, heir.Results())
	}
	if ids := drain(t, heir); !slices.Equal(ids, []string{"dead0", "dead1", "dead2", "own"}) {
		t.Errorf("got %v", ids)
	}
}

func TestAdoptionKeepsTheBound(t *testing.T) {
	root := t.TempDir()
	dead := open(t, root, "dead")
	for i := range 3 {
		add(t, dead, batch(fmt.Sprint("dead", i), 10))
	}
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	heir := open(t, root, "heir")
	heir.maxResults = 20
	add(t, heir, batch("own", 10))
	if adopted, dropped, err := heir.Adopt(); adopted != 30 || dropped != 20 || err != nil {
		t.Errorf("%d adopted, %d dropped, %v", adopted, dropped, err)
	}
	if ids := drain(t, heir); !slices.Equal(ids, []string{"dead2", "own"}) {
		t.Errorf("left: %v", ids)
	}
}

func TestAdoptionLeavesAloneWhatItDoesNotKnow(t *testing.T) {
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
	s := open(t, root, "heir")
	for range 2 {
		if n := adopt(t, s); n != 0 {
			t.Errorf("%d results adopted", n)
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

func TestOpenSaysWhyNot(t *testing.T) {
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

func TestAFailedWriteLeavesNothing(t *testing.T) {
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

func TestSeveralRunnersInOneFolder(t *testing.T) {
	const runners, each = 4, 25
	root := t.TempDir()
	var mu sync.Mutex
	got := make(map[string]int)
	var all sync.WaitGroup
	for r := range runners {
		all.Go(func() {
			for round := range each {
				if err := stay(root, fmt.Sprintf("%d-%d", r, round), func(id string) {
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
	adopt(t, last)
	for _, id := range drain(t, last) {
		got[id]++
	}
	if len(got) != 2*runners*each {
		t.Errorf("%d of %d batches came out", len(got), 2*runners*each)
	}
	for id, n := range got {
		if n != 1 {
			t.Errorf("%s came out %d times", id, n)
		}
	}
}

// stay is a runner that comes, adopts, puts two batches in, takes one out and goes.
func stay(root, id string, sent func(id string)) error {
	s, err := Open(root, id)
	if err != nil {
		return err
	}
	_, _, err = s.Adopt()
	for n := range 2 {
		_, failed := s.Append(batch(fmt.Sprintf("%s-%d", id, n), 1))
		err = errors.Join(err, failed)
	}
	b, failed := s.Next(1)
	if failed == nil {
		sent(strings.TrimSuffix(b.Results[0].ID, ".0"))
		s.Done()
	}
	return errors.Join(err, failed, s.Close())
}
