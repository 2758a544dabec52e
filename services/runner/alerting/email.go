package alerting

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/mail"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/store"
)

// emailTimeout limits one attempt as a whole. It is far below claimLease.
const emailTimeout = time.Minute

// email is the [Channel] that sends e-mails over SMTP.
type email struct {
	settings  config.SMTP
	from      *mail.Address
	tlsConfig *tls.Config
	messages  emailMessages
}

func newEmail(settings config.Alerts, options channelOptions) Channel {
	if len(settings.SMTPFrom) == 0 || len(settings.SMTPTo) == 0 {
		return nil
	}
	from := settings.SMTPFrom[0]
	server := settings.SMTP
	if server.SMTPUser == "" {
		server.SMTPUser = from.Address
	}
	tlsConfig := options.tls.Clone()
	tlsConfig.ServerName = server.SMTPHost
	return &email{settings: server, from: from, tlsConfig: tlsConfig, messages: newEmailMessages(from, options.format)}
}

func (e *email) Name() string { return "email" }

// Recipients returns the recipients of the monitor, or else of the settings.
func (e *email) Recipients(n store.Notification) []string {
	if n.Kind == store.KindClosed {
		return nil
	}
	if len(n.To) > 0 {
		return n.To
	}
	to := make([]string, 0, len(e.settings.SMTPTo))
	for _, address := range e.settings.SMTPTo {
		to = append(to, address.Address)
	}
	return to
}

// Send sends one e-mail to all recipients that the server accepts; the other recipients get their own outcome. Only a
// rejected recipient or message is [ErrRefused]. Other errors, such as a wrong password, are worth a retry: an
// administrator may fix them in time.
func (e *email) Send(ctx context.Context, n store.Notification, to []string) []Outcome {
	ctx, cancel := context.WithTimeout(ctx, emailTimeout)
	defer cancel()
	outcomes := make([]Outcome, len(to))
	answer, err := e.deliver(ctx, n, to, outcomes)
	for i := range outcomes {
		if outcomes[i].Err != nil {
			continue
		}
		outcomes[i] = Outcome{Answer: answer}
		if err != nil {
			outcomes[i] = failedOutcome(err)
		}
	}
	return outcomes
}

// deliver returns the answer or error that applies to all recipients for which it has set no outcome.
func (e *email) deliver(ctx context.Context, n store.Notification, to []string, outcomes []Outcome) (string, error) {
	addresses := make([]*mail.Address, len(to)) // nil for an invalid address
	var valid []*mail.Address
	for i, text := range to {
		address, err := mail.ParseAddress(text)
		if err != nil {
			outcomes[i] = failedOutcome(fmt.Errorf("%w: %q is not an e-mail address", ErrRefused, text))
			continue
		}
		addresses[i] = address
		valid = append(valid, address)
	}
	if len(valid) == 0 {
		return "", nil
	}
	message, err := e.messages.create(n, valid)
	if err != nil {
		return "", fmt.Errorf("write the e-mail: %w", err)
	}
	session, err := e.open(ctx, valid)
	if err != nil {
		return "", err
	}
	defer session.close()
	accepted, err := session.addRecipients(addresses, outcomes)
	if err != nil || accepted == 0 {
		return "", err
	}
	return session.data(message)
}
