// Command seed fills the data folder of a standalone with monitors and a generated history, so that the page has data to
// show. The standalone must not be running. It reads a JSON array of [entry] from standard input:
//
//	seed [-days 30] [-results 7] FOLDER < monitors.json
//
// The history is the same in every run, relative to the current time.
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
	"slices"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// batchSize is the maximum number of results, or of hours, in one call of the store.
const batchSize = 5000

// entry is a monitor with the description of its results.
type entry struct {
	Monitor monitor.Monitor `json:"monitor"`
	Shape   shape           `json:"shape"`
}

func main() {
	days := flag.Int("days", 30, "number of `days` with rollups")
	results := flag.Int("results", 7, "number of `days` with single results")
	flag.Parse()
	if err := run(context.Background(), flag.Arg(0), *days, *results); err != nil {
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder string, days, results int) (err error) {
	if folder == "" {
		return errors.New("the data folder is missing: name it as the argument")
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
	in := period{now.AddDate(0, 0, -days), now.AddDate(0, 0, -results).Truncate(time.Hour), now}
	for i, e := range entries {
		h := newHistory(e, in, newRandom(i))
		if err := storeHistory(ctx, db, e.Monitor, h); err != nil {
			return fmt.Errorf("monitor %q: %w", e.Monitor.Name, err)
		}
	}
	return clearDirtyHours(ctx, db, now)
}

// readEntries reads and validates the entries. It sets an id and the creation time of each monitor.
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

func storeHistory(ctx context.Context, db *sqlite.Store, m monitor.Monitor, h *history) error {
	if err := db.CreateMonitor(ctx, m); err != nil {
		return err
	}
	for results := range slices.Chunk(h.results, batchSize) {
		if err := db.AppendBatch(ctx, store.Batch{Results: results}); err != nil {
			return err
		}
	}
	if err := db.AppendBatch(ctx, store.Batch{StatusChanges: h.statusChanges, States: []store.State{h.state}}); err != nil {
		return err
	}
	if err := db.MergeIncidents(ctx, h.endedIncidents()); err != nil {
		return err
	}
	return db.PutRollups(ctx, h.rollups)
}

// clearDirtyHours unmarks the hours that have ended, because their rollups are already stored.
func clearDirtyHours(ctx context.Context, db *sqlite.Store, now time.Time) error {
	for {
		hours, err := db.DirtyHours(ctx, now.Truncate(time.Hour), now.Add(time.Hour), batchSize)
		if err != nil || len(hours) == 0 {
			return err
		}
		if err := db.ClearDirty(ctx, hours); err != nil {
			return err
		}
	}
}

// newRandom returns the random numbers of the monitor at index i.
func newRandom(i int) *rand.Rand { return rand.New(rand.NewPCG(1, uint64(i))) }

// newID returns an id in the format of [monitor.NewID], from reproducible random numbers.
func newID(at time.Time, random *rand.Rand) string {
	var raw [12]byte
	binary.BigEndian.PutUint32(raw[:4], uint32(at.Unix()))
	binary.BigEndian.PutUint64(raw[4:], random.Uint64())
	return hex.EncodeToString(raw[:])
}
