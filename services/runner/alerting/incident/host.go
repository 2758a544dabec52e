package incident

import (
	"cmp"
	"net"
	"net/url"
	"strings"

	"nanomon/services/common/monitor"
)

// hostOf returns the host that the checks of m connect to: the host in a URL or in host:port, or else the target. For
// DNS it is the configured name server; without one, each name counts as a different host.
func hostOf(m monitor.Monitor) string {
	target := m.Target
	if m.Type == "dns" {
		target = cmp.Or(m.Properties["server"], m.Target)
	}
	if u, err := url.Parse(target); err == nil && u.Host != "" {
		target = u.Hostname()
	} else if host, _, err := net.SplitHostPort(target); err == nil {
		target = host
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(target, "[]")), ".")
}
