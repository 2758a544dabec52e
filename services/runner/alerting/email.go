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

// emailTimeout is how long one attempt may take as a whole. It is well below the lease of a claim.
const emailTimeout = time.Minute

// email is the Sender of e-mails.
type email struct {
	settings config.SMTP
	from     *mail.Address
	tls      *tls.Config
	letters  letters
}

func newEmail(settings config.Alerts, d delivery) Sender {
	if len(settings.SMTPFrom) == 0 || len(settings.SMTPTo) == 0 {
		return nil
	}
	from := settings.SMTPFrom[0]
	server := settings.SMTP
	if server.SMTPUser == "" {
		server.SMTPUser = from.Address
	}
	trust := d.tls.Clone()
	trust.ServerName = server.SMTPHost
	return &email{settings: server, from: from, tls: trust, letters: newLetters(from, d.words)}
}

func (e *email) Channel() string { return "email" }

// Recipients are those of the monitor, or else of the settings.
func (e *email) Recipients(m store.Notification) []string {
	if m.Kind == store.KindClosed {
		return nil
	}
	if len(m.To) > 0 {
		return m.To
	}
	to := make([]string, 0, len(e.settings.SMTPTo))
	for _, address := range e.settings.SMTPTo {
		to = append(to, address.Address)
	}
	return to
}

// Send sends one message to all recipients that the server takes. For the others it fails alone. Nothing is refused but a
// recipient or the message itself: all else, a wrong password for example, may be mended while the message waits.
func (e *email) Send(ctx context.Context, m store.Notification, to []string) []Outcome {
	ctx, cancel := context.WithTimeout(ctx, emailTimeout)
	defer cancel()
	outcomes := make([]Outcome, len(to))
	answer, err := e.deliver(ctx, m, to, outcomes)
	for i := range outcomes {
		if outcomes[i].Err != nil {
			continue
		}
		outcomes[i] = Outcome{Answer: answer}
		if err != nil {
			outcomes[i] = failure(err)
		}
	}
	return outcomes
}

// deliver returns what holds for all recipients but those for which it has set an outcome.
func (e *email) deliver(ctx context.Context, m store.Notification, to []string, outcomes []Outcome) (string, error) {
	addresses := make([]*mail.Address, len(to)) // nil where it is none
	var valid []*mail.Address
	for i, text := range to {
		address, err := mail.ParseAddress(text)
		if err != nil {
			outcomes[i] = failure(fmt.Errorf("%w: %q is not an e-mail address", ErrRefused, text))
			continue
		}
		addresses[i] = address
		valid = append(valid, address)
	}
	if len(valid) == 0 {
		return "", nil
	}
	letter, err := e.letters.write(m, valid)
	if err != nil {
		return "", fmt.Errorf("write the e-mail: %w", err)
	}
	session, err := e.open(ctx, valid)
	if err != nil {
		return "", err
	}
	defer session.close()
	taken, err := session.address(addresses, outcomes)
	if err != nil || taken == 0 {
		return "", err
	}
	return session.data(letter)
}
