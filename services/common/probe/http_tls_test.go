package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// authority is a certificate authority for tests.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-1000 * time.Hour), NotAfter: time.Now().Add(1000 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a := authority{key: newKey(t)}
	a.certificate = sign(t, template, template, &a.key.PublicKey, a.key)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// leaf describes the certificate of a server. from and until limit its validity, relative to now.
type leaf struct {
	names       []string
	ips         []net.IP
	from, until time.Duration
	selfSigned  bool
}

// serveTLS starts a server with a certificate signed by a. It responds with the protocol version.
func (a authority) serveTLS(t testing.TB, l leaf) *httptest.Server {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, DNSNames: l.names, IPAddresses: l.ips,
		NotBefore: time.Now().Add(l.from), NotAfter: time.Now().Add(l.until),
	}
	parent, signer := a.certificate, a.key
	if l.selfSigned {
		parent, signer = template, key
	}
	certificate := sign(t, template, parent, &key.PublicKey, signer)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(r.Proto))
	}))
	server.Config.ErrorLog = silentLog()
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate.Raw}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// trust adds a to the trusted authorities of p.
func (a authority) trust(p Probe) Probe {
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	changeTransport(p, func(used *http.Transport) { used.TLSClientConfig.RootCAs = roots })
	return p
}

func TestHTTPCertificates(t *testing.T) {

	a := newAuthority(t)
	here := []net.IP{net.IPv4(127, 0, 0, 1)}
	for _, c := range []struct {
		name    string
		leaf    leaf
		days    float64
		message string
	}{
		{"valid", leaf{ips: here, from: -day, until: 10*day + time.Hour}, 10, ""},
		{"last day", leaf{ips: here, from: -day, until: time.Hour}, 0, ""},
		{"expired", leaf{ips: here, from: -9 * day, until: -2*day + time.Hour}, -2, "the certificate expired on " + time.Now().Add(-2*day+time.Hour).UTC().Format("2006-01-02 15:")},
		{"not yet valid", leaf{ips: here, from: day, until: 3*day - time.Hour}, 2, "the certificate is not valid before " + time.Now().Add(day).UTC().Format("2006-01-02 15:")},
		{"wrong host", leaf{names: []string{"a.example", "b.example"}, ips: []net.IP{net.IPv4(192, 0, 2, 1)}, from: -day, until: 2*day + time.Hour}, 2,
			"the certificate is valid for a.example, b.example, 192.0.2.1, not for 127.0.0.1"},
		{"no host", leaf{from: -day, until: 2*day + time.Hour}, 2, "the certificate is valid for no host, not for 127.0.0.1"},
		{"self-signed", leaf{ips: here, from: -day, until: 2*day + time.Hour, selfSigned: true}, 2, "the certificate is self-signed or its authority is unknown; set validateTLS to false to accept it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := a.serveTLS(t, c.leaf)
			checked := a.trust(newProbe(t, "http", server.URL, nil)).Run(context.Background())
			if c.message == "" {
				wantOK(t, "http", checked)
			} else {
				wantFailure(t, "http", checked, c.message)
			}
			unverified := newProbe(t, "http", server.URL, props{"validateTLS": "false"}).Run(context.Background())
			wantOK(t, "http", unverified)
			for _, outcome := range []Outcome{checked, unverified} {
				if outcome.Outputs["certExpiryDays"] != c.days {
					t.Errorf("certExpiryDays %v, want %v", outcome.Outputs["certExpiryDays"], c.days)
				}
			}
			if unverified.Outputs["tlsTime"].(float64) <= 0 || unverified.Outputs["status"] != 200.0 {
				t.Errorf("outputs %v", unverified.Outputs)
			}
		})
	}
}

func TestHTTPUsesHTTP2(t *testing.T) {
	a := newAuthority(t)
	server := a.serveTLS(t, leaf{ips: []net.IP{net.IPv4(127, 0, 0, 1)}, from: -time.Hour, until: time.Hour})
	outcome := a.trust(newProbe(t, "http", server.URL, nil)).Run(context.Background())
	wantOK(t, "http", outcome)
	if outcome.Outputs["body"] != "HTTP/2.0" {
		t.Errorf("the server saw %v", outcome.Outputs["body"])
	}
}

func TestHTTPHandshakeRefused(t *testing.T) {
	a := newAuthority(t)
	server := a.serveTLS(t, leaf{from: -time.Hour, until: time.Hour})
	p := newProbe(t, "http", server.URL, props{"validateTLS": "false"})
	changeTransport(p, func(used *http.Transport) {
		used.TLSClientConfig.NextProtos = []string{"nonsense"}
		used.ForceAttemptHTTP2 = false
	})
	wantFailure(t, "http", p.Run(context.Background()), "the TLS handshake failed: ")
}
