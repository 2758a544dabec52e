// Package notify sends stored notifications through channels. Its outbox makes the attempts, retries them and stores
// their deliveries. Channels implement [Channel].
package notify

import (
	"context"
	"errors"
	"time"
)

// Channel sends notifications by one method.
type Channel interface {
	// Name returns the channel's name, such as email. It is stored with each delivery.
	Name() string
	// Recipients returns the recipients of a notification, in a form that shows no secret. own contains the e-mail
	// recipients of its monitor, if any.
	Recipients(own []string) []string
	// SendsClosed reports whether the channel sends that an incident was closed because its monitor was disabled or
	// deleted. Only channels where the incident would otherwise stay open do.
	SendsClosed() bool
	// Send makes one attempt to send m to the given recipients. It returns one outcome for each, in the same order, and
	// returns soon after ctx ends.
	Send(ctx context.Context, m Message, to []string) []Outcome
}

// withWarnings is a channel that sends warnings too.
type withWarnings struct{ Channel }

// WithWarnings returns a channel that sends what c sends, and warnings.
func WithWarnings(c Channel) Channel { return withWarnings{c} }

// sendsWarnings reports whether c sends warnings.
func sendsWarnings(c Channel) bool {
	_, sends := c.(withWarnings)
	return sends
}

// Outcome is the outcome of one attempt at one delivery.
type Outcome struct {
	// Answer is the server's answer or the reason why there was none, in one line and without secrets.
	Answer string
	// Err is nil if the server accepted the notification. It wraps [ErrRefused] if a retry can't succeed.
	Err error
	// RetryAfter is the time for which the server asked for no more requests; 0 if it did not.
	RetryAfter time.Duration
}

// ErrRefused means that the server permanently refused a notification, so that retries are pointless.
var ErrRefused = errors.New("refused")
