package alerting

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail/smtp"

	"nanomon/services/common/config"
)

// maxSession is how many bytes a server may say in one session.
const maxSession = 1 << 20

// session is a conversation with an SMTP server, which ends when its context does.
type session struct {
	ctx      context.Context
	settings config.SMTP
	sender   string
	conn     net.Conn
	// release lets go of ctx.
	release func() bool
	client  *smtp.Client
}

// open makes a session in which the server has taken the sender, e.from, and is ready for recipients.
func (e *email) open(ctx context.Context, to []*mail.Address) (*session, error) {
	server := net.JoinHostPort(e.settings.SMTPHost, strconv.Itoa(int(e.settings.SMTPPort)))
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", server)
	if err != nil {
		return nil, explain(ctx, "connect", err)
	}
	s := &session{ctx: ctx, settings: e.settings, sender: e.from.Address, conn: conn}
	s.release = context.AfterFunc(ctx, func() { conn.Close() })
	if err := s.begin(e.tls, to); err != nil {
		s.abort()
		return nil, err
	}
	return s, nil
}

// begin goes from the greeting to the sender's address.
func (s *session) begin(trust *tls.Config, to []*mail.Address) error {
	mode := s.settings.SMTPTLS
	if mode == config.TLSAuto && s.settings.SMTPPort == 465 {
		mode = config.TLSImplicit
	}
	var conn net.Conn = &boundedConn{Conn: s.conn, left: maxSession}
	if mode == config.TLSImplicit {
		secured := tls.Client(conn, trust)
		if err := secured.HandshakeContext(s.ctx); err != nil {
			return s.explain("TLS", err)
		}
		conn = secured
	}
	client, err := smtp.NewClient(conn, s.settings.SMTPHost)
	if err != nil {
		return s.explain("greeting", err)
	}
	s.client = client
	if err := client.Hello(ownName(s.conn)); err != nil {
		return s.explain("EHLO", err)
	}
	if err := s.startTLS(mode, trust); err != nil {
		return err
	}
	if err := s.signIn(); err != nil {
		return err
	}
	client.SkipSMTPUTF8(!international(s.sender, to))
	return s.explain("MAIL", client.Mail("<"+s.sender+">"))
}

// startTLS encrypts the session where mode asks for it. It never goes on in clear when a server that offers STARTTLS fails
// at it.
func (s *session) startTLS(mode config.TLSMode, trust *tls.Config) error {
	if mode == config.TLSNone || mode == config.TLSImplicit {
		return nil
	}
	if offered, _ := s.client.Extension("STARTTLS"); offered {
		return s.explain("STARTTLS", s.client.StartTLS(trust))
	}
	if mode == config.TLSStart {
		return errors.New("the server doesn't offer STARTTLS, which ALERT_SMTP_TLS asks for")
	}
	return nil
}

// signIn sends the password, if there is one, over an encrypted session only.
func (s *session) signIn() error {
	if s.settings.SMTPPassword == "" {
		return nil
	}
	if _, encrypted := s.client.TLSConnectionState(); !encrypted {
		return errors.New("the server offers no encryption, and a password is never sent in clear: unset ALERT_SMTP_PASSWORD, or use a server with TLS")
	}
	offered, mechanisms := s.client.Extension("AUTH")
	if !offered {
		return errors.New("the server offers no sign-in, but ALERT_SMTP_PASSWORD is set")
	}
	user, password := s.settings.SMTPUser, s.settings.SMTPPassword
	for _, m := range []struct {
		name string
		auth smtp.Auth
	}{
		{"PLAIN", smtp.PlainAuth("", user, password, s.settings.SMTPHost, false)},
		{"LOGIN", smtp.LoginAuth(user, password, s.settings.SMTPHost, false)},
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(user, password)},
		{"CRAM-MD5", smtp.CRAMMD5Auth(user, password)},
	} {
		if containsWord(mechanisms, m.name) {
			return s.explain("AUTH", s.client.Auth(m.auth))
		}
	}
	return fmt.Errorf("the server offers none of PLAIN, LOGIN, SCRAM-SHA-256 and CRAM-MD5 to sign in, but %q", plain(mechanisms, maxAnswer))
}

// address gives the server the recipients that aren't nil. It sets the outcomes of those that it doesn't take
// and counts the others; the error is one for all.
func (s *session) address(to []*mail.Address, outcomes []Outcome) (taken int, err error) {
	for i, address := range to {
		if address == nil {
			continue
		}
		err := s.explain("RCPT", s.client.Rcpt("<"+address.Address+">"))
		var said *serverError
		switch {
		case err == nil:
			taken++
		case errors.As(err, &said) && said.code != closing:
			outcomes[i] = failure(err)
		default:
			return 0, err
		}
	}
	return taken, nil
}

// data sends the message and returns what the server said when it took it.
func (s *session) data(letter io.WriterTo) (string, error) {
	w, err := s.client.Data()
	if err != nil {
		return "", s.explain("DATA", err)
	}
	if _, err := letter.WriteTo(w); err != nil {
		return "", s.explain("sending the message", err)
	}
	if err := w.Close(); err != nil {
		return "", s.explain("end of DATA", err)
	}
	return plain("250 "+w.(*smtp.DataCloser).ServerResponse(), maxAnswer), nil
}

// close says goodbye and waits a moment for the answer, whatever it is.
func (s *session) close() {
	_ = s.conn.SetDeadline(time.Now().Add(time.Second))
	_ = s.client.Quit()
	s.abort()
}

func (s *session) abort() {
	s.release()
	s.conn.Close()
}

// explain words err of a stage without the password, which a server may repeat.
func (s *session) explain(stage string, err error) error {
	password := s.settings.SMTPPassword
	if err == nil || password == "" {
		return explain(s.ctx, stage, err)
	}
	user := s.settings.SMTPUser
	return explain(s.ctx, stage, err, password,
		base64.StdEncoding.EncodeToString([]byte(password)), base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+password)))
}

func explain(ctx context.Context, stage string, err error, secrets ...string) error {
	var said *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &said):
		return &serverError{stage: stage, code: said.Code, text: hide(said.Msg, secrets...)}
	case ctx.Err() != nil:
		return fmt.Errorf("%s: no answer in time", stage)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s: the server closed the connection", stage)
	}
	return fmt.Errorf("%s: %s", stage, hide(err.Error(), secrets...))
}

// closing is what a server says before it closes the connection.
const closing = 421

// serverError is a negative answer.
type serverError struct {
	stage string
	code  int
	text  string
}

func (e *serverError) Error() string { return fmt.Sprintf("%s: %d %s", e.stage, e.code, e.text) }

// Unwrap makes it [ErrRefused] when a recipient or the message is refused for good. Refusals by policy (5.7) and for want
// of a sign-in are left out: who is blocked now may be let through within the day.
func (e *serverError) Unwrap() error {
	policy := strings.HasPrefix(e.text, "5.7.") || e.code == 530 || e.code == 535
	if e.code >= 500 && !policy && (e.stage == "RCPT" || e.stage == "end of DATA") {
		return ErrRefused
	}
	return nil
}

// boundedConn is a connection from which only so much is read.
type boundedConn struct {
	net.Conn
	left int
}

func (c *boundedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the server says too much")
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// ownName is what a client calls itself: its full name, or its address where it has none.
func ownName(conn net.Conn) string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") {
		return name
	}
	host, _, _ := net.SplitHostPort(conn.LocalAddr().String())
	if strings.Contains(host, ":") {
		host = "IPv6:" + host
	}
	return "[" + host + "]"
}

// international says whether an address needs a server that knows more than ASCII.
func international(sender string, to []*mail.Address) bool {
	beyond := func(text string) bool {
		return strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
	}
	for _, address := range to {
		if beyond(address.Address) {
			return true
		}
	}
	return beyond(sender)
}

func containsWord(text, word string) bool {
	for _, w := range strings.Fields(text) {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}
