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
type letters struct {
	from  *mail.Address
	words wording
	text  *text.Template
	html  *html.Template
}

func newLetters(from *mail.Address, words wording) letters {
	return letters{from: from, words: words, text: templates.AlertText(), html: templates.AlertHTML()}
}

// write makes the e-mail of m. However often it is made, its Message-ID is the same.
func (l letters) write(m store.Notification, to []*mail.Address) (*gomail.Msg, error) {
	n := l.words.notice(m)
	plainPart, htmlPart, err := l.parts(n)
	if err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(l.from)
	msg.ToMailAddress(to...)
	// A name must not pass for text that is encoded already.
	msg.Subject("[NanoMon] " + strings.ReplaceAll(n.Title, "=?", "= ?"))
	msg.SetDateWithValue(time.Now())
	msg.SetMessageIDWithValue(l.messageID(m.ID, m))
	if began := firstOf(m); began != m.ID {
		first := "<" + l.messageID(began, m) + ">"
		msg.SetGenHeader(gomail.HeaderInReplyTo, first)
		msg.SetGenHeader(gomail.HeaderReferences, first)
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, plainPart)
	msg.AddAlternativeString(gomail.TypeTextHTML, htmlPart)
	return msg, nil
}

func (l letters) parts(n notice) (plainPart, htmlPart string, err error) {
	var t, h bytes.Buffer
	if err := l.text.Execute(&t, n); err != nil {
		return "", "", err
	}
	if err := l.html.Execute(&h, n); err != nil {
		return "", "", err
	}
	return t.String(), h.String(), nil
}

// firstOf is the id of the message that begins the conversation to which m belongs.
func firstOf(m store.Notification) string {
	switch m.Kind {
	case store.KindEscalated, store.KindReminder, store.KindResolved:
		return store.NotificationID(m.MonitorID, m.Incident, store.KindOpened, 0)
	case store.KindRunnerOnline:
		return store.RunnerNotificationID(store.KindRunnerOffline, m.Opened)
	}
	return m.ID
}

// messageID is that of the message with an id in the incident, or test, of m. The date in it tells apart incidents of two
// installations, or of one that began anew, that have imported the same monitors.
func (l letters) messageID(id string, m store.Notification) string {
	began := m.Opened
	if began.IsZero() {
		began = m.Date
	}
	id = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, id)
	domain := l.from.Address[strings.LastIndexByte(l.from.Address, '@')+1:]
	return fmt.Sprintf("%s.%d@%s", id, began.UnixMilli(), domain)
}
