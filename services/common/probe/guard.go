package probe

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Guard says to which addresses checks may go. It judges addresses, never names: each one that is about to be
// dialled, so what a name leads to, redirects and proxies included. As it is, it refuses link-local, metadata, unspecified,
// multicast and broadcast addresses.
type Guard struct {
	// Deny refuses more. Allow permits what Deny or the guard itself refuses.
	Allow, Deny []netip.Prefix
}

// notAllowed is the guard's refusal, in words for people.
type notAllowed string

func (e notAllowed) Error() string { return "target not allowed: " + string(e) }

// check returns a [notAllowed] for an address that checks may not go to. One that holds an IPv4 address has to be
// permitted by both.
func (g Guard) check(address netip.Addr) error {
	address = address.Unmap()
	if why := g.refusal(address); why != "" {
		return notAllowed(fmt.Sprintf("%s is %s; TARGET_ALLOW can permit it", address, why))
	}
	if inner, ok := embedded(address); ok {
		if why := g.refusal(inner); why != "" {
			return notAllowed(fmt.Sprintf("%s leads to %s, which is %s; TARGET_ALLOW can permit it", address, inner, why))
		}
	}
	return nil
}

// refusal completes "the address is", empty when it may be gone to.
func (g Guard) refusal(address netip.Addr) string {
	address = address.WithZone("") // with one it is in no prefix
	holds := func(p netip.Prefix) bool { return p.Contains(address) }
	switch {
	case slices.ContainsFunc(g.Allow, holds):
		return ""
	case slices.ContainsFunc(g.Deny, holds):
		return "in TARGET_DENY"
	case address.IsLinkLocalUnicast():
		return "link-local"
	case slices.Contains(metadata, address):
		return "a metadata service of a cloud"
	case address.IsUnspecified():
		return "unspecified"
	case address.IsMulticast():
		return "multicast"
	case address == broadcast:
		return "the broadcast address"
	}
	return ""
}

// metadata are the addresses outside of the link-local ranges at which clouds hand credentials to their machines.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),   // Amazon
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("168.63.129.16"),   // Azure
	netip.MustParseAddr("192.0.0.192"),     // Oracle
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// embeddings are the IPv6 ranges whose addresses hold an IPv4 address, and the byte at which it begins.
var embeddings = []struct {
	within netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},   // NAT64
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12}, // NAT64 of a local network
	{netip.MustParsePrefix("2002::/16"), 2},       // 6to4
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12},
	{netip.MustParsePrefix("::/96"), 12},
}

// embedded is the IPv4 address that an IPv6 address leads to by way of a translator or tunnel.
func embedded(address netip.Addr) (netip.Addr, bool) {
	if !address.Is6() || address.IsLoopback() {
		return netip.Addr{}, false
	}
	bytes := address.WithZone("").As16()
	for _, e := range embeddings {
		if e.within.Contains(netip.AddrFrom16(bytes)) {
			return netip.AddrFrom4([4]byte(bytes[e.at : e.at+4])), true
		}
	}
	return netip.Addr{}, false
}

// control is for [net.Dialer]: it is asked after the name lookup, right before each connection.
func (g Guard) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return notAllowed(fmt.Sprintf("%q is not an IP address", address))
	}
	return g.check(to.Addr())
}

// dialer makes connections to where checks may go.
func (g Guard) dialer() net.Dialer { return net.Dialer{Control: g.control} }

// viaProxy is choose, but refuses to ask a proxy for an IP address that checks may not go to. A name is resolved by the
// proxy, so only that one can judge where it leads.
func (g Guard) viaProxy(choose func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		proxy, err := choose(r)
		if proxy == nil || err != nil {
			return proxy, err
		}
		host := strings.TrimSuffix(r.URL.Hostname(), ".")
		if address, err := netip.ParseAddr(host); err == nil {
			return proxy, g.check(address)
		}
		// A proxy may take 0xa9fea9fe, 2852039166 and the like for addresses.
		if _, err := strconv.ParseUint(host[strings.LastIndexByte(host, '.')+1:], 0, 64); err == nil {
			return nil, notAllowed(host + " is neither a name nor an IP address in the usual form")
		}
		return proxy, nil
	}
}
