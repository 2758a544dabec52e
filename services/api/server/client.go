package server

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/go-chi/chi/v5/middleware"

	"nanomon/services/api/auth"
)

// findAddress returns the middleware that finds the address of the client: that of the connection, or, if the
// connection comes from a trusted proxy, the last address in X-Forwarded-For that is not a trusted proxy.
func findAddress(proxies []netip.Prefix) func(http.Handler) http.Handler {
	if len(proxies) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}
	prefixes := make([]string, len(proxies))
	for i, proxy := range proxies {
		prefixes[i] = proxy.String()
	}
	return middleware.ClientIPFromXFF(prefixes...)
}

// clientOf returns the client that sent a request, for limits: the signed-in identity, otherwise the address. All
// addresses of an IPv6 network (/64) are one client, because each machine can choose its own.
func clientOf(r *http.Request) string {
	if id := auth.FromContext(r.Context()); id.ID != "" {
		return id.ID
	}
	address := middleware.GetClientIPAddr(r.Context()).WithZone("")
	switch {
	case !address.IsValid(): // a proxy sent no valid address
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		return host
	case address.Is4():
		return address.String()
	}
	return netip.PrefixFrom(address, 64).Masked().String()
}
