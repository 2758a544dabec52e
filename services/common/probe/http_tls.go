package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math"
	"slices"
	"time"
)

var tlsVersions = map[string]uint16{
	"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
}

// tlsConfig returns the TLS settings of a connection. If unverified is true, they accept all certificates.
func tlsConfig(unverified bool, minVersion uint16) *tls.Config {
	config := &tls.Config{
		InsecureSkipVerify:   unverified,
		MinVersion:           minVersion,
		GetClientCertificate: sendNoCertificate,
	}
	if config.MinVersion < tls.VersionTLS12 {
		for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
			config.CipherSuites = append(config.CipherSuites, suite.ID)
		}
	}
	return config
}

// sendNoCertificate records that the server asks for a client certificate.
func sendNoCertificate(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	if trace, ok := request.Context().Value(traceKey{}).(*httpTrace); ok {
		trace.record(func() { trace.current.askedCertificate = true })
	}
	return &tls.Certificate{}, nil
}

// connectionExpiry returns when the first certificate of the verified chain expires or, if there are several chains, of
// the one that is valid longest. Without verification it is the certificate of the server.
func connectionExpiry(state tls.ConnectionState) time.Time {
	var latest time.Time
	for _, chain := range state.VerifiedChains {
		if expiry := earliestExpiry(chain...); expiry.After(latest) {
			latest = expiry
		}
	}
	if latest.IsZero() && len(state.PeerCertificates) > 0 {
		return state.PeerCertificates[0].NotAfter
	}
	return latest
}

func earliestExpiry(certificates ...*x509.Certificate) time.Time {
	var earliest time.Time
	for _, certificate := range certificates {
		earliest = earlier(earliest, certificate.NotAfter)
	}
	return earliest
}

// earlier returns the earlier of two times. A zero time does not count.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// unverifiedExpiry returns when the server's certificate or the certificate that is no longer valid expires, if err is
// a failed verification. Otherwise it returns the zero time.
func unverifiedExpiry(err error) time.Time {
	var invalid *tls.CertificateVerificationError
	if !errors.As(err, &invalid) {
		return time.Time{}
	}
	certificates := invalid.UnverifiedCertificates[:1:1]
	if expired := expiredCertificate(invalid); expired != nil {
		certificates = append(certificates, expired)
	}
	return earliestExpiry(certificates...)
}

// addExpiry adds the number of whole days until a certificate expires, if there was one.
func addExpiry(outputs map[string]any, expiry time.Time) {
	if !expiry.IsZero() {
		outputs["certExpiryDays"] = math.Floor(time.Until(expiry).Hours() / 24)
	}
}
