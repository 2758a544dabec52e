package alertingtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nanomon/services/runner/alerting/notify"
)

// Scripted is a channel whose outcomes the test sets. It records its attempts.
type Scripted struct {
	// Began is the time at which the channel was created.
	Began time.Time

	name string
	to   []string

	mu          sync.Mutex
	do          func(ctx context.Context, m notify.Message, to string) notify.Outcome
	attemptList []string
}

// NewScripted returns a channel that accepts all messages to its recipients.
func NewScripted(name string, to ...string) *Scripted {
	return &Scripted{name: name, to: to, Began: time.Now()}
}

// Name implements [notify.Channel].
func (s *Scripted) Name() string { return s.name }

// Recipients implements [notify.Channel].
func (s *Scripted) Recipients([]string) []string { return s.to }

// SendsClosed implements [notify.Channel].
func (s *Scripted) SendsClosed() bool { return true }

// Send implements [notify.Channel].
func (s *Scripted) Send(ctx context.Context, m notify.Message, to []string) []notify.Outcome {
	s.mu.Lock()
	do := s.do
	at := time.Since(s.Began).Round(time.Second)
	s.attemptList = append(s.attemptList, fmt.Sprintf("%v %s %s", at, m.ID, strings.Join(to, "+")))
	s.mu.Unlock()
	list := make([]notify.Outcome, len(to))
	for i, name := range to {
		if do != nil {
			list[i] = do(ctx, m, name)
		}
	}
	return list
}

// Set sets the function that returns the outcome of each delivery; nil accepts all.
func (s *Scripted) Set(do func(context.Context, notify.Message, string) notify.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.do = do
}

// All returns the time, notification id and recipients of each attempt.
func (s *Scripted) All() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.attemptList)
}

// Attempts returns all attempts in one line.
func (s *Scripted) Attempts() string { return strings.Join(s.All(), ", ") }

// ExpectAttempts fails unless the attempts are those wanted.
func (s *Scripted) ExpectAttempts(t *testing.T, want string) {
	t.Helper()
	if got := s.Attempts(); got != want {
		t.Errorf("%s tried %s\nwant %s", s.name, got, want)
	}
}

// FailTemporarily is an outcome for [Scripted] that is worth a retry.
func FailTemporarily(context.Context, notify.Message, string) notify.Outcome {
	return notify.Outcome{Answer: "451 later", Err: errors.New("later")}
}

// HangUntilCancelled is an outcome for [Scripted] at the end of ctx.
func HangUntilCancelled(ctx context.Context, _ notify.Message, _ string) notify.Outcome {
	<-ctx.Done()
	return notify.Outcome{Answer: "no answer", Err: ctx.Err()}
}
