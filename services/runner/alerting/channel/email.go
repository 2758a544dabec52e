package channel

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/mail"
	"time"

	"nanomon/services/common/config"
	"nanomon/services/common/hostname"
	"nanomon/services/runner/alerting/notify"
)

// emailTimeout limits one attempt as a whole. It is far below the time for which a runner claims an attempt.
const emailTimeout = time.Minute

// email is the [notify.Channel] that sends e-mails over SMTP.
type email struct {
	settings  config.SMTP
	from      *mail.Address
	tlsConfig *tls.Config
	messages  emailMessages
}

func newEmail(settings config.Alerts, o options) notify.Channel {
	if len(settings.SMTPFrom) == 0 || len(settings.SMTPTo) == 0 {
		return nil
	}
	from := toASCII(settings.SMTPFrom[0])
	server := settings.SMTP
	server.SMTPHost = hostname.ToASCII(server.SMTPHost)
	if server.SMTPUser == "" {
		server.SMTPUser = settings.SMTPFrom[0].Address
	}
	tlsConfig := o.tls.Clone()
	tlsConfig.ServerName = server.SMTPHost
	return &email{settings: server, from: from, tlsConfig: tlsConfig, messages: emailMessages{from: from}}
}

func (e *email) Name() string { return "email" }

// Recipients returns the recipients of the monitor, or else of the settings.
func (e *email) Recipients(own []string) []string {
	if len(own) > 0 {
		return own
	}
	to := make([]string, 0, len(e.settings.SMTPTo))
	for _, address := range e.settings.SMTPTo {
		to = append(to, address.Address)
	}
	return to
}

func (e *email) SendsClosed() bool { return false }

// Send sends one e-mail to each recipient, so that recipients don't see each other. Only a rejected recipient or
// message is [notify.ErrRefused]. Other errors, such as a wrong password, are worth a retry: an administrator may fix
// them in time.
func (e *email) Send(ctx context.Context, m notify.Message, to []string) []notify.Outcome {
	ctx, cancel := context.WithTimeout(ctx, emailTimeout)
	defer cancel()
	// broken is the error that ended the session. It applies to all remaining recipients.
	session, broken := e.open(ctx)
	if broken == nil {
		defer session.close()
	}
	outcomes := make([]notify.Outcome, len(to))
	for i, text := range to {
		address, err := mail.ParseAddress(text)
		switch {
		case err != nil:
			outcomes[i] = failedOutcome(fmt.Errorf("%w: %q is not an e-mail address", notify.ErrRefused, text))
		case broken != nil:
			outcomes[i] = failedOutcome(broken)
		default:
			outcomes[i], broken = e.sendTo(session, m, toASCII(address))
		}
	}
	return outcomes
}

// toASCII returns an address with its domain in ASCII, which every mail server accepts.
func toASCII(address *mail.Address) *mail.Address {
	return &mail.Address{Name: address.Name, Address: hostname.AddressToASCII(address.Address)}
}

// sendTo sends m to one recipient. broken is not nil if the session can't send any more e-mails.
func (e *email) sendTo(s *session, m notify.Message, to *mail.Address) (outcome notify.Outcome, broken error) {
	message, err := e.messages.create(m, to)
	if err != nil {
		return failedOutcome(fmt.Errorf("write the e-mail: %w", err)), nil
	}
	answer, err := s.send(to, message)
	switch {
	case err == nil:
		return notify.Outcome{Answer: answer}, nil
	case concernsRecipient(err):
		return failedOutcome(err), s.reset()
	default:
		return failedOutcome(err), err
	}
}
