package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// holdWriter blocks the writer until release is called.
func holdWriter(t *testing.T, s *Store) (release func()) {
	t.Helper()
	return holdWriterWith(t, s, nil, func(*tx) error { return nil })
}

// holdWriterWith blocks the writer until release is called, and then runs an operation that should return want.
func holdWriterWith(t *testing.T, s *Store, want error, run func(*tx) error) (release func()) {
	t.Helper()
	begun, end, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- s.write(context.Background(), "hold the writer", func(tx *tx) error {
			close(begun)
			<-end
			return run(tx)
		})
	}()
	<-begun
	return sync.OnceFunc(func() {
		close(end)
		if err := <-done; !errors.Is(err, want) {
			t.Error(err)
		}
	})
}

func TestFailedOperationIsRolledBackAlone(t *testing.T) {
	s := openNew(t)
	failure := errors.New("this operation fails")
	insert := func(tx *tx, n int) error {
		if _, err := tx.exec("INSERT INTO runners (id, monitors, seen) VALUES (?, 0, 0)", fmt.Sprint(n)); err != nil {
			return err
		}
		if _, err := tx.ref([]byte(fmt.Sprint(n))); err != nil {
			return err
		}
		if n%2 == 1 {
			return failure
		}
		return nil
	}
	// The first operation of a transaction also fails.
	release := holdWriterWith(t, s, failure, func(tx *tx) error { return insert(tx, 41) })
	var all sync.WaitGroup
	for n := range 40 {
		all.Go(func() {
			err := s.write(t.Context(), "insert", func(tx *tx) error { return insert(tx, n) })
			if n%2 == 1 && !errors.Is(err, failure) || n%2 == 0 && err != nil {
				t.Errorf("operation %d: error %v", n, err)
			}
		})
	}
	release()
	all.Wait()
	for _, table := range []string{"runners", "refs"} {
		if n := count(t, s, table); n != 20 {
			t.Errorf("%d rows in %s, want 20", n, table)
		}
	}
}

// count returns the number of rows in a table.
func count(t *testing.T, s *Store, table string) (n int) {
	t.Helper()
	if err := s.row(t.Context(), "count", "SELECT count(*) FROM "+table, nil, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCancelQueuedCall(t *testing.T) {
	s := openNew(t)
	release := holdWriter(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- s.CreateMonitor(ctx, monitor.Monitor{ID: monitor.NewID(start)}) }()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one that wraps %q", err, context.Canceled)
	}
	release()
	if err := s.RemoveRunner(t.Context(), "none"); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "monitors"); n != 0 {
		t.Errorf("%d monitors, want none", n)
	}
}

func TestFullDisk(t *testing.T) {
	s := openNew(t)
	limit := func(pages int) {
		t.Helper()
		err := s.write(t.Context(), "limit the file", func(t *tx) error {
			return t.control(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(100)
	monitors := sampleMonitors(20)
	stored := 0
	var err error
	for ; err == nil; stored += len(monitors) {
		err = s.AppendBatch(t.Context(), sampleBatch(monitors, stored, true))
	}
	stored -= len(monitors)
	if !errors.Is(err, monitor.ErrUnavailable) || !strings.Contains(err.Error(), "full") {
		t.Errorf("error %v, want one that wraps %q and says that the disk is full", err, monitor.ErrUnavailable)
	}
	if n := count(t, s, "results"); n != stored || stored == 0 {
		t.Errorf("%d results, want the %d that were stored", n, stored)
	}
	if _, err := s.Monitors(t.Context()); err != nil {
		t.Error("reading fails:", err)
	}
	limit(100000)
	if err := s.AppendBatch(t.Context(), sampleBatch(monitors, stored, true)); err != nil {
		t.Error("writing fails after the limit was raised:", err)
	}
}

// The list of monitors is encoded again after a change, so other writes must not count as one.
func TestOtherWritesDoNotChangeTheRevision(t *testing.T) {
	s := openNew(t)
	fillMonitors(t, s, sampleMonitors(2), 400)
	revisions := func() [2]string {
		t.Helper()
		var both [2]string
		for i, states := range []bool{false, true} {
			revision, err := s.Revision(t.Context(), states)
			if err != nil {
				t.Fatal(err)
			}
			both[i] = revision
		}
		return both
	}
	before := revisions()
	for name, write := range map[string]func() error{
		"seal":      func() error { return s.Seal(t.Context(), farFuture) },
		"heartbeat": func() error { return s.PutHeartbeat(t.Context(), store.Runner{ID: "runner", LastSeen: start}) },
		"rollups": func() error {
			return s.PutRollups(t.Context(), []store.Rollup{{MonitorID: sampleMonitors(1)[0], Period: store.Hour, Start: start}})
		},
		"results without states": func() error {
			return s.AppendBatch(t.Context(), sampleBatch(sampleMonitors(2), 1000, false))
		},
	} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
		if after := revisions(); after != before {
			t.Errorf("%s: the revisions changed from %v to %v", name, before, after)
		}
	}
	if err := s.AppendBatch(t.Context(), sampleBatch(sampleMonitors(2), 1001, true)); err != nil {
		t.Fatal(err)
	}
	if after := revisions(); after[0] != before[0] || after[1] == before[1] {
		t.Errorf("after a new state the revisions are %v, before %v", after, before)
	}
}

// TestPingsShareCommits measures when writes end, in a bubble in which only the pauses of the writer take time.
func TestPingsShareCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, id := openNew(t), sampleMonitors(1)[0]
		time.Sleep(time.Second)
		began := time.Now()
		pings := 0
		var writing sync.WaitGroup
		begin := func(what string, want time.Duration, write func() error) {
			writing.Go(func() {
				if err := write(); err != nil || time.Since(began) != want {
					t.Errorf("%s ends after %s, want %s; error %v", what, time.Since(began), want, err)
				}
			})
			synctest.Wait()
		}
		ping := func(what string, want time.Duration) {
			pings++
			p := store.Ping{ID: fmt.Sprintf("%024x", pings), MonitorID: id, Received: start, Kind: store.PingSuccess}
			begin(what, want, func() error { return s.AddPing(t.Context(), p) })
		}
		const early, late = 10 * time.Millisecond, 10*time.Millisecond + patientPause
		ping("the first ping", 0)
		ping("a ping right after it", early)
		time.Sleep(early)
		begin("another write", early, func() error { return s.write(t.Context(), "test", func(*tx) error { return nil }) })
		ping("a ping after the other write", late)
		time.Sleep(patientPause / 2)
		for range 20 {
			ping("a later ping", late)
		}
		writing.Wait()
		if n := count(t, s, "pings"); n != pings {
			t.Errorf("%d of %d pings are stored", n, pings)
		}
	})
}
