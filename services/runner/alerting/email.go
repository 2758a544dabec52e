package alerting

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/mail"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
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
		return n.To[:min(len(n.To), monitor.MaxRecipients)] // Earlier versions stored more.
	}
	to := make([]string, 0, len(e.settings.SMTPTo))
	for _, address := range e.settings.SMTPTo {
		to = append(to, address.Address)
	}
	return to
}

// Send sends one e-mail to each recipient, so that recipients don't see each other. Only a rejected recipient or
// message is [ErrRefused]. Other errors, such as a wrong password, are worth a retry: an administrator may fix them in
// time.
func (e *email) Send(ctx context.Context, n store.Notification, to []string) []Outcome {
	ctx, cancel := context.WithTimeout(ctx, emailTimeout)
	defer cancel()
	// broken is the error that ended the session. It applies to all remaining recipients.
	session, broken := e.open(ctx)
	if broken == nil {
		defer session.close()
	}
	outcomes := make([]Outcome, len(to))
	for i, text := range to {
		address, err := mail.ParseAddress(text)
		switch {
		case err != nil:
			outcomes[i] = failedOutcome(fmt.Errorf("%w: %q is not an e-mail address", ErrRefused, text))
		case broken != nil:
			outcomes[i] = failedOutcome(broken)
		default:
			outcomes[i], broken = e.sendTo(session, n, address)
		}
	}
	return outcomes
}

// sendTo sends n to one recipient. broken is not nil if the session can't send any more e-mails.
func (e *email) sendTo(s *session, n store.Notification, to *mail.Address) (outcome Outcome, broken error) {
	message, err := e.messages.create(n, to)
	if err != nil {
		return failedOutcome(fmt.Errorf("write the e-mail: %w", err)), nil
	}
	answer, err := s.send(to, message)
	switch {
	case err == nil:
		return Outcome{Answer: answer}, nil
	case concernsRecipient(err):
		return failedOutcome(err), s.reset()
	default:
		return failedOutcome(err), err
	}
}
