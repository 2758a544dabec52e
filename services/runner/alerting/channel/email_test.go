package channel

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"nanomon/services/common/config"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/notify"
)

var testFormat = notify.Formatter{BaseURL: "https://nanomon.example.org/", TimeZone: time.UTC}

// testMessage returns the message of a notification of the given kind.
func testMessage(kind store.NotificationKind) notify.Message {
	return testFormat.Message(alertingtest.Notification(kind))
}

// onlyChannel returns the only channel that the settings configure.
func onlyChannel(t *testing.T, settings config.Alerts, roots *x509.CertPool) notify.Channel {
	t.Helper()
	channels := All(settings, roots)
	if len(channels) != 1 {
		t.Fatalf("%d channels", len(channels))
	}
	return channels[0]
}

// deliver sends n to all its recipients.
func deliver(t *testing.T, s notify.Channel, n store.Notification) []notify.Outcome {
	t.Helper()
	to := s.Recipients(n.To)
	m := testFormat.Message(n)
	m.Sent = time.Now()
	outcomes := s.Send(t.Context(), m, to)
	if len(outcomes) != len(to) {
		t.Fatalf("%d outcomes for %d recipients", len(outcomes), len(to))
	}
	return outcomes
}

func TestEmailIsAccepted(t *testing.T) {
	for _, c := range []struct {
		name   string
		server *mailServer
	}{
		{"plain", &mailServer{encryption: config.TLSNone}},
		{"STARTTLS", &mailServer{encryption: config.TLSStart}},
		{"implicit TLS", &mailServer{encryption: config.TLSImplicit}},
		{"STARTTLS and password", &mailServer{encryption: config.TLSStart, password: "s3cret words"}},
		{"implicit TLS and password", &mailServer{encryption: config.TLSImplicit, password: "s3cret words"}},
		{"LOGIN", &mailServer{encryption: config.TLSStart, password: "s3cret words", mechanism: "LOGIN"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.server.start(t, "")
			s := onlyChannel(t, c.server.settings("a@example.org, Bea <b@example.org>"), c.server.roots)
			for _, outcome := range deliver(t, s, alertingtest.Notification(store.KindOpened)) {
				if outcome.Err != nil || !strings.HasPrefix(outcome.Answer, "250 2.0.0 ") {
					t.Errorf("%+v", outcome)
				}
			}
			mails := c.server.mails()
			if len(mails) != 2 || mails[0].from != "nanomon@example.org" || !slices.Equal(recipientsOf(mails), []string{"a@example.org", "b@example.org"}) {
				t.Fatalf("received: %+v", mails)
			}
			if strings.Contains(string(mails[0].data), "b@example.org") || strings.Contains(string(mails[1].data), "a@example.org") {
				t.Error("a recipient sees the other one")
			}
			if first, second := readMail(t, mails[0]).Header.Get("Message-Id"), readMail(t, mails[1]).Header.Get("Message-Id"); first == "" || first != second {
				t.Errorf("Message-ID %q and %q", first, second)
			}
		})
	}
}

// recipientsOf returns the recipients of all e-mails.
func recipientsOf(mails []receivedMail) []string {
	var list []string
	for _, m := range mails {
		list = append(list, m.to...)
	}
	return list
}

func TestEmailFailures(t *testing.T) {
	for _, c := range []struct {
		name      string
		server    *mailServer
		change    func(*config.Alerts)
		untrusted bool
		want      string
	}{
		{"wrong password", &mailServer{encryption: config.TLSStart, password: "s3cret"}, func(a *config.Alerts) { a.SMTPPassword = "wr0ng" }, false, "AUTH: 535 5.7.8 Authentication failed"},
		{"wrong user", &mailServer{encryption: config.TLSStart, password: "s3cret"}, func(a *config.Alerts) { a.SMTPUser = "somebody" }, false, "AUTH: 535 5.7.8 Authentication failed"},
		{"server that repeats the password", &mailServer{encryption: config.TLSStart, password: "s3cret", echo: true}, nil, false, "AUTH: 535 5.7.8 no: nanomon@example.org/***"},
		{"password missing", &mailServer{encryption: config.TLSStart, password: "s3cret"}, func(a *config.Alerts) { a.SMTPPassword = "" }, false, "MAIL: 502 5.7.0 Please authenticate first"},
		{"no authentication offered", &mailServer{encryption: config.TLSStart}, func(a *config.Alerts) { a.SMTPPassword = "s3cret" }, false, "the server offers no authentication, but ALERT_SMTP_PASSWORD is set"},
		{"unknown mechanism", &mailServer{encryption: config.TLSStart, password: "s3cret", mechanism: "NTLM"}, nil, false, `the server must offer PLAIN, LOGIN, SCRAM-SHA-256 or CRAM-MD5 authentication, but offers only "NTLM"`},
		{"STARTTLS required", &mailServer{encryption: config.TLSNone}, func(a *config.Alerts) { a.SMTPTLS = config.TLSStart }, false, "the server does not offer STARTTLS, which ALERT_SMTP_TLS requires"},
		{"unknown authority, STARTTLS", &mailServer{encryption: config.TLSStart}, nil, true, "STARTTLS: tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{"unknown authority, implicit TLS", &mailServer{encryption: config.TLSImplicit}, nil, true, "TLS: tls: failed to verify certificate: x509: certificate signed by unknown authority"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.server.start(t, "")
			settings, roots := c.server.settings("a@example.org"), c.server.roots
			if c.change != nil {
				c.change(&settings)
			}
			if c.untrusted {
				roots = x509.NewCertPool()
			}
			outcome := deliver(t, onlyChannel(t, settings, roots), alertingtest.Notification(store.KindOpened))[0]
			if outcome.Answer != c.want || outcome.Err == nil || errors.Is(outcome.Err, notify.ErrRefused) || outcome.Err.Error() != c.want {
				t.Errorf("got %+v, want %s and a retry", outcome, c.want)
			}
			if len(c.server.mails()) > 0 {
				t.Error("the e-mail was accepted")
			}
		})
	}
}

func TestPasswordIsNeverSentUnencrypted(t *testing.T) {
	for _, mode := range []config.TLSMode{config.TLSAuto, config.TLSNone, config.TLSStart} {
		server := &mailServer{encryption: config.TLSNone, password: "s3cret"}
		server.start(t, "")
		settings := server.settings("a@example.org")
		settings.SMTPTLS = mode
		outcome := deliver(t, onlyChannel(t, settings, nil), alertingtest.Notification(store.KindOpened))[0]
		if outcome.Err == nil || mode != config.TLSStart && !strings.Contains(outcome.Answer, "a password is never sent unencrypted") {
			t.Errorf("%s: %+v", mode, outcome)
		}
		server.mutex.Lock()
		received := server.clientData.String()
		server.mutex.Unlock()
		if !strings.Contains(received, "EHLO") || strings.Contains(received, "AUTH") || strings.Contains(received, "s3cret") || strings.Contains(received, base64.StdEncoding.EncodeToString([]byte("s3cret"))) {
			t.Errorf("%s: the server received %q", mode, received)
		}
	}
}

func TestOneRecipientIsRejected(t *testing.T) {
	for _, c := range []struct {
		name      string
		rejection smtp.SMTPError
		answer    string
		refused   bool
	}{
		{"permanently", smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "User unknown"}, "RCPT: 550 5.1.1 User unknown", true},
		{"temporarily", smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted"}, "RCPT: 451 4.7.1 Greylisted", false},
		{"by policy", smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Blocked"}, "RCPT: 554 5.7.1 Blocked", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := &mailServer{encryption: config.TLSStart, rejected: map[string]*smtp.SMTPError{"b@example.org": &c.rejection}}
			server.start(t, "")
			s := onlyChannel(t, server.settings("a@example.org,b@example.org,c@example.org"), server.roots)
			outcomes := deliver(t, s, alertingtest.Notification(store.KindOpened))
			if outcomes[0].Err != nil || outcomes[2].Err != nil {
				t.Errorf("the others: %+v", outcomes)
			}
			if outcomes[1].Answer != c.answer || outcomes[1].Err == nil || errors.Is(outcomes[1].Err, notify.ErrRefused) != c.refused {
				t.Errorf("got %+v", outcomes[1])
			}
			server.rejected = nil
			if again := s.Send(t.Context(), testMessage(store.KindOpened), []string{"b@example.org"}); again[0].Err != nil {
				t.Errorf("alone: %+v", again)
			}
			mails := server.mails()
			if len(mails) != 3 || !slices.Equal(recipientsOf(mails), []string{"a@example.org", "c@example.org", "b@example.org"}) {
				t.Fatalf("received: %+v", mails)
			}
			if first, second := readMail(t, mails[0]).Header.Get("Message-Id"), readMail(t, mails[2]).Header.Get("Message-Id"); first == "" || first != second {
				t.Errorf("Message-ID %q, then %q", first, second)
			}
		})
	}
}

// A server that closes the session for one recipient receives the remaining e-mails in the next attempt.
func TestSessionEndsBetweenRecipients(t *testing.T) {
	server := &mailServer{encryption: config.TLSNone, rejected: map[string]*smtp.SMTPError{
		"b@example.org": {Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "Too many messages"},
	}}
	server.start(t, "")
	outcomes := deliver(t, onlyChannel(t, server.settings("a@example.org,b@example.org,c@example.org"), nil), alertingtest.Notification(store.KindOpened))
	if outcomes[0].Err != nil {
		t.Errorf("the first recipient: %+v", outcomes[0])
	}
	for _, outcome := range outcomes[1:] {
		if outcome.Answer != "RCPT: 421 4.3.2 Too many messages" || outcome.Err == nil || errors.Is(outcome.Err, notify.ErrRefused) {
			t.Errorf("got %+v, want a retry", outcome)
		}
	}
	if mails := server.mails(); !slices.Equal(recipientsOf(mails), []string{"a@example.org"}) {
		t.Errorf("received: %+v", mails)
	}
}

func TestEmailToRecipientsOfMonitor(t *testing.T) {
	server := &mailServer{encryption: config.TLSNone}
	server.start(t, "")
	n := alertingtest.Notification(store.KindOpened)
	n.To = []string{"own@example.org", "no address", "x@example.org\r\nRCPT TO:<y@example.org>"}
	outcomes := deliver(t, onlyChannel(t, server.settings("a@example.org"), nil), n)
	if outcomes[0].Err != nil || !errors.Is(outcomes[1].Err, notify.ErrRefused) || !errors.Is(outcomes[2].Err, notify.ErrRefused) {
		t.Errorf("%+v", outcomes)
	}
	if mails := server.mails(); len(mails) != 1 || !slices.Equal(mails[0].to, []string{"own@example.org"}) {
		t.Errorf("received: %+v", mails)
	}
}

func TestInternationalDomains(t *testing.T) {
	server := &mailServer{encryption: config.TLSStart}
	server.start(t, "")
	settings := server.settings("a@bücher.example")
	settings.SMTPFrom[0].Address = "nanomon@bücher.example"
	n := alertingtest.Notification(store.KindOpened)
	outcomes := deliver(t, onlyChannel(t, settings, server.roots), n)
	n.To = []string{"b@Bücher.example"}
	outcomes = append(outcomes, deliver(t, onlyChannel(t, settings, server.roots), n)...)
	for _, outcome := range outcomes {
		if outcome.Err != nil {
			t.Error(outcome.Err)
		}
	}
	for i, mail := range server.mails() {
		want := []string{"a@xn--bcher-kva.example", "b@xn--bcher-kva.example"}[i]
		if mail.from != "nanomon@xn--bcher-kva.example" || !slices.Equal(mail.to, []string{want}) ||
			!strings.Contains(string(mail.data), "To: <"+want+">") {
			t.Errorf("from %s to %s:\n%s", mail.from, mail.to, mail.data)
		}
	}
}

func TestMessageIsRefused(t *testing.T) {
	server := &mailServer{encryption: config.TLSNone, content: &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "No"}}
	server.start(t, "")
	for _, outcome := range deliver(t, onlyChannel(t, server.settings("a@example.org,b@example.org"), nil), alertingtest.Notification(store.KindOpened)) {
		if outcome.Answer != "end of DATA: 554 5.6.0 No" || !errors.Is(outcome.Err, notify.ErrRefused) {
			t.Errorf("%+v", outcome)
		}
	}
}

func TestEmailServerDownThenUp(t *testing.T) {
	first := &mailServer{encryption: config.TLSNone}
	t.Run("find a port", func(t *testing.T) { first.start(t, "") })
	s := onlyChannel(t, first.settings("a@example.org"), nil)
	outcome := deliver(t, s, alertingtest.Notification(store.KindOpened))[0]
	if outcome.Err == nil || errors.Is(outcome.Err, notify.ErrRefused) || !strings.Contains(outcome.Answer, "connection refused") {
		t.Errorf("%+v", outcome)
	}
	first.start(t, first.address.String())
	if outcome := deliver(t, s, alertingtest.Notification(store.KindOpened))[0]; outcome.Err != nil {
		t.Errorf("%+v", outcome)
	}
}

func TestEmailServerHangs(t *testing.T) {
	for _, c := range []struct {
		hang       string
		encryption config.TLSMode
		stage      string
	}{
		{"greeting", config.TLSStart, "greeting"}, {"EHLO", config.TLSStart, "EHLO"}, {"STARTTLS", config.TLSStart, "STARTTLS"},
		{"AUTH", config.TLSImplicit, "AUTH"}, {"MAIL", config.TLSImplicit, "MAIL"}, {"RCPT", config.TLSImplicit, "RCPT"},
		{"DATA", config.TLSImplicit, "DATA"}, {".", config.TLSImplicit, "end of DATA"},
	} {
		t.Run(c.stage, func(t *testing.T) {
			server := &mailServer{encryption: c.encryption, password: "s3cret", hang: c.hang}
			server.start(t, "")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				<-server.hanging
				cancel()
			}()
			s := onlyChannel(t, server.settings("a@example.org"), server.roots)
			outcome := s.Send(ctx, testMessage(store.KindOpened), []string{"a@example.org"})[0]
			// The context may end before the client notices that it is connected.
			early := c.hang == "greeting" && strings.HasPrefix(outcome.Answer, "connect:")
			if outcome.Answer != c.stage+": no answer in time" && !early || outcome.Err == nil || errors.Is(outcome.Err, notify.ErrRefused) {
				t.Errorf("%+v", outcome)
			}
		})
	}
}

func TestEmailServerHangsAfterAccepting(t *testing.T) {
	server := &mailServer{encryption: config.TLSNone, hang: "QUIT"}
	server.start(t, "")
	if outcome := deliver(t, onlyChannel(t, server.settings("a@example.org"), nil), alertingtest.Notification(store.KindOpened))[0]; outcome.Err != nil {
		t.Errorf("%+v", outcome)
	}
}
