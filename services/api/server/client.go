package server

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"nanomon/services/api/auth"
)

// addressKey is the key of the address of the client in the context of a request.
type addressKey struct{}

// findAddress returns the middleware that finds the address of the client: that of the connection, or, if the
// connection comes from a trusted proxy, the last address in X-Forwarded-For that is not a trusted proxy. What is before
// a text that is no address may be forged, so then the address is unknown.
func findAddress(proxies []netip.Prefix) func(http.Handler) http.Handler {
	isProxy := func(address netip.Addr) bool {
		return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(address) })
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peer, _ := netip.ParseAddrPort(r.RemoteAddr)
			address := plainAddress(peer.Addr())
			hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
			for len(hops) > 0 && isProxy(address) {
				last, _ := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1]))
				address, hops = plainAddress(last), hops[:len(hops)-1]
			}
			if isProxy(address) { // The header contains only proxies.
				address = netip.Addr{}
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), addressKey{}, address)))
		})
	}
}

// plainAddress returns an address without a zone, and an IPv4 address that is written as IPv6 as IPv4.
func plainAddress(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }

// clientOf returns the client that sent a request, for limits: the signed-in identity, otherwise the address. All
// addresses of an IPv6 network (/64) are one client, because each machine can choose its own.
func clientOf(r *http.Request) string {
	if id := auth.FromContext(r.Context()); id.ID != "" {
		return id.ID
	}
	address, _ := r.Context().Value(addressKey{}).(netip.Addr)
	switch {
	case !address.IsValid(): // a proxy sent no valid address
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		return host
	case address.Is4():
		return address.String()
	}
	return netip.PrefixFrom(address, 64).Masked().String()
}
