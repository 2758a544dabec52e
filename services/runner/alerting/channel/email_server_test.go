package channel

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/mail"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"nanomon/services/common/config"
)

// mailServer is an SMTP server on a loopback address that records the messages it receives.
type mailServer struct {
	// Set before start.
	encryption config.TLSMode // TLSNone, TLSStart or TLSImplicit
	password   string         // empty: no authentication
	mechanism  string         // PLAIN unless set
	echo       bool           // rejects an authentication and repeats the password
	hang       string         // the first command that gets no answer; "greeting", or "." for the end of DATA
	rejected   map[string]*smtp.SMTPError
	content    *smtp.SMTPError // the answer to a message

	// hanging is closed when the server has received hang.
	hanging chan struct{}
	address *net.TCPAddr
	roots   *x509.CertPool

	mutex      sync.Mutex
	received   []receivedMail
	clientData bytes.Buffer // all data from clients, as received on the network
}

type receivedMail struct {
	from string
	to   []string
	data []byte
}

// start starts the server at the given address; empty for any port.
func (s *mailServer) start(t *testing.T, at string) {
	t.Helper()
	if at == "" {
		at = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	s.hanging = make(chan struct{})
	s.address = listener.Addr().(*net.TCPAddr)
	certificate, roots := certify(t)
	s.roots = roots
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return s.session(), nil }))
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.AllowInsecureAuth = true
	trusted := &tls.Config{Certificates: []tls.Certificate{certificate}}
	if s.encryption == config.TLSStart {
		server.TLSConfig = trusted
	}
	if s.encryption == config.TLSImplicit {
		listener = tls.NewListener(listener, trusted)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(&wiretap{Listener: listener, server: s})
	}()
	t.Cleanup(func() {
		server.Close()
		listener.Close() // server.Close doesn't close it before Serve has started
		<-ended
	})
}

// settings returns the settings of a client of s.
func (s *mailServer) settings(to string) config.Alerts {
	mode := config.TLSAuto
	if s.encryption == config.TLSImplicit {
		mode = config.TLSImplicit
	}
	var recipients config.Addresses
	if err := recipients.UnmarshalText([]byte(to)); err != nil {
		panic(err)
	}
	return config.Alerts{SMTP: config.SMTP{
		SMTPHost: "127.0.0.1", SMTPPort: config.Port(s.address.Port), SMTPTLS: mode, SMTPPassword: s.password,
		SMTPFrom: config.Addresses{{Name: "NanoMon", Address: "nanomon@example.org"}}, SMTPTo: recipients,
	}}
}

func (s *mailServer) mails() []receivedMail {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.received
}

func (s *mailServer) session() smtp.Session {
	plainSession := &mailSession{server: s}
	if s.password == "" {
		return plainSession
	}
	return &authSession{mailSession: plainSession}
}

type mailSession struct {
	server   *mailServer
	signedIn bool
	mail     receivedMail
}

func (m *mailSession) Reset()        { m.mail = receivedMail{} }
func (m *mailSession) Logout() error { return nil }

func (m *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if m.server.password != "" && !m.signedIn {
		return smtp.ErrAuthRequired
	}
	m.mail.from = from
	return nil
}

func (m *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if rejection := m.server.rejected[to]; rejection != nil {
		return rejection
	}
	m.mail.to = append(m.mail.to, to)
	return nil
}

func (m *mailSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if m.server.content != nil {
		return m.server.content
	}
	m.mail.data = data
	m.server.mutex.Lock()
	defer m.server.mutex.Unlock()
	m.server.received = append(m.server.received, m.mail)
	return nil
}

// authSession requires authentication.
type authSession struct{ *mailSession }

func (s *authSession) AuthMechanisms() []string {
	if s.server.mechanism != "" {
		return []string{s.server.mechanism}
	}
	return []string{sasl.Plain}
}

func (s *authSession) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if s.server.echo {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no: " + user + "/" + password}
		}
		if user != "nanomon@example.org" || password != s.server.password {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}
	if mechanism == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// loginServer implements the LOGIN mechanism: it requests the user name, then the password.
type loginServer struct {
	check     func(user, password string) error
	responses []string
	started   bool
}

func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	if l.started {
		l.responses = append(l.responses, string(response))
	}
	l.started = true
	switch len(l.responses) {
	case 0:
		return []byte("Username:"), false, nil
	case 1:
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.responses[0], l.responses[1])
}

// wiretap records the data from clients and stops the server's answers at the command hang.
type wiretap struct {
	net.Listener
	server *mailServer
}

func (w *wiretap) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tappedConn{Conn: conn, server: w.server, closed: make(chan struct{}), silent: w.server.hang == "greeting"}, nil
}

type tappedConn struct {
	net.Conn
	server *mailServer
	silent bool
	once   sync.Once
	closed chan struct{}
}

func (c *tappedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.server.mutex.Lock()
	c.server.clientData.Write(p[:n])
	c.server.mutex.Unlock()
	hang := c.server.hang
	if hang == "." && bytes.HasSuffix(p[:n], []byte("\r\n.\r\n")) || hang != "" && hang != "." && bytes.HasPrefix(p[:n], []byte(hang)) {
		c.silent = true
	}
	return n, err
}

func (c *tappedConn) Write(p []byte) (int, error) {
	if c.silent {
		close(c.server.hanging)
		<-c.closed
		return 0, errors.New("closed")
	}
	return c.Conn.Write(p)
}

func (c *tappedConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// certify returns a certificate for 127.0.0.1 and a pool that trusts it.
func certify(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, roots
}

// readMail parses a mail and its header.
func readMail(t *testing.T, m receivedMail) *mail.Message {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(m.data))
	if err != nil {
		t.Fatal(err)
	}
	return message
}
