package channel

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
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"nanomon/services/common/config"
	"nanomon/services/common/hostname"
	"nanomon/services/common/plain"
	"nanomon/services/runner/alerting/notify"
)

// maxSessionBytes limits how many bytes are read from the server in one session.
const maxSessionBytes = 1 << 20

// session is one SMTP session. It is aborted when ctx ends. It uses the package smtp of go-mail and not its Client, whose
// errors contain neither the stage at which a session failed nor the server's answer on its own.
type session struct {
	ctx      context.Context
	settings config.SMTP
	from     string
	conn     net.Conn
	// release stops the abort at the end of ctx.
	release func() bool
	client  *smtp.Client
}

// open starts a session, up to the point at which the server expects the first message.
func (e *email) open(ctx context.Context) (*session, error) {
	s := &session{ctx: ctx, settings: e.settings, from: e.from.Address}
	server := net.JoinHostPort(e.settings.SMTPHost, strconv.Itoa(int(e.settings.SMTPPort)))
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", server)
	if err != nil {
		return nil, s.describeError("connect", err)
	}
	s.conn, s.release = conn, context.AfterFunc(ctx, func() { conn.Close() })
	if err := s.begin(e.tlsConfig); err != nil {
		s.abort()
		return nil, err
	}
	return s, nil
}

// begin runs the session from the greeting to the authentication.
func (s *session) begin(tlsConfig *tls.Config) error {
	mode := s.settings.SMTPTLS
	if mode == config.TLSAuto && s.settings.SMTPPort == 465 {
		mode = config.TLSImplicit
	}
	var conn net.Conn = &limitedConn{Conn: s.conn, remaining: maxSessionBytes}
	if mode == config.TLSImplicit {
		secured := tls.Client(conn, tlsConfig)
		if err := secured.HandshakeContext(s.ctx); err != nil {
			return s.describeError("TLS", err)
		}
		conn = secured
	}
	client, err := smtp.NewClient(conn, s.settings.SMTPHost)
	if err != nil {
		return s.describeError("greeting", err)
	}
	s.client = client
	if err := client.Hello(helloName(s.conn)); err != nil {
		return s.describeError("EHLO", err)
	}
	if err := s.startTLS(mode, tlsConfig); err != nil {
		return err
	}
	return s.authenticate()
}

// startTLS encrypts the session if mode requires it or the server offers it. If STARTTLS fails, it returns an error and
// never continues unencrypted.
func (s *session) startTLS(mode config.TLSMode, tlsConfig *tls.Config) error {
	if mode == config.TLSNone || mode == config.TLSImplicit {
		return nil
	}
	if offered, _ := s.client.Extension("STARTTLS"); offered {
		return s.describeError("STARTTLS", s.client.StartTLS(tlsConfig))
	}
	if mode == config.TLSStart {
		return errors.New("the server does not offer STARTTLS, which ALERT_SMTP_TLS requires")
	}
	return nil
}

// authenticate sends the password, if one is configured, but only over an encrypted session.
func (s *session) authenticate() error {
	if s.settings.SMTPPassword == "" {
		return nil
	}
	if _, encrypted := s.client.TLSConnectionState(); !encrypted {
		return errors.New("the server offers no encryption, and a password is never sent unencrypted: " +
			"unset ALERT_SMTP_PASSWORD or use a server with TLS")
	}
	offered, mechanisms := s.client.Extension("AUTH")
	if !offered {
		return errors.New("the server offers no authentication, but ALERT_SMTP_PASSWORD is set")
	}
	user, password := s.settings.SMTPUser, s.settings.SMTPPassword
	words := strings.Fields(strings.ToUpper(mechanisms))
	for _, m := range []struct {
		name string
		auth smtp.Auth
	}{
		{"PLAIN", smtp.PlainAuth("", user, password, s.settings.SMTPHost, false)},
		{"LOGIN", smtp.LoginAuth(user, password, s.settings.SMTPHost, false)},
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(user, password)},
		{"CRAM-MD5", smtp.CRAMMD5Auth(user, password)},
	} {
		if slices.Contains(words, m.name) {
			return s.describeError("AUTH", s.client.Auth(m.auth))
		}
	}
	return fmt.Errorf("the server must offer PLAIN, LOGIN, SCRAM-SHA-256 or CRAM-MD5 authentication, but offers only %q",
		plain.Line(mechanisms, maxAnswer))
}

// send sends a message to one recipient and returns the server's answer.
func (s *session) send(to *mail.Address, message io.WriterTo) (string, error) {
	s.client.SkipSMTPUTF8(hostname.IsASCII(s.from) && hostname.IsASCII(to.Address))
	if err := s.client.Mail("<" + s.from + ">"); err != nil {
		return "", s.describeError("MAIL", err)
	}
	if err := s.client.Rcpt("<" + to.Address + ">"); err != nil {
		return "", s.describeError(stageRecipient, err)
	}
	w, err := s.client.Data()
	if err != nil {
		return "", s.describeError("DATA", err)
	}
	if _, err := message.WriteTo(w); err != nil {
		return "", s.describeError("sending the message", err)
	}
	if err := w.Close(); err != nil {
		return "", s.describeError(stageMessage, err)
	}
	return plain.Line("250 "+w.(*smtp.DataCloser).ServerResponse(), maxAnswer), nil
}

// reset prepares the session for the next message after an error.
func (s *session) reset() error { return s.describeError("RSET", s.client.Reset()) }

// close sends QUIT, waits at most one second for the answer, and closes the connection.
func (s *session) close() {
	_ = s.conn.SetDeadline(time.Now().Add(time.Second))
	_ = s.client.Quit()
	s.abort()
}

func (s *session) abort() {
	s.release()
	s.conn.Close()
}

// describeError returns err with the stage at which it occurred, and without the password; nil if err is nil.
func (s *session) describeError(stage string, err error) error {
	var reply *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &reply):
		return &serverError{stage: stage, code: reply.Code, text: s.redact(reply.Msg)}
	case s.ctx.Err() != nil:
		return fmt.Errorf("%s: no answer in time", stage)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s: the server closed the connection", stage)
	}
	return fmt.Errorf("%s: %s", stage, s.redact(err.Error()))
}

// redact removes the password from text: a server may repeat it.
func (s *session) redact(text string) string {
	user, password := s.settings.SMTPUser, s.settings.SMTPPassword
	if password == "" {
		return text
	}
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	return redactSecrets(text, password, encode(password), encode("\x00"+user+"\x00"+password))
}

// The stages at which a server rejects one recipient or message.
const (
	stageRecipient = "RCPT"
	stageMessage   = "end of DATA"
)

// concernsRecipient reports whether the server rejected only one recipient or message and accepts others.
func concernsRecipient(err error) bool {
	var reply *serverError
	return errors.As(err, &reply) && reply.code != codeClosing &&
		(reply.stage == stageRecipient || reply.stage == stageMessage)
}

// codeClosing is the code that a server sends before it closes the connection.
const codeClosing = 421

// serverError is a negative answer of the server.
type serverError struct {
	stage string
	code  int
	text  string
}

func (e *serverError) Error() string { return fmt.Sprintf("%s: %d %s", e.stage, e.code, e.text) }

// Unwrap returns [notify.ErrRefused] if the server permanently rejected a recipient or the message. Rejections by
// policy (5.7) and for missing authentication are worth a retry: the policy may change within the retry period.
func (e *serverError) Unwrap() error {
	policy := strings.HasPrefix(e.text, "5.7.") || e.code == 530 || e.code == 535
	if e.code >= 500 && !policy && (e.stage == stageRecipient || e.stage == stageMessage) {
		return notify.ErrRefused
	}
	return nil
}

// limitedConn is a connection from which at most remaining bytes are read.
type limitedConn struct {
	net.Conn
	remaining int
}

func (c *limitedConn) Read(p []byte) (int, error) {
	if c.remaining <= 0 {
		return 0, errors.New("the server sent too much data")
	}
	n, err := c.Conn.Read(p[:min(len(p), c.remaining)])
	c.remaining -= n
	return n, err
}

// helloName returns the client's name for EHLO: its full host name, or else its address.
func helloName(conn net.Conn) string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") {
		return name
	}
	host, _, _ := net.SplitHostPort(conn.LocalAddr().String())
	if strings.Contains(host, ":") {
		host = "IPv6:" + host
	}
	return "[" + host + "]"
}
