package probe

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clientCertificateError is the error of a connection whose server has asked for a client certificate.
type clientCertificateError struct{ error }

func (e clientCertificateError) Unwrap() error { return e.error }

// refusedByPeer reports whether the other side has sent a TLS alert or closed the connection.
func refusedByPeer(err error) bool {
	for op := (*net.OpError)(nil); errors.As(err, &op); err = op.Err {
		if op.Op == "remote error" {
			return true
		}
	}
	isCause := func(cause error) bool { return errors.Is(err, cause) }
	return slices.ContainsFunc([]error{syscall.ECONNRESET, syscall.EPIPE, io.EOF}, isCause) || innermost(err) == closedHTTP2
}

func tlsReason(err error) string {
	var invalid *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var asked clientCertificateError
	switch {
	case errors.As(err, &invalid):
		return certificateReason(invalid)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "the target does not use TLS on this port: use http://"
	case errors.As(err, &asked) && refusedByPeer(err):
		return "the server ended the connection: it asks for a client certificate, which checks can't send"
	}
	alert, ok := strings.CutPrefix(innermost(err), "tls: ")
	switch {
	case !ok:
		return ""
	case strings.Contains(alert, "protocol version"), alert == "handshake failure":
		alert += "; use a lower tlsMin if the target is an old device"
	}
	return "the TLS handshake failed: " + alert
}

func certificateReason(err *tls.CertificateVerificationError) string {
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	invalid := expiredCertificate(err)
	switch {
	case invalid != nil:
		return expiryReason(invalid, err.UnverifiedCertificates[0])
	case errors.As(err.Err, &host):
		names := strings.Join(host.Certificate.DNSNames, ", ")
		for _, ip := range host.Certificate.IPAddresses {
			names = strings.TrimPrefix(names+", "+ip.String(), ", ")
		}
		names = clip(cmp.Or(names, "no host"), 200)
		return fmt.Sprintf("the certificate is valid for %s, not for %s", names, host.Host)
	case errors.As(err.Err, &unknown):
		return unknownAuthorityReason(err.UnverifiedCertificates)
	}
	return "the certificate is not valid: " + strings.TrimPrefix(innermost(err.Err), "x509: ")
}

// expiredCertificate returns the certificate that is not valid at this time, if that is the reason of err.
func expiredCertificate(err *tls.CertificateVerificationError) *x509.Certificate {
	var invalid x509.CertificateInvalidError
	if errors.As(err.Err, &invalid) && invalid.Reason == x509.Expired {
		return invalid.Cert
	}
	return nil
}

func expiryReason(invalid, leaf *x509.Certificate) string {
	which := "the certificate"
	if !invalid.Equal(leaf) {
		which += " of the issuer " + quoteName(invalid.Subject)
	}
	if from := invalid.NotBefore.UTC(); time.Now().Before(from) {
		return which + " is not valid before " + from.Format(time.DateTime) + " UTC"
	}
	return which + " expired on " + invalid.NotAfter.UTC().Format(time.DateTime) + " UTC"
}

// unknownAuthorityReason names the issuer that is missing in the chain that a server has sent.
func unknownAuthorityReason(sent []*x509.Certificate) string {
	sent = sent[:min(len(sent), maxChain)]
	last := sent[0]
	for range sent {
		isIssuer := func(c *x509.Certificate) bool {
			return bytes.Equal(c.RawSubject, last.RawIssuer) && last.CheckSignatureFrom(c) == nil
		}
		if i := slices.IndexFunc(sent, isIssuer); i >= 0 {
			last = sent[i]
		}
	}
	if bytes.Equal(last.RawIssuer, last.RawSubject) {
		return "the certificate is self-signed or its authority is unknown; set validateTLS to false to accept it"
	}
	return "the server does not send the certificate of the issuer " + quoteName(last.Issuer) + ", and this machine " +
		"does not know it: install the whole certificate chain on the server, or the issuer's certificate here"
}

// maxChain is the maximum number of certificates to examine for a message.
const maxChain = 10

func quoteName(name pkix.Name) string {
	return strconv.Quote(clip(validUTF8(cmp.Or(name.CommonName, name.String())), 100))
}
