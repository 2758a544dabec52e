package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"nanomon/services/common/store"
)

// entry describes a spool file. The name of the file holds number and results, so counting reads no file.
type entry struct {
	number  int
	results int
	// bytes is the space that the file takes on disk.
	bytes int64
	// aside means that the store rejected the batch.
	aside bool
}

// nameFormat ends with the version of the file format. Files of another version are ignored.
const nameFormat = "%012d-%d.v1"

// asideSuffix ends the name of a file that is set aside.
const asideSuffix = ".aside"

func (e entry) name() string {
	name := fmt.Sprintf(nameFormat, e.number, e.results)
	if e.aside {
		name += asideSuffix
	}
	return name
}

// sizeOnDisk rounds the size of a file up to whole blocks.
func sizeOnDisk(bytes int64) int64 { return (bytes + blockSize - 1) / blockSize * blockSize }

// listEntries returns the spool files in dir, oldest first.
func listEntries(dir string) ([]entry, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, f := range files {
		var e entry
		n, _ := fmt.Sscanf(f.Name(), nameFormat, &e.number, &e.results)
		e.aside = strings.HasSuffix(f.Name(), asideSuffix)
		if n != 2 || e.name() != f.Name() || e.results < 0 {
			continue
		}
		info, err := f.Info()
		if err != nil {
			return nil, err
		}
		e.bytes = sizeOnDisk(info.Size())
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.number, b.number) })
	return entries, nil
}

// maxJoined limits the size on disk of the files that are joined to one batch. Files without results may be many.
const maxJoined = 4 << 20

// splitAt splits off the first entries that have at most limit results, and maxJoined bytes, together. It always takes the
// first entry.
func splitAt(limit int, entries []entry) (first, rest []entry) {
	n, results, bytes := 0, 0, int64(0)
	for n < len(entries) {
		results, bytes = results+entries[n].results, bytes+entries[n].bytes
		if n > 0 && (results > limit || bytes > maxJoined) {
			break
		}
		n++
	}
	return slices.Clone(entries[:n]), entries[n:]
}

// readFile reads a batch. A missing file counts as damaged.
func readFile(path string) (store.Batch, error) {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return store.Batch{}, err
	}
	return decode(content)
}

// writeFile creates a file and syncs it to disk. After an error the file does not exist.
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
