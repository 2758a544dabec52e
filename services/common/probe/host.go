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

// FailCount returns the failure count of m if the property alertFailCount is unset; 0 means that of the runner. The job
// of a push monitor reports once for each run, so waiting for more results would take too long.
func (r Registry) FailCount(m monitor.Monitor) int {
	if r[m.Type].Spec.Push {
		return 1
	}
	return 0
}

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
