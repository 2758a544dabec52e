// Command seed fills the data folder of a standalone that isn't running with monitors and an invented history of their
// results, so that the page has something to show. It reads a list of [entry] as JSON from the standard input:
//
//	seed [-days 30] [-results 7] FOLDER < monitors.json
//
// What it invents is the same each time, counted from now.
package main

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

const batchSize = 5000

// entry is a monitor and how it behaves.
type entry struct {
	Monitor monitor.Monitor `json:"monitor"`
	Shape   shape           `json:"shape"`
}

func main() {
	days := flag.Int("days", 30, "`days` of statistics")
	results := flag.Int("results", 7, "`days` of single results")
	flag.Parse()
	if err := run(context.Background(), flag.Arg(0), *days, *results); err != nil {
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder string, days, results int) (err error) {
	if folder == "" {
		return errors.New("name the data folder to fill")
	}
	now := monitor.Date(time.Now())
	entries, err := readEntries(os.Stdin, now.AddDate(0, 0, -days))
	if err != nil {
		return err
	}
	db, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(folder, "nanomon.db")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for i, e := range entries {
		h := invent(e, span{now.AddDate(0, 0, -days), now.AddDate(0, 0, -results).Truncate(time.Hour), now}, newRandom(i))
		if err := put(ctx, db, e.Monitor, h); err != nil {
			return fmt.Errorf("monitor %q: %w", e.Monitor.Name, err)
		}
	}
	return settle(ctx, db, now)
}

// readEntries gives every monitor an id, and created as the time it was written.
func readEntries(r io.Reader, created time.Time) ([]entry, error) {
	var entries []entry
	if err := json.NewDecoder(r).Decode(&entries); err != nil {
		return nil, fmt.Errorf("read the monitors: %w", err)
	}
	for i := range entries {
		m := &entries[i].Monitor
		m.ID, m.Updated = newID(created, newRandom(i)), created
		if err := check.Validate(probe.All(probe.Guard{}), *m); err != nil {
			return nil, fmt.Errorf("monitor %q: %w", m.Name, err)
		}
	}
	return entries, nil
}

func put(ctx context.Context, db *sqlite.Store, m monitor.Monitor, h *history) error {
	if err := db.CreateMonitor(ctx, m); err != nil {
		return err
	}
	for rest := h.results; len(rest) > 0; {
		n := min(batchSize, len(rest))
		if err := db.AppendBatch(ctx, store.Batch{Results: rest[:n]}); err != nil {
			return err
		}
		rest = rest[n:]
	}
	if err := db.AppendBatch(ctx, store.Batch{StatusChanges: h.transitions, States: []store.State{h.state}}); err != nil {
		return err
	}
	return db.PutRollups(ctx, h.rollups)
}

// settle takes the marks off the hours that are over: their sums are there.
func settle(ctx context.Context, db *sqlite.Store, now time.Time) error {
	for {
		marks, err := db.DirtyHours(ctx, now.Truncate(time.Hour), now.Add(time.Hour), batchSize)
		if err != nil || len(marks) == 0 {
			return err
		}
		if err := db.ClearDirty(ctx, marks); err != nil {
			return err
		}
	}
}

func newRandom(i int) *rand.Rand { return rand.New(rand.NewPCG(1, uint64(i))) }

// newID is an id as [monitor.NewID] makes them, by chance that can be repeated.
func newID(at time.Time, random *rand.Rand) string {
	var raw [12]byte
	binary.BigEndian.PutUint32(raw[:4], uint32(at.Unix()))
	binary.BigEndian.PutUint64(raw[4:], random.Uint64())
	return hex.EncodeToString(raw[:])
}
