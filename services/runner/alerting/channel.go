// Package alerting opens and resolves incidents and sends notifications about them. The evaluator turns results into
// incidents and stores a notification for each step; the outbox sends stored notifications through channels.
package alerting

import (
	"context"
	"errors"

	"nanomon/services/common/store"
)

// Channel sends notifications by one method.
type Channel interface {
	// Name returns the channel's name, such as email. It is stored with each delivery.
	Name() string
	// Recipients returns the recipients of n, in a form that shows no secret. Only channels where the incident would
	// otherwise stay open return recipients for [store.KindClosed].
	Recipients(n store.Notification) []string
	// Send makes one attempt to send n to the given recipients. It returns one outcome for each, in the same order, and
	// returns soon after ctx ends.
	Send(ctx context.Context, n store.Notification, to []string) []Outcome
}

// Outcome is the outcome of one attempt at one delivery.
type Outcome struct {
	// Answer is the server's answer or the reason why there was none, in one line and without secrets.
	Answer string
	// Err is nil if the server accepted the notification. It wraps [ErrRefused] if a retry can't succeed.
	Err error
}

// ErrRefused means that the server permanently refused a notification, so that retries are pointless.
var ErrRefused = errors.New("refused")
