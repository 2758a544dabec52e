package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// Environment variables for the child process of TestCrash. If crashFile is set, this program stores batches in that
// file, beginning with batch number crashFirst.
const (
	crashFile  = "NANOMON_TEST_CRASH_FILE"
	crashFirst = "NANOMON_TEST_CRASH_FIRST"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		first, _ := strconv.Atoi(os.Getenv(crashFirst))
		fmt.Fprintln(os.Stderr, appendForever(path, first))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const crashBatch = 5

// crashResults returns the results of batch n of the child.
func crashResults(n int) []monitor.Result {
	results := make([]monitor.Result, crashBatch)
	for i := range results {
		results[i] = sampleResult(sampleMonitors(1)[0], n, start.Add(time.Duration(n%100)*time.Minute))
		results[i].ID = fmt.Sprintf("65a500000000%012x", n*crashBatch+i)
	}
	return results
}

// appendForever stores batches, numbered from first, and prints the number of each batch after it was stored. At the same
// time it seals all hours, again and again.
func appendForever(path string, first int) error {
	s, err := Open(context.Background(), Config{Path: path})
	if err != nil {
		return err
	}
	failed := make(chan error)
	go func() {
		for {
			if err := s.Seal(context.Background(), farFuture); err != nil {
				failed <- err
			}
		}
	}()
	for w := range 4 {
		go func() {
			for n := first + w; ; n += 4 {
				if err := handlePing(context.Background(), s, n); err != nil {
					failed <- err
				}
				fmt.Println(n)
			}
		}()
	}
	return <-failed
}

// handlePing stores a ping, and then batch n, which deletes the ping. The ping has the id of the first result.
func handlePing(ctx context.Context, s *Store, n int) error {
	results := crashResults(n)
	first := results[0]
	ping := store.Ping{ID: first.ID, MonitorID: first.MonitorID, Received: first.Date, Kind: store.PingSuccess}
	if err := s.AddPing(ctx, ping); err != nil {
		return err
	}
	return s.AppendBatch(ctx, store.Batch{
		Results: results, States: []store.State{{MonitorID: first.MonitorID, Latest: first}},
		PushStates: []store.PushState{{MonitorID: first.MonitorID, Sequence: int64(n)}}, DonePings: []string{ping.ID},
	})
}

// TestCrash kills a process several times while it writes and seals. Every batch whose number it printed must be in the
// file, and every result once. A ping must be there as long as its results are not.
func TestCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nanomon.db")
	acknowledged := make(map[int]bool)
	for round := range 3 {
		for _, n := range killWhileWriting(t, path, round*100000) {
			acknowledged[n] = true
		}
		s := openAt(t, path)
		list, err := s.Results(t.Context(), store.ResultFilter{Limit: 1000000})
		if err != nil {
			t.Fatal(err)
		}
		stored := make(map[string]bool, len(list))
		for _, r := range list {
			stored[r.ID] = true
		}
		for n := range acknowledged {
			for _, r := range crashResults(n) {
				if !stored[r.ID] {
					t.Fatalf("result %s of batch %d was acknowledged but is missing", r.ID, n)
				}
			}
		}
		if len(stored) != len(list) {
			t.Errorf("%d of %d results are listed twice", len(list)-len(stored), len(list))
		}
		if count(t, s, "blocks") == 0 {
			t.Error("no hour is sealed")
		}
		pings, err := s.Pings(t.Context(), nil, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pings {
			if stored[p.ID] {
				t.Errorf("ping %s is stored besides its results", p.ID)
			}
		}
		if len(list)%crashBatch != 0 {
			t.Errorf("%d results: a batch was stored partly", len(list))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killWhileWriting starts the child, kills it after some batches and returns the numbers that it printed.
func killWhileWriting(t *testing.T, path string, first int) (acknowledged []int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashFile+"="+path, fmt.Sprint(crashFirst, "=", first))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() { _ = child.Process.Kill() })
	defer kill()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			break // the last line is incomplete
		}
		if acknowledged = append(acknowledged, n); len(acknowledged) == 30 {
			if _, err := Open(t.Context(), Config{Path: path}); !errors.Is(err, errInUse) {
				t.Errorf("open a file that another process uses: error %v, want %v", err, errInUse)
			}
			kill()
		}
	}
	if err := child.Wait(); err == nil || len(acknowledged) < 30 {
		t.Fatalf("the child ended with %v after %d batches, want it killed", err, len(acknowledged))
	}
	return acknowledged
}
