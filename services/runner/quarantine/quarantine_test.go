package quarantine

import (
	"bytes"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func key(name string) Key { return Key{ID: strings.Repeat(name, idSize), Updated: 7} }

// open opens the journal of a folder.
func open(t *testing.T, folder string) *Journal {
	t.Helper()
	j := Open(folder, slog.Default())
	if j == nil {
		t.Fatal("the journal could not be opened")
	}
	return j
}

// crash ends the use of a journal as the end of the process does.
func (j *Journal) crash(t *testing.T) {
	t.Helper()
	if err := errors.Join(j.memory.close(), j.file.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestSuspectsAfterTwoCrashes(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder)
	ended := j.Begin(key("e"), Together)
	for _, name := range []string{"a", "b", "c"} {
		j.Begin(key(name), Together)
	}
	ended()
	j.crash(t)
	j = open(t, folder)
	if suspects, alone := j.Suspects(); len(suspects) > 0 || alone != nil {
		t.Errorf("suspects after one crash: %v, %v", suspects, alone)
	}
	for _, k := range []Key{key("b"), key("c"), key("d"), key("e"), {key("a").ID, 8}} {
		j.Begin(k, Together)
	}
	j.crash(t)
	j = open(t, folder)
	suspects, alone := j.Suspects()
	slices.SortFunc(suspects, func(a, b Key) int { return strings.Compare(a.ID, b.ID) })
	if !slices.Equal(suspects, []Key{key("b"), key("c")}) || alone != nil {
		t.Errorf("suspects %v, alone %v", suspects, alone)
	}
	if err := j.Stopped(); err != nil {
		t.Fatal(err)
	}
	j.Close()
	j = open(t, folder)
	defer j.Close()
	if suspects, alone := j.Suspects(); len(suspects) > 0 || alone != nil {
		t.Errorf("suspects after a clean stop: %v, %v", suspects, alone)
	}
}

func TestRecordAfterCrash(t *testing.T) {
	a, b, c := key("a"), key("b"), key("c")
	now := time.Now()
	both := []Key{a, b}
	for name, test := range map[string]struct {
		before  record
		after   time.Duration
		checks  []running
		certain bool
		want    record
	}{
		"first crash":         {record{}, 0, []running{{a, Together}}, true, record{Running: []Key{a}}},
		"second crash":        {record{Running: both}, time.Minute, []running{{a, Together}, {b, Together}, {c, Together}}, true, record{Running: []Key{a, b, c}, Suspects: both}},
		"one suspect":         {record{Running: both}, time.Minute, []running{{b, Together}, {c, Together}}, true, record{Running: []Key{b, c}, Suspects: []Key{b}, Alone: &b}},
		"too long ago":        {record{Running: both}, 11 * time.Minute, []running{{a, Together}}, true, record{Running: []Key{a}}},
		"no check":            {record{Running: both, Alone: &b}, time.Minute, nil, true, record{Running: both, Alone: &b}},
		"one at a time":       {record{Running: both, Suspects: both}, time.Minute, []running{{a, OneAtATime}, {c, Together}}, true, record{Running: []Key{a, c}, Suspects: both, Alone: &a}},
		"alone":               {record{Running: both, Suspects: both, Alone: &a}, time.Minute, []running{{a, Alone}}, true, record{Running: []Key{a}, Suspects: both, Quarantined: []Key{a}}},
		"killed alone":        {record{Running: both, Alone: &a}, time.Minute, []running{{a, Alone}}, false, record{Running: []Key{a}, Alone: &a, AloneCrashes: 1}},
		"killed alone twice":  {record{Running: []Key{a}, Alone: &a, AloneCrashes: 1}, time.Minute, []running{{a, Alone}}, false, record{Running: []Key{a}, Quarantined: []Key{a}}},
		"another after alone": {record{Running: []Key{a}, Alone: &a, AloneCrashes: 1}, time.Minute, []running{{b, Together}}, true, record{Running: []Key{b}, AloneCrashes: 1}},
	} {
		test.before.Crashed = now
		got := test.before.afterCrash(now.Add(test.after), test.checks, test.certain)
		sameAlone := (got.Alone == nil) == (test.want.Alone == nil) && (got.Alone == nil || *got.Alone == *test.want.Alone)
		if !sameAlone || got.AloneCrashes != test.want.AloneCrashes || !slices.Equal(got.Running, test.want.Running) ||
			!slices.Equal(got.Suspects, test.want.Suspects) || !slices.Equal(got.Quarantined, test.want.Quarantined) {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestJournalsOfSeveralProcesses(t *testing.T) {
	folder := t.TempDir()
	first, second := open(t, folder), open(t, folder)
	if first.path == second.path {
		t.Errorf("both use %s", first.path)
	}
	first.Close()
	second.Close()
}

// TestDamagedFilesAreNoObstacle opens the journal of a process that crashed, after its files were damaged.
func TestDamagedFilesAreNoObstacle(t *testing.T) {
	random := make([]byte, 2*mapLength)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(random)
	for name, damage := range map[string]func(path string) error{
		"random":    func(path string) error { return os.WriteFile(path, random, 0o600) },
		"short":     func(path string) error { return os.Truncate(path, 100) },
		"empty":     func(path string) error { return os.Truncate(path, 0) },
		"no record": func(path string) error { return os.WriteFile(path+".json", []byte("{"), 0o600) },
		"new record": func(path string) error {
			return os.WriteFile(path+".json", []byte(`{"running":{"a":1},"suspects":7}`), 0o600)
		},
	} {
		folder := t.TempDir()
		j := open(t, folder)
		j.Begin(key("a"), Together)
		j.crash(t)
		if err := damage(j.path); err != nil {
			t.Fatal(err)
		}
		j = open(t, folder)
		if suspects, alone := j.Suspects(); len(suspects) > 0 || alone != nil {
			t.Errorf("%s: suspects %v, %v", name, suspects, alone)
		}
		j.Begin(key("a"), Together)()
		j.Close()
	}
}

func TestFileTruncatedWhileItIsUsed(t *testing.T) {
	j := open(t, t.TempDir())
	defer j.Close()
	if err := os.Truncate(j.path, 0); err != nil {
		t.Fatal(err)
	}
	j.Begin(key("a"), Together)()
}

// TestUnusableFilesAreReported replaces each file of a journal by a folder.
func TestUnusableFilesAreReported(t *testing.T) {
	for _, name := range []string{"running-checks-0", "running-checks-0.json", "running-checks-0.crash"} {
		folder := t.TempDir()
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		j := Open(folder, slog.New(slog.NewTextHandler(&log, nil)))
		if j != nil || !strings.Contains(log.String(), "can't list the running checks; a monitor that brings this process down will not be quarantined") {
			t.Errorf("%s: journal %v, log %s", name, j, log.String())
		}
	}
}

func TestMoreChecksThanSlots(t *testing.T) {
	folder := t.TempDir()
	j := open(t, folder)
	ended := j.Begin(key("a"), Together)
	for range maxChecks {
		j.Begin(key("b"), Together)
	}
	ended()
	j.Begin(key("c"), Together) // in the slot of a
	j.crash(t)
	j = open(t, folder)
	defer j.Close()
	if n := len(j.record.Running); n != maxChecks || slices.Contains(j.record.Running, key("a")) || !slices.Contains(j.record.Running, key("c")) {
		t.Errorf("%d checks are recorded", n)
	}
}

func TestNoJournal(t *testing.T) {
	j := Open("", slog.Default())
	j.Begin(key("a"), Together)()
	if suspects, alone := j.Suspects(); j != nil || len(suspects)+len(j.Quarantined()) > 0 || alone != nil {
		t.Errorf("journal %v, suspects %v, %v", j, suspects, alone)
	}
	if err := errors.Join(j.Stopped(), j.Close()); err != nil {
		t.Error(err)
	}
}

// TestEndAfterClose ends a check that was abandoned at the stop, after the journal was closed.
func TestEndAfterClose(t *testing.T) {
	j := open(t, t.TempDir())
	end := j.Begin(key("a"), Together)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	end()
	j.Begin(key("b"), Together)()
}
