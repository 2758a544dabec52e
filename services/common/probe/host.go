package probe

import (
	"net"
	"net/url"
	"strings"
	"time"

	"nanomon/services/common/hostname"
	"nanomon/services/common/monitor"
)

// Host returns the host that the checks of m connect to, in lower case. Monitors with the same host fail together if it
// fails.
func (r Registry) Host(m monitor.Monitor) string {
	if host := r[m.Type].Host; host != nil {
		return hostIn(host(m))
	}
	return hostIn(m.Target)
}

// hostIn returns the host in a URL or in host:port, or else text itself, in lower case. It ignores blanks around text.
func hostIn(text string) string {
	text = strings.TrimSpace(text)
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		text = u.Hostname()
	} else if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	return strings.TrimSuffix(strings.ToLower(hostname.ToASCII(strings.Trim(text, "[]"))), ".")
}

// MaxDuration returns the maximum duration of a check of m. An invalid value of a property counts as unset. It is 0 if
// there is no such type.
func (r Registry) MaxDuration(m monitor.Monitor) time.Duration {
	t := r[m.Type]
	settings := durationSettings(t.Spec, m.Properties)
	if t.MaxDuration != nil {
		return t.MaxDuration(settings)
	}
	return settings.Duration("timeout")
}

// IsPush reports whether the results of m come from pings.
func (r Registry) IsPush(m monitor.Monitor) bool { return r[m.Type].Spec.Push }

// durationSettings returns only the durations and numbers of a monitor, without an error.
func durationSettings(spec Spec, values map[string]string) Settings {
	s := Settings{values: make(map[string]any)}
	for _, p := range spec.Properties {
		if p.Kind != KindDuration && p.Kind != KindInteger {
			continue
		}
		value, err := p.parse(values[p.Name])
		if err != nil {
			value, err = p.parse(p.Default)
		}
		if err == nil {
			s.values[p.Name] = value
		}
	}
	return s
}
