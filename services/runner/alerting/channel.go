// Package alert tells people when monitors go bad and when they are well again: it judges results, keeps the
// messages that are owed, and sends them.
package alerting

import (
	"context"
	"errors"

	"nanomon/services/common/store"
)

// Sender delivers messages by one channel.
type Channel interface {
	// Channel is its name, such as email. It is part of what is stored of a delivery.
	Name() string
	// Recipients are those that m is to be delivered to, each in a form that shows no secret. A closed incident is for those
	// alone where it would stay open.
	Recipients(n store.Notification) []string
	// Send delivers m to some of its recipients, and says for each, in their order, what the server answered. It
	// returns soon after ctx ends.
	Send(ctx context.Context, n store.Notification, to []string) []Outcome
}

// Outcome is the end of one attempt at one delivery.
type Outcome struct {
	// Answer is what the server said, in one line, without any secret.
	Answer string
	// Err is nil when the server has taken the message. It wraps [ErrRefused] when trying again is in vain.
	Err error
}

// ErrRefused says that a message will not be taken, however often it is sent.
var ErrRefused = errors.New("refused")
