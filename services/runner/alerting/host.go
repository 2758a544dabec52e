package alerting

import (
	"cmp"
	"net"
	"net/url"
	"strings"

	"nanomon/services/common/monitor"
)

// hostOf is the host that a monitor's checks go to: of a URL, of host:port, or the target itself. Checks of names go to their
// server; where none is set, each name is a host of its own.
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
