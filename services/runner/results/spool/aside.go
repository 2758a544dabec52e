package spool

import (
	"errors"
	"fmt"
	"slices"

	"nanomon/services/common/store"
)

// SetAsideResults returns the number of results that are set aside. It does not wait for disk operations.
func (s *Spool) SetAsideResults() int { return int(s.asideResults.Load()) }

// HasSetAside reports whether a batch is set aside.
func (s *Spool) HasSetAside() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.aside) > 0
}

// SetAside writes a batch to disk that the store rejects. Next does not return it, RetryAside does. If the spool is
// full, SetAside removes the oldest files and returns how many results it dropped.
func (s *Spool) SetAside(b store.Batch) (dropped int, err error) { return s.add(b, true) }

// RetryAside passes each batch that is set aside to write, oldest first, and removes the batch if write returns true.
// It skips damaged files.
func (s *Spool) RetryAside(write func(store.Batch) bool) error {
	s.mu.Lock()
	entries := slices.Clone(s.aside)
	s.mu.Unlock()
	var errs []error
	for _, e := range entries {
		b, err := readFile(s.path(e))
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("read %s: %w", s.path(e), err))
		case write(b):
			s.removeAside(e)
		}
	}
	return errors.Join(errs...)
}

// removeAside removes the file of e, unless it was removed before because the spool was full.
func (s *Spool) removeAside(e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.aside, e); i >= 0 {
		s.aside = slices.Delete(s.aside, i, i+1)
		s.removeFile(e)
	}
}
