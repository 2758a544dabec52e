// Package spool keeps on disk what waits while the store is away, so that it outlives the runner. Each runner has a locked
// folder of its own below a folder that several may share, with one file per batch. The lock goes with the process: a folder
// that can be locked belonged to a runner that is dead, and whoever is alive adopts it.
package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"nanomon/services/common/store"
)

const (
	// MaxResults is how many results a spool holds.
	MaxResults = 100_000
	// MaxBytes is how much room on the disk it takes.
	MaxBytes = 256 << 20
	// block is the room that the smallest file takes.
	block = 4096
	// suffix ends the name of a runner's folder, lockName names the locked file in it.
	suffix, lockName = ".spool", "lock"
)

// Spool is the folder of this runner. It is safe for concurrent use.
type Spool struct {
	root, dir string
	lock      *os.File
	// results is read without mu, which is held while the disk is waited for.
	results atomic.Int64

	mu sync.Mutex
	// waiting are the files, oldest first, without current: those that Next gives.
	waiting, current []entry
	// number is that of the newest file.
	number int
	bytes  int64
	// maxResults and maxBytes are the bounds.
	maxResults int
	maxBytes   int64
}

// DamagedError says that a file was torn or changed, and that it is removed.
type DamagedError struct {
	// File is its path.
	File string
	// Results is how many results are lost with it.
	Results int
}

func (e *DamagedError) Error() string { return e.File + " is damaged" }

// Open makes a folder for the runner id below root, which is made if it isn't there, and locks it. Where root is empty
// there is no spool: Open returns nil, which may be closed.
func Open(root, id string) (*Spool, error) {
	if root == "" {
		return nil, nil
	}
	s := &Spool{root: root, dir: filepath.Join(root, id+suffix), maxResults: MaxResults, maxBytes: MaxBytes}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("the folder can't be used: %w; choose one that this user may write to", err)
	}
	return s, nil
}

func (s *Spool) open() error {
	if err := os.MkdirAll(s.root, 0o750); err != nil {
		return err
	}
	guard, err := s.guard(true)
	if err != nil {
		return err
	}
	defer guard.Close()
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	s.lock, err = lockFile(filepath.Join(s.dir, lockName), false)
	return err
}

// guard locks what all runners share below root: whoever makes or adopts a folder holds it meanwhile.
func (s *Spool) guard(wait bool) (*os.File, error) {
	return lockFile(filepath.Join(s.root, "spool.lock"), wait)
}

// Close gives the folder up, and removes it if nothing waits in it.
func (s *Spool) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.lock.Close(); err != nil {
		return fmt.Errorf("close the spool: %w", err)
	}
	if len(s.waiting)+len(s.current) == 0 {
		remove(s.dir)
	}
	return nil
}

// remove removes a folder whose files are gone. It stays where another version has left something in it.
func remove(dir string) {
	_ = os.Remove(filepath.Join(dir, lockName))
	_ = os.Remove(dir)
}

// Results is how many results are in the spool. It doesn't wait for the disk.
func (s *Spool) Results() int { return int(s.results.Load()) }

// Append puts b on the disk, as the newest. It returns how many results were dropped with the oldest
// files because there is no room for more.
func (s *Spool) Append(b store.Batch) (dropped int, err error) {
	content, err := encode(b)
	if err != nil {
		return 0, fmt.Errorf("encode for the spool: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	e := entry{number: s.number, results: len(b.Results), bytes: room(int64(len(content)))}
	if err := writeFile(s.path(e), content); err != nil {
		return 0, fmt.Errorf("write to the spool: %w", err)
	}
	s.waiting = append(s.waiting, e)
	s.count(e, 1)
	return s.shrink(), nil
}

// shrink removes the oldest files that are beyond the bounds and returns how many results were in them.
func (s *Spool) shrink() (dropped int) {
	for len(s.waiting) > 0 && (s.Results() > s.maxResults || s.bytes > s.maxBytes) {
		s.drop(s.waiting[0])
		dropped += s.waiting[0].results
		s.waiting = s.waiting[1:]
	}
	return dropped
}

// Next gives the oldest batches as one that has at most limit results, unless a single one has more. It gives the same until
// that is Done, and nil when there is none. The error is a [DamagedError] when a file was damaged: the next call
// goes on without it. After any other error nothing has changed.
func (s *Spool) Next(limit int) (*store.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.current) == 0 {
		s.current, s.waiting = upTo(limit, s.waiting)
	}
	var all *store.Batch
	for i, e := range s.current {
		b, err := readFile(s.path(e))
		if errors.Is(err, errDamaged) {
			s.current = slices.Delete(s.current, i, i+1)
			s.drop(e)
			return nil, &DamagedError{File: s.path(e), Results: e.results}
		}
		if err != nil {
			return nil, fmt.Errorf("read from the spool: %w", err)
		}
		if all == nil {
			all = &store.Batch{}
		}
		all.Results = append(all.Results, b.Results...)
		all.States = append(all.States, b.States...)
		all.StatusChanges = append(all.StatusChanges, b.StatusChanges...)
	}
	return all, nil
}

// Done removes what Next gave.
func (s *Spool) Done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.current {
		s.drop(e)
	}
	s.current = nil
}

// drop removes a file that is in no list any more. If that fails, whoever adopts the folder sends it again.
func (s *Spool) drop(e entry) {
	s.count(e, -1)
	_ = os.Remove(s.path(e))
}

// Adopt takes over what dead runners have left below root, as the oldest of this spool. It returns how many results
// that is, and how many of all were dropped because there is no room for more.
func (s *Spool) Adopt() (adopted, dropped int, err error) {
	guard, err := s.guard(false)
	if errors.Is(err, errLocked) {
		return 0, 0, nil // someone else is at it
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look for what dead runners left: %w", err)
	}
	defer guard.Close()
	folders, err := os.ReadDir(s.root)
	if err != nil {
		return 0, 0, fmt.Errorf("look for what dead runners left: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.Results()
	var faults []error
	for _, f := range folders {
		dir := filepath.Join(s.root, f.Name())
		if f.IsDir() && strings.HasSuffix(dir, suffix) && dir != s.dir {
			faults = append(faults, s.adopt(dir))
		}
	}
	adopted = s.Results() - before
	return adopted, s.shrink(), errors.Join(faults...)
}

// adopt moves the files of a folder to this one, unless its owner is alive or is just removing it.
func (s *Spool) adopt(dir string) error {
	lock, err := lockFile(filepath.Join(dir, lockName), false)
	if errors.Is(err, errLocked) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("adopt a spool: %w", err)
	}
	err = s.moveFrom(dir)
	lock.Close()
	if err != nil {
		return fmt.Errorf("adopt a spool: %w", err)
	}
	remove(dir)
	return nil
}

func (s *Spool) moveFrom(dir string) error {
	files, err := entriesOf(dir)
	if err != nil {
		return err
	}
	moved := make([]entry, 0, len(files)+len(s.waiting))
	for _, from := range files {
		s.number++
		to := entry{number: s.number, results: from.results, bytes: from.bytes}
		if err = os.Rename(filepath.Join(dir, from.name()), s.path(to)); err != nil {
			break
		}
		moved = append(moved, to)
		s.count(to, 1)
	}
	s.waiting = slices.Concat(moved, s.waiting)
	return err
}

// count takes e into the sums, or out of them where sign is -1.
func (s *Spool) count(e entry, sign int) {
	s.results.Add(int64(sign * e.results))
	s.bytes += int64(sign) * e.bytes
}

func (s *Spool) path(e entry) string { return filepath.Join(s.dir, e.name()) }
