package alerting

import (
	"bytes"
	"cmp"
	"fmt"
	html "html/template"
	"net/mail"
	"strings"
	text "text/template"
	"time"

	gomail "github.com/wneessen/go-mail"

	"nanomon/services/common/store"
	"nanomon/templates"
)

// emailMessages creates e-mails from notifications.
type emailMessages struct {
	from   *mail.Address
	format formatter
	text   *text.Template
	html   *html.Template
}

func newEmailMessages(from *mail.Address, format formatter) emailMessages {
	return emailMessages{from: from, format: format, text: templates.AlertText(), html: templates.AlertHTML()}
}

// create returns the e-mail for n to one recipient. Its Message-ID depends only on n, so it is the same for each
// attempt and each recipient.
func (m emailMessages) create(n store.Notification, to *mail.Address) (*gomail.Msg, error) {
	c := m.format.content(n)
	plainPart, htmlPart, err := m.parts(c)
	if err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(to)
	// A name that looks like an encoded word must be shown as it is.
	msg.Subject("[NanoMon] " + strings.ReplaceAll(c.Title, "=?", "= ?"))
	msg.SetDateWithValue(time.Now())
	msg.SetMessageIDWithValue(m.messageID(n.ID, n))
	if root := threadRoot(n); root != n.ID {
		first := "<" + m.messageID(root, n) + ">"
		msg.SetGenHeader(gomail.HeaderInReplyTo, first)
		msg.SetGenHeader(gomail.HeaderReferences, first)
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, plainPart)
	msg.AddAlternativeString(gomail.TypeTextHTML, htmlPart)
	return msg, nil
}

func (m emailMessages) parts(c content) (plainPart, htmlPart string, err error) {
	var t, h bytes.Buffer
	if err := m.text.Execute(&t, c); err != nil {
		return "", "", err
	}
	if err := m.html.Execute(&h, c); err != nil {
		return "", "", err
	}
	return t.String(), h.String(), nil
}

// threadRoot returns the id of the first notification in the e-mail thread that n belongs to.
func threadRoot(n store.Notification) string {
	switch n.Kind {
	case store.KindEscalated, store.KindReminder, store.KindResolved:
		return store.NotificationID(n.MonitorID, n.Incident, store.KindOpened, 0)
	}
	return cmp.Or(n.RunnerBeginning(), n.ID)
}

// messageID returns the Message-ID for the notification with the given id, in the same incident as n. It contains the
// date of the incident, because two installations, or one that was set up again, can have the same monitor ids and
// incident numbers after an import.
func (m emailMessages) messageID(id string, n store.Notification) string {
	opened := n.Opened
	if opened.IsZero() {
		opened = n.Date
	}
	id = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, id)
	domain := m.from.Address[strings.LastIndexByte(m.from.Address, '@')+1:]
	return fmt.Sprintf("%s.%d@%s", id, opened.UnixMilli(), domain)
}
