package channel

import (
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"nanomon/services/runner/alerting/notify"
	"nanomon/templates"
)

// emailMessages creates e-mails.
type emailMessages struct{ from *mail.Address }

// create returns the e-mail for m to one recipient. Its Message-ID depends only on m, so it is the same for each
// attempt and each recipient.
func (e emailMessages) create(m notify.Message, to *mail.Address) (*gomail.Msg, error) {
	var htmlPart strings.Builder
	if err := templates.HTMLEmail(m.Content).Render(&htmlPart); err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(e.from)
	msg.ToMailAddress(to)
	// A name that looks like an encoded word must be shown as it is.
	msg.Subject("[NanoMon] " + strings.ReplaceAll(m.Content.Title, "=?", "= ?"))
	msg.SetDateWithValue(time.Now())
	msg.SetMessageIDWithValue(e.messageID(m.ID, m))
	if m.Thread != m.ID {
		first := "<" + e.messageID(m.Thread, m) + ">"
		msg.SetGenHeader(gomail.HeaderInReplyTo, first)
		msg.SetGenHeader(gomail.HeaderReferences, first)
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, templates.PlainEmail(m.Content))
	msg.AddAlternativeString(gomail.TypeTextHTML, htmlPart.String())
	return msg, nil
}

// messageID returns the Message-ID for the message with the given ID, in the same thread as m. It contains the date of
// the incident, because two installations, or one that was set up again, can have the same monitor ids and incident
// numbers after an import.
func (e emailMessages) messageID(id string, m notify.Message) string {
	opened := m.Opened
	if opened.IsZero() {
		opened = m.Date
	}
	id = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, id)
	domain := e.from.Address[strings.LastIndexByte(e.from.Address, '@')+1:]
	return fmt.Sprintf("%s.%d@%s", id, opened.UnixMilli(), domain)
}
