package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"nanomon/services/common/store"
)

// entry is a file in a spool. Its name says all that is in it, so that nothing needs to be read to count.
type entry struct {
	number  int
	results int
	// bytes is the room that it takes on the disk.
	bytes int64
}

// nameForm ends with the version of the content. Files of another version are left alone.
const nameForm = "%012d-%d.v1"

func (e entry) name() string { return fmt.Sprintf(nameForm, e.number, e.results) }

// room is what a file of that many bytes takes on the disk.
func room(bytes int64) int64 { return (bytes + block - 1) / block * block }

// entriesOf lists the files in dir, oldest first.
func entriesOf(dir string) ([]entry, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, f := range files {
		var e entry
		if n, _ := fmt.Sscanf(f.Name(), nameForm, &e.number, &e.results); n != 2 || e.name() != f.Name() || e.results < 0 {
			continue
		}
		info, err := f.Info()
		if err != nil {
			return nil, err
		}
		e.bytes = room(info.Size())
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.number, b.number) })
	return entries, nil
}

// upTo cuts off the first entries with at most limit results, but at least one if there is any.
func upTo(limit int, entries []entry) (first, rest []entry) {
	n, results := 0, 0
	for n < len(entries) && (n == 0 || results+entries[n].results <= limit) {
		results += entries[n].results
		n++
	}
	return slices.Clone(entries[:n]), entries[n:]
}

// readFile reads a batch. A file that is not there counts as damaged.
func readFile(path string) (store.Batch, error) {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return store.Batch{}, err
	}
	return decode(content)
}

// writeFile makes a file that is on the disk when it returns, or that isn't there at all.
func writeFile(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path)
	}
	return err
}
