package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"regexp"
	"strings"
	"syscall"
	"time"

	"nanomon/services/common/memory"
)

// failure returns an error that explains to users why a check got no answer. parent is the caller's context, limit the
// timeout of the monitor, and step the last step that began, such as "connecting to 10.0.0.1:80". The error is a
// [NotCheckedError] if this machine or process is the cause.
func failure(parent context.Context, limit time.Duration, step string, err error) error {
	var shortage *memory.ShortageError
	var undecodable undecodableError
	switch {
	case errors.As(err, &shortage):
		return &NotCheckedError{Cause: CauseMemory, Text: shortage.Error()}
	case parent.Err() != nil:
		return fmt.Errorf("the check was stopped while %s", step)
	case errors.Is(err, errSlowRegex), errors.As(err, &undecodable):
		return err
	case timedOut(err):
		return fmt.Errorf("no answer within %s while %s", limit, step)
	}
	return explained(err)
}

// explained returns the [NotCheckedError] of err, or else an error with the [reason].
func explained(err error) error {
	if own := OwnFault(err); own != nil {
		return own
	}
	return errors.New(reason(err))
}

// timedOut reports whether err is a timeout, except the resolver's own timeout.
func timedOut(err error) bool {
	var dns *net.DNSError
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) ||
		!errors.As(err, &dns) && errors.As(err, &timeout) && timeout.Timeout()
}

// reason returns a readable text for err. It contains no URL, because a URL may contain a password; only the URL of a
// [bodyRedirectError] is masked.
func reason(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return lookupReason(dns)
	}
	var redirect bodyRedirectError
	if errors.As(err, &redirect) {
		return redirect.Error()
	}
	if text := tlsReason(err); text != "" {
		return text
	}
	if text := networkReason(err); text != "" {
		return text
	}
	return withoutURL(innermost(err))
}

func lookupReason(err *net.DNSError) string {
	cause := "the name lookup failed"
	switch {
	case err.IsNotFound:
		cause = "no such host"
	case err.IsTimeout:
		cause = "the name server did not answer"
	case err.IsTemporary:
		cause = "the name server reported a failure"
	}
	return fmt.Sprintf("can't resolve %s: %s", err.Name, cause)
}

func networkReason(err error) string {
	to := remoteAddress(err)
	for _, known := range []struct {
		cause error
		text  string
	}{
		{syscall.ECONNREFUSED, "connection" + to + " refused: nothing is listening on this port"},
		{syscall.ECONNRESET, "the connection" + to + " was reset by the other side"},
		{syscall.EPIPE, "the connection" + to + " was closed by the other side"},
		{syscall.EHOSTUNREACH, "no route" + to + ": the host is down or unreachable"},
		{syscall.ENETUNREACH, "no route" + to + ": the network is unreachable from here"},
		{fs.ErrPermission, "connection" + to + " blocked by this machine's firewall or routes"},
		{io.ErrUnexpectedEOF, "incomplete response: the other side closed the connection"},
		{io.EOF, "the other side closed the connection without a response"},
	} {
		if errors.Is(err, known.cause) {
			return known.text
		}
	}
	if innermost(err) == closedHTTP2 {
		return "the other side closed the connection without a response"
	}
	return ""
}

// closedHTTP2 is the text of net/http's error for an HTTP/2 connection that the server has closed before the first
// request. The error is not exported.
const closedHTTP2 = "http2: client conn could not be established"

// remoteAddress returns " to ADDRESS" if err contains the address of a connection, otherwise an empty string.
func remoteAddress(err error) string {
	to := " to "
	for op := (*net.OpError)(nil); errors.As(err, &op); err = op.Err {
		if op.Op == "proxyconnect" {
			to += "the proxy "
		}
		if op.Addr != nil {
			return to + op.Addr.String()
		}
	}
	return ""
}

// innermost returns the text of the last error in err's chain, which is the cause.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

var urlText = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"]*`)

// withoutURL makes the text of an unexpected error safe to show. It removes URLs, which may contain a password or a
// token.
func withoutURL(text string) string {
	if strings.HasPrefix(text, "failed to parse Location header") {
		return "the target redirects to an invalid URL"
	}
	for _, prefix := range []string{"net/http: ", "http: ", "HTTP/1.x transport connection broken: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return clip(validUTF8(urlText.ReplaceAllString(text, "(URL)")), 300)
}
