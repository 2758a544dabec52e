package alerting

import (
	"bytes"
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

// letters writes e-mails.
type emailMessages struct {
	from  *mail.Address
	format formatter
	text  *text.Template
	html  *html.Template
}

func newEmailMessages(from *mail.Address, format formatter) emailMessages {
	return emailMessages{from: from, format: format, text: templates.AlertText(), html: templates.AlertHTML()}
}

// write makes the e-mail of m. However often it is made, its Message-ID is the same.
func (m emailMessages) create(n store.Notification, to []*mail.Address) (*gomail.Msg, error) {
	c := m.format.content(n)
	plainPart, htmlPart, err := m.parts(c)
	if err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(to...)
	// A name must not pass for text that is encoded already.
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

// firstOf is the id of the message that begins the conversation to which m belongs.
func threadRoot(n store.Notification) string {
	switch n.Kind {
	case store.KindEscalated, store.KindReminder, store.KindResolved:
		return store.NotificationID(n.MonitorID, n.Incident, store.KindOpened, 0)
	case store.KindRunnerOnline:
		return store.RunnerNotificationID(store.KindRunnerOffline, n.Opened)
	}
	return n.ID
}

// messageID is that of the message with an id in the incident, or test, of m. The date in it tells apart incidents of two
// installations, or of one that began anew, that have imported the same monitors.
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
