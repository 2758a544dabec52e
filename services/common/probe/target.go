package probe

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"nanomon/services/common/hostname"
	"nanomon/services/common/monitor"
)

// invalidTarget returns the error for a target with an invalid form. expected describes the valid form.
func invalidTarget(expected string) error {
	return monitor.Invalidf("invalid monitor target: expected %s", expected)
}

// splitHostPort splits and validates host:port, and converts the host to ASCII. An IPv6 address must be in brackets.
func splitHostPort(text string) (host, port string, ok bool) {
	host, port, err := net.SplitHostPort(text)
	host = hostname.ToASCII(host)
	return host, port, err == nil && validHost(host) && validPort(port)
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// addressWithPort returns an IPv6 address that has a port but no brackets, such as ::1:80, as [::1]:80. It reports false
// if text is not such an address.
func addressWithPort(text string) (string, bool) {
	colon := strings.LastIndexByte(text, ':')
	if address, err := netip.ParseAddr(text[:max(colon, 0)]); err != nil || !address.Is6() || !validPort(text[colon+1:]) {
		return "", false
	}
	return net.JoinHostPort(text[:colon], text[colon+1:]), true
}

// withoutBrackets returns the text between brackets. It reports false if text is not in brackets.
func withoutBrackets(text string) (string, bool) {
	rest, open := strings.CutPrefix(text, "[")
	rest, closed := strings.CutSuffix(rest, "]")
	return rest, open && closed
}

// hostToASCII returns a host name, with or without a port, with the name in ASCII if it can be converted.
func hostToASCII(host string) string {
	name := (&url.URL{Host: host}).Hostname()
	if hostname.IsASCII(name) {
		return host
	}
	return hostname.ToASCII(name) + strings.TrimPrefix(host, name)
}

// validHost reports whether host is an IP address without brackets, or has the form of a domain name.
func validHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return validName(host)
}

// validName reports whether name has the form of a domain name. If the last label is a number, name is a mistyped IP
// address and therefore invalid.
func validName(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 {
		return false
	}
	last := ""
	for last = range strings.SplitSeq(name, ".") {
		if len(last) == 0 || len(last) > 63 || strings.ContainsFunc(last, notInLabel) {
			return false
		}
	}
	_, err := strconv.ParseUint(last, 10, 64)
	return err != nil
}

func notInLabel(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
}
