package sqlite

import (
	"database/sql"
	"errors"
)

// maxInterned bounds each of the maps of interned; what doesn't fit is looked up again.
const maxInterned = 20000

// interned remembers the numbers that stand for what rows would else repeat.
type interned struct {
	refs   map[string]int64 // by raw monitor id
	labels map[label]int64
	shapes map[string]int64 // by encoded names
}

// label is how a monitor was called and where it pointed when a result was made.
type label struct {
	ref          int64
	name, target string
}

// forget makes the maps empty: for when what they remember may have been rolled back or deleted.
func (n *interned) forget() {
	*n = interned{refs: map[string]int64{}, labels: map[label]int64{}, shapes: map[string]int64{}}
}

// ref is the number of a monitor; it makes one where there is none.
func (t *tx) ref(monitor []byte) (int64, error) {
	return remember(t, t.refs, string(monitor),
		"SELECT ref FROM refs WHERE monitor = ?", "INSERT INTO refs (monitor) VALUES (?) RETURNING ref", monitor)
}

// label is the number of a monitor's name and target.
func (t *tx) label(l label) (int64, error) {
	return remember(t, t.labels, l,
		"SELECT label FROM labels WHERE ref = ? AND name = ? AND target = ?",
		"INSERT INTO labels (ref, name, target) VALUES (?, ?, ?) RETURNING label", l.ref, l.name, l.target)
}

// shape is the number of a set of output names.
func (t *tx) shape(names []byte) (int64, error) {
	return remember(t, t.shapes, string(names),
		"SELECT shape FROM shapes WHERE names = ?", "INSERT INTO shapes (names) VALUES (?) RETURNING shape", names)
}

// remember is the number of key: as known, else as find gives it, else as make does.
func remember[K comparable](t *tx, known map[K]int64, key K, find, make string, args ...any) (int64, error) {
	if number, ok := known[key]; ok {
		return number, nil
	}
	number, err := t.number(find, args...)
	if errors.Is(err, sql.ErrNoRows) {
		number, err = t.number(make, args...)
	}
	if err != nil {
		return 0, err
	}
	if len(known) >= maxInterned {
		clear(known)
	}
	known[key] = number
	return number, nil
}
