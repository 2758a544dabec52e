package web

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// AnyHost allows all host names in [Hosts].
const AnyHost = "*"

// maxReported is the maximum number of host names that [Hosts] logs.
const maxReported = 10

// Hosts decides under which host names a service can be used. It prevents DNS rebinding: if the owner of a web page
// changes the address of the page's host name to that of the service, the browser takes both for the same origin, so
// the page can read the responses of the service. Local hosts are always
// allowed; see [IsLocalHost]. Create it with [NewHosts]; nil allows all.
type Hosts struct {
	allowed  []string
	log      *slog.Logger
	mu       sync.Mutex
	reported []string
}

// NewHosts returns a check that also allows these host names, which are in lower case. "*.example.org" allows all names
// below example.org, and [AnyHost] all names.
func NewHosts(allowed []string, log *slog.Logger) *Hosts {
	return &Hosts{allowed: allowed, log: log}
}

// Check is a middleware that answers requests for other host names with 421. It logs each such name once, and at most
// ten of them.
func (h *Hosts) Check(next http.Handler) http.Handler {
	if h == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := HostName(r.Host)
		if h.allows(name) {
			next.ServeHTTP(w, r)
			return
		}
		LogQuietly(r)
		h.report(name)
		Error(w, r, Problemf(http.StatusMisdirectedRequest,
			"host name %.255q is not allowed: add it to ALLOWED_HOSTS, or turn on sign-in", name))
	})
}

// Names returns the host names that are allowed by their whole name, without patterns.
func (h *Hosts) Names() []string {
	if h == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(h.allowed), func(name string) bool { return strings.HasPrefix(name, "*") })
}

// HostName returns the name or address of a host in lower case, without port, brackets, and a dot at its end.
func HostName(host string) string { return strings.TrimSuffix(hostname(host), ".") }

// allows reports whether a name of the form of [HostName] is allowed.
func (h *Hosts) allows(name string) bool {
	return isLocal(name) || slices.ContainsFunc(h.allowed, func(pattern string) bool { return matches(pattern, name) })
}

// IsLocalHost reports whether a host is an IP address, localhost or a name below it, or a name without a dot. The owner
// of another site's page can't change the addresses of these. host may have a port.
func IsLocalHost(host string) bool { return isLocal(HostName(host)) }

func isLocal(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || !strings.Contains(name, ".") || strings.HasSuffix(name, ".localhost")
}

func matches(pattern, name string) bool {
	domain, wildcard := strings.CutPrefix(pattern, "*")
	return name == pattern || wildcard && strings.HasSuffix(name, domain)
}

// report logs a host name, unless it did so before.
func (h *Hosts) report(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.reported) == maxReported || slices.Contains(h.reported, name) {
		return
	}
	h.reported = append(h.reported, name)
	h.log.Warn("refusing requests for a host name that is not allowed: add it to ALLOWED_HOSTS if NanoMon has this name",
		"host", name, "setting", "ALLOWED_HOSTS")
}
