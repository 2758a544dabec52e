package probe

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

const day = 24 * time.Hour

// intermediate returns an authority with a certificate from a, which expires after until.
func (a authority) intermediate(t testing.TB, until time.Duration) authority {
	t.Helper()
	key := newKey(t)
	return authority{key: key, certificate: sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "Test intermediate"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-10 * day), NotAfter: time.Now().Add(until + time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}, a.certificate, &key.PublicKey, a.key)}
}

// serveChain starts a server whose certificate is from a and expires after until. It also sends the certificates in
// chain.
func (a authority) serveChain(t testing.TB, until time.Duration, handler http.HandlerFunc, chain ...*x509.Certificate) *httptest.Server {
	t.Helper()
	key := newKey(t)
	return startTLS(t, handler, &tls.Config{Certificates: []tls.Certificate{a.issue(t, until, key, &key.PublicKey, chain)}})
}

// issue returns a certificate for 127.0.0.1 from a.
func (a authority) issue(t testing.TB, until time.Duration, key crypto.PrivateKey, public any, chain []*x509.Certificate) tls.Certificate {
	t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(4), Subject: pkix.Name{CommonName: "server"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-10 * day), NotAfter: time.Now().Add(until + time.Hour),
	}, a.certificate, public, a.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
	for _, c := range chain {
		certificate.Certificate = append(certificate.Certificate, c.Raw)
	}
	return certificate
}

func startTLS(t testing.TB, handler http.HandlerFunc, config *tls.Config) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = silentLog()
	server.TLS = config
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func respond(http.ResponseWriter, *http.Request) {}

func TestHTTPCertExpiryIsTheEarliestOfAllHops(t *testing.T) {
	a := newAuthority(t)
	soon := a.serveChain(t, 5*day, func(w http.ResponseWriter, r *http.Request) {
		if to := r.FormValue("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
		}
	})
	late := a.serveChain(t, 20*day, soon.Config.Handler.ServeHTTP)
	expired := a.serveChain(t, -2*day, respond)
	plain := serve(t, respond)
	for _, c := range []struct {
		target string
		days   float64
		fails  bool
	}{
		{late.URL, 20, false},
		{soon.URL + "?to=" + late.URL, 5, false},
		{late.URL + "?to=" + soon.URL, 5, false},
		{soon.URL + "?to=" + plain.URL, 5, false},
		{soon.URL + "?to=" + expired.URL, -2, true},
		{soon.URL + "?to=http://" + closedPort(t), 5, true},
		{soon.URL + "?to=" + soon.URL + "/", 5, false},
	} {
		for _, keep := range []string{"false", "true"} {
			p := a.trust(newProbe(t, "http", c.target, props{"keepAlive": keep}))
			for range 2 { // The second check may reuse a connection.
				outcome := p.Run(t.Context())
				if outcome.Outputs["certExpiryDays"] != c.days || (outcome.Err != nil) != c.fails {
					t.Errorf("%s: certExpiryDays %v, want %v; %v", c.target, outcome.Outputs["certExpiryDays"], c.days, outcome.Err)
				}
			}
		}
	}
}

func TestHTTPCertExpiryIsTheEarliestOfTheChain(t *testing.T) {
	a := newAuthority(t)
	intermediate := a.intermediate(t, 7*day)
	other := newAuthority(t)
	// A second certificate for the same intermediate expires later.
	template := *intermediate.certificate
	template.NotAfter = time.Now().Add(9*day + time.Hour)
	longer := sign(t, &template, a.certificate, &intermediate.key.PublicKey, a.key)
	for _, c := range []struct {
		chain            []*x509.Certificate
		days, unverified float64
	}{
		{[]*x509.Certificate{intermediate.certificate}, 7, 20},
		{[]*x509.Certificate{intermediate.certificate, longer}, 9, 20},
		{[]*x509.Certificate{intermediate.certificate, other.certificate}, 7, 20},
	} {
		server := intermediate.serveChain(t, 20*day, respond, c.chain...)
		verified := a.trust(newProbe(t, "http", server.URL, nil)).Run(t.Context())
		unverified := runHTTP(t, server.URL, props{"validateTLS": "false"})
		for want, outcome := range map[float64]Outcome{c.days: verified, c.unverified: unverified} {
			wantOK(t, "http", outcome)
			if outcome.Outputs["certExpiryDays"] != want {
				t.Errorf("certExpiryDays %v, want %v", outcome.Outputs["certExpiryDays"], want)
			}
		}
	}
}

func TestHTTPBrokenChains(t *testing.T) {
	a := newAuthority(t)
	intermediate, expired := a.intermediate(t, 10*day), a.intermediate(t, -3*day)
	const selfSigned = "the certificate is self-signed or its authority is unknown; set validateTLS to false to accept it"
	missing := func(issuer string) string {
		return `the server does not send the certificate of the issuer "` + issuer + `", and this machine does not know it`
	}
	for name, c := range map[string]struct {
		server  *httptest.Server
		trusted authority
		message string
		days    float64
	}{
		"missing intermediate": {intermediate.serveChain(t, 5*day, respond), a, missing("Test intermediate"), 5},
		"unrelated chain":      {intermediate.serveChain(t, 5*day, respond, expired.certificate), a, missing("Test intermediate"), 5},
		"private authority":    {a.serveChain(t, 5*day, respond), newAuthority(t), missing("Test authority"), 5},
		"missing root":         {intermediate.serveChain(t, 5*day, respond, intermediate.certificate), intermediate, "", 5},
		"unknown root":         {intermediate.serveChain(t, 5*day, respond, intermediate.certificate, a.certificate), newAuthority(t), selfSigned, 5},
		"expired intermediate": {expired.serveChain(t, 5*day, respond, expired.certificate), a, `the certificate of the issuer "Test intermediate" expired on `, -3},
	} {
		outcome := c.trusted.trust(newProbe(t, "http", c.server.URL, nil)).Run(context.Background())
		if c.message == "" {
			wantOK(t, "http", outcome)
		} else {
			wantFailure(t, "http", outcome, c.message)
		}
		if outcome.Outputs["certExpiryDays"] != c.days {
			t.Errorf("%s: certExpiryDays %v, want %v", name, outcome.Outputs["certExpiryDays"], c.days)
		}
	}
}

func TestHTTPMinimumTLSVersion(t *testing.T) {
	a := newAuthority(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	certificates := []tls.Certificate{a.issue(t, day, key, &key.PublicKey, nil)}
	old := func(version uint16, suites ...uint16) *httptest.Server {
		return startTLS(t, respond, &tls.Config{
			Certificates: certificates, MinVersion: version, MaxVersion: version, CipherSuites: suites,
		})
	}
	const hint = "; use a lower tlsMin if the target is an old device"
	for name, c := range map[string]struct {
		server  *httptest.Server
		tlsMin  string
		message string
	}{
		"TLS 1.0":                {old(tls.VersionTLS10, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA), "", "the TLS handshake failed: protocol version not supported" + hint},
		"TLS 1.0, 1.1 required":  {old(tls.VersionTLS10, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA), "1.1", "protocol version not supported" + hint},
		"TLS 1.0, accepted":      {old(tls.VersionTLS10, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA), "1.0", ""},
		"TLS 1.1, accepted":      {old(tls.VersionTLS11, tls.TLS_RSA_WITH_AES_128_CBC_SHA), "1.1", ""},
		"old suite":              {old(tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_CBC_SHA), "", "the TLS handshake failed: handshake failure" + hint},
		"old suite, accepted":    {old(tls.VersionTLS12, tls.TLS_RSA_WITH_RC4_128_SHA), "1.0", ""},
		"TLS 1.2":                {old(tls.VersionTLS12), "", ""},
		"TLS 1.2, 1.3 required":  {old(tls.VersionTLS12), "1.3", "protocol version not supported" + hint},
		"TLS 1.3, 1.0 is enough": {old(tls.VersionTLS13), "1.0", ""},
	} {
		outcome := a.trust(newProbe(t, "http", c.server.URL, props{"tlsMin": c.tlsMin})).Run(t.Context())
		switch {
		case c.message != "":
			wantFailure(t, "http", outcome, c.message)
		case outcome.Err != nil:
			t.Errorf("%s: %v", name, outcome.Err)
		}
	}
}

func TestHTTPClientCertificate(t *testing.T) {
	a := newAuthority(t)
	key := newKey(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, http2 := range []bool{false, true} {
			for auth, message := range map[tls.ClientAuthType]string{
				tls.RequestClientCert: "", tls.RequireAnyClientCert: "the server ended the connection: it asks for a client certificate, which checks can't send",
			} {
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ready") }))
				server.Config.ErrorLog = silentLog()
				server.EnableHTTP2 = http2
				server.TLS = &tls.Config{MaxVersion: version, ClientAuth: auth, Certificates: []tls.Certificate{a.issue(t, day, key, &key.PublicKey, nil)}}
				server.StartTLS()
				outcome := a.trust(newProbe(t, "http", server.URL, nil)).Run(t.Context())
				server.Close()
				if message == "" {
					wantOK(t, "http", outcome)
				} else {
					wantFailure(t, "http", outcome, message)
				}
			}
		}
	}
}
