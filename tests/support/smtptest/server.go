// Package smtptest provides an SMTP server on the loopback interface that records the e-mails it receives.
package smtptest

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"nanomon/tests/support/servicetest"
)

// From and To are the sender and the recipient of [Server.Settings].
const (
	From = "nanomon@example.org"
	To   = "ann@example.org"
)

// Link is the URL of the page in [Server.Settings].
const Link = "https://nanomon.example.org"

// Server is an SMTP server that runs until its test ends.
type Server struct {
	t       testing.TB
	address string
	stop    func()

	mu       sync.Mutex
	mails    []Mail
	rejected string
}

// Start starts a server.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, address: "127.0.0.1:0"}
	s.Restart()
	t.Cleanup(s.Stop)
	return s
}

// Stop stops the server, so that connections are refused. It does nothing if the server is stopped already.
func (s *Server) Stop() { s.stop() }

// Restart starts a stopped server on the same address.
func (s *Server) Restart() {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = listener.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }))
	server.ErrorLog = log.New(io.Discard, "", 0)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	s.stop = sync.OnceFunc(func() {
		if err := errors.Join(server.Close(), closeListener(listener)); err != nil {
			s.t.Error(err)
		}
		serving.Wait()
	})
}

// closeListener closes a listener unless it is closed already. The server closes its listener itself only if it has
// begun to serve.
func closeListener(listener net.Listener) error {
	if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Reject makes the server reject a recipient from now on.
func (s *Server) Reject(recipient string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejected = recipient
}

// Settings returns the settings of a service whose only channel is e-mail through this server. An incident opens after
// two results that are not OK.
func (s *Server) Settings() map[string]string {
	host, port, err := net.SplitHostPort(s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	return map[string]string{
		"ALERT_FAIL_COUNT": "2", "ALERT_LINK_BASEURL": Link, "ALERT_SMTP_TLS": "none",
		"ALERT_SMTP_HOST": host, "ALERT_SMTP_PORT": port, "ALERT_SMTP_FROM": From, "ALERT_SMTP_TO": To,
	}
}

// Mails returns all e-mails received so far, oldest first.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Wait waits until the server has received n e-mails and returns them. It fails the test if there are more.
func (s *Server) Wait(t testing.TB, n int) []Mail {
	t.Helper()
	servicetest.Eventually(t, fmt.Sprintf("%d e-mails", n), func() bool { return len(s.Mails()) >= n })
	mails := s.Mails()
	if len(mails) > n {
		t.Fatalf("received %d e-mails, want %d; the last is %q", len(mails), n, mails[len(mails)-1].Subject)
	}
	return mails
}

type session struct {
	server *Server
	to     []string
}

func (c *session) Reset()                               { c.to = nil }
func (c *session) Logout() error                        { return nil }
func (c *session) Mail(string, *smtp.MailOptions) error { return nil }

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if to == c.server.rejected {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "unknown recipient"}
	}
	c.to = append(c.to, to)
	return nil
}

// Data records the e-mail and responds with its number, counted from 1.
func (c *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	mail, err := parse(data)
	if err != nil {
		c.server.t.Errorf("invalid e-mail: %v\n%s", err, data)
	}
	mail.Recipients = c.to
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.mails = append(c.server.mails, mail)
	return &smtp.SMTPError{
		Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: fmt.Sprintf("accepted as number %d", len(c.server.mails)),
	}
}
