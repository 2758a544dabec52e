// Package spool stores batches of results on disk while the store is unavailable, so that they survive a restart of the
// runner. Several runners may share one folder. Each runner has its own subfolder there, with one file per batch, and
// holds a lock on it until its process ends. A subfolder that is not locked belongs to a runner that has stopped:
// another runner takes its files over.
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
	"nanomon/services/runner/filelock"
)

const (
	// MaxResults is the maximum number of results in a spool.
	MaxResults = 100_000
	// MaxBytes is the maximum disk space that a spool uses.
	MaxBytes = 256 << 20
	// blockSize is the disk space that the smallest file uses.
	blockSize = 4096
	// suffix ends the name of a runner's folder.
	suffix = ".spool"
	// lockName is the name of the locked file in a runner's folder.
	lockName = "lock"
)

// Spool is the folder of this runner. It is safe for concurrent use.
type Spool struct {
	root, dir string
	lock      *os.File
	// results and asideResults can be read without mu, which is held during disk operations.
	results, asideResults atomic.Int64

	mu sync.Mutex
	// pending lists the files that Next has not returned yet, oldest first.
	pending []entry
	// current lists the files that Next returned last, until Done.
	current []entry
	// aside lists the files that are set aside, oldest first.
	aside []entry
	// number is the number of the newest file.
	number     int
	bytes      int64
	maxResults int
	maxBytes   int64
}

// DamagedError reports a damaged file. The file has been removed.
type DamagedError struct {
	// File is the path of the file.
	File string
	// Results is the number of results that were in the file.
	Results int
}

func (e *DamagedError) Error() string { return e.File + " is damaged" }

// Open creates and locks the folder of the runner id below root; it creates root if necessary. If root is empty, Open
// returns a nil Spool, which only allows Close.
func Open(root, id string) (*Spool, error) {
	if root == "" {
		return nil, nil
	}
	s := &Spool{root: root, dir: filepath.Join(root, id+suffix), maxResults: MaxResults, maxBytes: MaxBytes}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("cannot use the folder: %w; choose a folder that this user can write to", err)
	}
	return s, nil
}

func (s *Spool) open() error {
	if err := os.MkdirAll(s.root, 0o750); err != nil {
		return err
	}
	rootLock, err := filelock.Lock(s.rootLockPath())
	if err != nil {
		return err
	}
	defer rootLock.Close()
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	s.lock, err = filelock.TryLock(filepath.Join(s.dir, lockName))
	return err
}

// rootLockPath is the path of the file that is locked while a runner creates its folder or takes others over.
func (s *Spool) rootLockPath() string { return filepath.Join(s.root, "spool.lock") }

// Close unlocks the folder, and removes it if it holds no batch.
func (s *Spool) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.lock.Close(); err != nil {
		return fmt.Errorf("close spool: %w", err)
	}
	if len(s.pending)+len(s.current)+len(s.aside) == 0 {
		removeDir(s.dir)
	}
	return nil
}

// removeDir removes a folder and its lock. The folder stays if it contains other files, such as those of another
// version.
func removeDir(dir string) {
	_ = os.Remove(filepath.Join(dir, lockName))
	_ = os.Remove(dir)
}

// Results returns the number of results in the spool. It does not wait for disk operations.
func (s *Spool) Results() int { return int(s.results.Load()) }

// Append writes b to disk. If the spool is full, it removes the oldest files and returns how many results it dropped.
func (s *Spool) Append(b store.Batch) (dropped int, err error) { return s.add(b, false) }

func (s *Spool) add(b store.Batch, aside bool) (dropped int, err error) {
	content, err := encode(b)
	if err != nil {
		return 0, fmt.Errorf("encode batch for the spool: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number++
	e := entry{number: s.number, results: len(b.Results), bytes: sizeOnDisk(int64(len(content))), aside: aside}
	if err := writeFile(s.path(e), content); err != nil {
		return 0, fmt.Errorf("write to spool: %w", err)
	}
	if aside {
		s.aside = append(s.aside, e)
	} else {
		s.pending = append(s.pending, e)
	}
	s.count(e, 1)
	return s.shrink(), nil
}

// shrink removes the oldest files until the spool is within its limits, files that are set aside first. It returns how
// many results it dropped.
func (s *Spool) shrink() (dropped int) {
	for _, list := range []*[]entry{&s.aside, &s.pending} {
		for len(*list) > 0 && s.isOverfull() {
			s.removeFile((*list)[0])
			dropped += (*list)[0].results
			*list = (*list)[1:]
		}
	}
	return dropped
}

func (s *Spool) isOverfull() bool {
	return s.Results()+s.SetAsideResults() > s.maxResults || s.bytes > s.maxBytes
}

// Next returns the oldest batches, joined to one of at most limit results and some MiB. It returns a single larger batch
// whole. It returns the same batch until Done is called, and nil if the spool is empty. A [DamagedError] reports a
// damaged file; the next call continues without that file. Any other error changes nothing and the call can be repeated.
func (s *Spool) Next(limit int) (*store.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.current) == 0 {
		s.current, s.pending = splitAt(limit, s.pending)
	}
	var all *store.Batch
	for i, e := range s.current {
		b, err := readFile(s.path(e))
		if errors.Is(err, errDamaged) {
			s.current = slices.Delete(s.current, i, i+1)
			s.removeFile(e)
			return nil, &DamagedError{File: s.path(e), Results: e.results}
		}
		if err != nil {
			return nil, fmt.Errorf("read from spool: %w", err)
		}
		if all == nil {
			all = &store.Batch{}
		}
		all.Results = append(all.Results, b.Results...)
		all.States = append(all.States, b.States...)
		all.StatusChanges = append(all.StatusChanges, b.StatusChanges...)
		all.PushStates = append(all.PushStates, b.PushStates...)
		all.DonePings = append(all.DonePings, b.DonePings...)
	}
	return all, nil
}

// Done removes the files that Next returned.
func (s *Spool) Done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.current {
		s.removeFile(e)
	}
	s.current = nil
}

// removeFile removes the file of e, which the caller takes off its list. If the removal fails, the runner that takes
// the folder over stores the batch again, which changes nothing.
func (s *Spool) removeFile(e entry) {
	s.count(e, -1)
	_ = os.Remove(s.path(e))
}

// TakeOver moves the files of stopped runners below root into this spool, before its own. It returns the number of
// results it took over, and the number of results it dropped because the spool was full.
func (s *Spool) TakeOver() (taken, dropped int, err error) {
	rootLock, err := filelock.TryLock(s.rootLockPath())
	if errors.Is(err, filelock.ErrLocked) {
		return 0, 0, nil // another runner is taking over or starting
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look for spools of stopped runners: %w", err)
	}
	defer rootLock.Close()
	folders, err := os.ReadDir(s.root)
	if err != nil {
		return 0, 0, fmt.Errorf("look for spools of stopped runners: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.Results()
	var errs []error
	for _, f := range folders {
		dir := filepath.Join(s.root, f.Name())
		if f.IsDir() && strings.HasSuffix(dir, suffix) && dir != s.dir {
			errs = append(errs, s.takeOverDir(dir))
		}
	}
	taken = s.Results() - before
	return taken, s.shrink(), errors.Join(errs...)
}

// takeOverDir moves the files in dir to this spool, unless the owner of dir is running or is just removing it.
func (s *Spool) takeOverDir(dir string) error {
	lock, err := filelock.TryLock(filepath.Join(dir, lockName))
	if errors.Is(err, filelock.ErrLocked) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("take over spool: %w", err)
	}
	err = s.moveFiles(dir)
	lock.Close()
	if err != nil {
		return fmt.Errorf("take over spool: %w", err)
	}
	removeDir(dir)
	return nil
}

func (s *Spool) moveFiles(dir string) error {
	files, err := listEntries(dir)
	if err != nil {
		return err
	}
	moved := make([]entry, 0, len(files)+len(s.pending))
	for _, from := range files {
		s.number++
		to := from
		to.number = s.number
		if err = os.Rename(filepath.Join(dir, from.name()), s.path(to)); err != nil {
			break
		}
		s.count(to, 1)
		if to.aside {
			s.aside = append(s.aside, to)
		} else {
			moved = append(moved, to)
		}
	}
	s.pending = slices.Concat(moved, s.pending)
	return err
}

// count adds e to the totals if sign is 1, and subtracts it if sign is -1.
func (s *Spool) count(e entry, sign int) {
	results := &s.results
	if e.aside {
		results = &s.asideResults
	}
	results.Add(int64(sign * e.results))
	s.bytes += int64(sign) * e.bytes
}

func (s *Spool) path(e entry) string { return filepath.Join(s.dir, e.name()) }
