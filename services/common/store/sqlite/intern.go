package sqlite

import (
	"database/sql"
	"errors"
)

// maxCached is the maximum size of each map of a numberCache. A map that is full is cleared.
const maxCached = 20000

// numberCache caches the numbers that rows store in place of repeated values.
type numberCache struct {
	refs   map[string]int64 // by the bytes of the monitor id
	labels map[label]int64
	shapes map[string]int64 // by encoded names
}

// label is the name and target that a monitor had when a result was created.
type label struct {
	ref          int64
	name, target string
}

// clearCache empties the maps. It must be called when cached rows may have been rolled back or deleted.
func (c *numberCache) clearCache() {
	*c = numberCache{refs: map[string]int64{}, labels: map[label]int64{}, shapes: map[string]int64{}}
}

// ref returns the number of a monitor, and creates it if there is none.
func (t *tx) ref(monitor []byte) (int64, error) {
	return cachedNumber(t, t.refs, string(monitor),
		"SELECT ref FROM refs WHERE monitor = ?", "INSERT INTO refs (monitor) VALUES (?) RETURNING ref", monitor)
}

// label returns the number of a label, and creates it if there is none.
func (t *tx) label(l label) (int64, error) {
	return cachedNumber(t, t.labels, l,
		"SELECT label FROM labels WHERE ref = ? AND name = ? AND target = ?",
		"INSERT INTO labels (ref, name, target) VALUES (?, ?, ?) RETURNING label", l.ref, l.name, l.target)
}

// shape returns the number of a set of output names, and creates it if there is none.
func (t *tx) shape(names []byte) (int64, error) {
	return cachedNumber(t, t.shapes, string(names),
		"SELECT shape FROM shapes WHERE names = ?", "INSERT INTO shapes (names) VALUES (?) RETURNING shape", names)
}

// cachedNumber returns the number of key from cache. If it is not there, the query find returns it; if there is no such
// row, the statement insert creates it. Both take args.
func cachedNumber[K comparable](t *tx, cache map[K]int64, key K, find, insert string, args ...any) (int64, error) {
	if number, ok := cache[key]; ok {
		return number, nil
	}
	number, err := t.number(find, args...)
	if errors.Is(err, sql.ErrNoRows) {
		number, err = t.number(insert, args...)
	}
	if err != nil {
		return 0, err
	}
	if len(cache) >= maxCached {
		clear(cache)
	}
	cache[key] = number
	return number, nil
}
