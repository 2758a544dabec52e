package results

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// fakeStore is a store in memory. It does no I/O, so it works in a synctest bubble.
type fakeStore struct {
	mu             sync.Mutex
	down           bool                    // every call returns ErrUnavailable
	reject         func(store.Batch) error // called before a batch is stored; its error rejects the batch
	noInserts      bool                    // AddOnDemandChecks fails with an unknown error
	results        map[string]monitor.Result
	stored         map[string]int // number of writes, by result id
	states         map[string]store.State
	statusChanges  []store.StatusChange
	pushStates     map[string]store.PushState
	donePings      map[string]bool
	batches        []int // sizes
	onDemandChecks map[string]store.OnDemandCheck
	calls          map[string]int // calls by name
}

func newFakeStore() *fakeStore {
	return &fakeStore{
		results: map[string]monitor.Result{}, stored: map[string]int{}, states: map[string]store.State{},
		pushStates: map[string]store.PushState{}, donePings: map[string]bool{},
		onDemandChecks: map[string]store.OnDemandCheck{}, calls: map[string]int{},
	}
}

// enter locks the store and counts the call.
func (s *fakeStore) enter(ctx context.Context, call string) (func(), error) {
	s.mu.Lock()
	s.calls[call]++
	switch {
	case ctx.Err() != nil:
		return s.mu.Unlock, ctx.Err()
	case s.down:
		return s.mu.Unlock, monitor.ErrUnavailable
	}
	return s.mu.Unlock, nil
}

// change changes the store under its lock.
func (s *fakeStore) change(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *fakeStore) AppendBatch(ctx context.Context, b store.Batch) error {
	leave, err := s.enter(ctx, "AppendBatch")
	defer leave()
	if err == nil && s.reject != nil {
		err = s.reject(b)
	}
	if err != nil {
		return err
	}
	s.batches = append(s.batches, len(b.Results))
	for _, r := range b.Results {
		s.results[r.ID] = r
		s.stored[r.ID]++
	}
	s.statusChanges = append(s.statusChanges, b.StatusChanges...)
	for _, st := range b.States {
		if old, found := s.states[st.MonitorID]; !found || st.IsNewerThan(&old) {
			s.states[st.MonitorID] = st
		}
	}
	for _, p := range b.PushStates {
		if p.IsNewerThan(s.pushStates[p.MonitorID]) {
			s.pushStates[p.MonitorID] = p
		}
	}
	for _, id := range b.DonePings {
		s.donePings[id] = true
	}
	return nil
}

func (s *fakeStore) Ping(ctx context.Context) error {
	leave, err := s.enter(ctx, "Ping")
	defer leave()
	return err
}

func (s *fakeStore) AddOnDemandChecks(ctx context.Context, cs ...store.OnDemandCheck) error {
	leave, err := s.enter(ctx, "AddOnDemandChecks")
	defer leave()
	if err == nil && s.noInserts {
		err = errNoEngine
	}
	if err == nil {
		for _, c := range cs {
			s.onDemandChecks[c.ID] = c
		}
	}
	return err
}

func (s *fakeStore) DeleteOnDemandCheck(ctx context.Context, id string) error {
	leave, err := s.enter(ctx, "DeleteOnDemandCheck")
	defer leave()
	if err == nil {
		delete(s.onDemandChecks, id)
	}
	return err
}

// inspect reads from the store under its lock.
func inspect[T any](s *fakeStore, read func() T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return read()
}

// logBuffer collects log output. It is safe for concurrent use.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.text.String(), text)
}

// elapse advances the fake time by d and waits until all goroutines are idle.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// resultAt returns a result with a number and a date that many seconds after noon.
func resultAt(seconds int, status monitor.Status) monitor.Result {
	return monitor.Result{
		ID: fmt.Sprintf("r%06d", seconds), Date: noon.Add(time.Duration(seconds) * time.Second), Status: status, MonitorID: "m",
	}
}
