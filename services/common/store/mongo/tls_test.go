package mongo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
)

// newCertificate returns a self-signed certificate for 127.0.0.1, and a file that contains it as an authority.
func newCertificate(t *testing.T) (_ tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

func TestTLS(t *testing.T) {
	t.Parallel()
	certificate, authority := newCertificate(t)
	_, other := newCertificate(t)
	r := newRelay(t, server, &tls.Config{Certificates: []tls.Certificate{certificate}})
	uri := uriThrough(t, server, r.address) + "&tls=true&tlsCAFile="

	s := open(t, Config{URI: uri + url.QueryEscape(authority), Database: mongotest.Database(t, server)})
	m := newMonitor(1, "a")
	if err := s.CreateMonitor(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	wantMonitors(t, s, m)

	for name, c := range map[string]struct {
		uri, want   string
		unavailable bool
	}{
		"another authority":       {uri + url.QueryEscape(other), "x509: certificate signed by unknown authority", true},
		"no authority":            {strings.TrimSuffix(uri, "&tlsCAFile="), "x509: certificate signed by unknown authority", true},
		"no such file":            {uri + "nowhere.pem", "open nowhere.pem: no such file", false},
		"TLS, server without TLS": {uriThrough(t, server, host(t, server)) + "&tls=true", "EOF", true},
		"no TLS, server with TLS": {uriThrough(t, server, r.address), "127.0.0.1", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(t.Context(), Config{URI: c.uri, Database: "x", Timeout: time.Second})
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, monitor.ErrUnavailable) != c.unavailable {
				t.Errorf("error %v, want one that contains %q", err, c.want)
			}
		})
	}
}
