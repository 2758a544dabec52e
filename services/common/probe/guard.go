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

// Guard decides which IP addresses checks may connect to. It examines the address of every connection, after the name
// lookup and including redirects and proxies. The zero value refuses link-local, cloud metadata, unspecified, multicast
// and broadcast addresses.
type Guard struct {
	// Deny lists more addresses to refuse. Allow takes precedence over Deny and over the default refusals.
	Allow, Deny []netip.Prefix
}

// notAllowedError is the refusal of a target by the guard. Its text explains the reason to users.
type notAllowedError string

func (e notAllowedError) Error() string { return "target not allowed: " + string(e) }

// check returns a [notAllowedError] if checks may not connect to address. If address contains an IPv4 address, both
// must be allowed.
func (g Guard) check(address netip.Addr) error {
	address = address.Unmap()
	if cause := g.refusal(address); cause != "" {
		return notAllowedError(fmt.Sprintf("%s is %s; use TARGET_ALLOW to allow it", address, cause))
	}
	if inner, ok := embedded(address); ok {
		if cause := g.refusal(inner); cause != "" {
			return notAllowedError(
				fmt.Sprintf("%s maps to %s, which is %s; use TARGET_ALLOW to allow it", address, inner, cause))
		}
	}
	return nil
}

// refusal returns the reason for refusing address, which completes "the address is", or an empty string.
func (g Guard) refusal(address netip.Addr) string {
	address = address.WithZone("") // A prefix contains no address with a zone.
	contains := func(p netip.Prefix) bool { return p.Contains(address) }
	switch {
	case slices.ContainsFunc(g.Allow, contains):
		return ""
	case slices.ContainsFunc(g.Deny, contains):
		return "in TARGET_DENY"
	case address.IsLinkLocalUnicast():
		return "link-local"
	case slices.Contains(metadata, address):
		return "a cloud metadata service"
	case address.IsUnspecified():
		return "unspecified"
	case address.IsMulticast():
		return "multicast"
	case address == broadcast:
		return "the broadcast address"
	}
	return ""
}

// metadata lists the addresses of cloud metadata services that are not link-local. These services return credentials.
var metadata = []netip.Addr{
	netip.MustParseAddr("100.100.100.200"),    // Alibaba
	netip.MustParseAddr("fd00:ec2::254"),      // Amazon
	netip.MustParseAddr("fd00:ec2::23"),       // Amazon, the credentials of pods
	netip.MustParseAddr("168.63.129.16"),      // Azure
	netip.MustParseAddr("fd20:ce::254"),       // Google
	netip.MustParseAddr("fd00:a9fe:a9fe::1"),  // Linode
	netip.MustParseAddr("192.0.0.192"),        // Oracle
	netip.MustParseAddr("fd00:c1::a9fe:a9fe"), // Oracle
	netip.MustParseAddr("fd00:42::42"),        // Scaleway
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// embeddings lists the IPv6 ranges whose addresses contain an IPv4 address, and the index of its first byte.
var embeddings = []struct {
	prefix netip.Prefix
	index  int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},   // NAT64
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12}, // NAT64 of a local network
	{netip.MustParsePrefix("2002::/16"), 2},       // 6to4
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12},
	{netip.MustParsePrefix("::/96"), 12},
}

// embedded returns the IPv4 address to which a translator or tunnel maps an IPv6 address.
func embedded(address netip.Addr) (netip.Addr, bool) {
	if !address.Is6() || address.IsLoopback() {
		return netip.Addr{}, false
	}
	bytes := address.WithZone("").As16()
	for _, e := range embeddings {
		if e.prefix.Contains(netip.AddrFrom16(bytes)) {
			return netip.AddrFrom4([4]byte(bytes[e.index : e.index+4])), true
		}
	}
	return netip.Addr{}, false
}

// control is a Control function for [net.Dialer], which calls it after the name lookup, before each connection.
func (g Guard) control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return notAllowedError(fmt.Sprintf("%q is not an IP address", address))
	}
	return g.check(to.Addr())
}

// dialer returns a dialer for the checks of one monitor, which connects only to allowed addresses.
func (g Guard) dialer() net.Dialer { return net.Dialer{Control: g.control, Resolver: newResolver()} }

// checkProxied returns a proxy function like choose that refuses requests through a proxy to IP addresses that are not
// allowed. It can't check host names, because the proxy resolves them.
func (g Guard) checkProxied(choose func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		proxy, err := choose(r)
		if proxy == nil || err != nil {
			return proxy, err
		}
		host := normalHost(r.URL)
		if address, err := netip.ParseAddr(host); err == nil {
			return proxy, g.check(address)
		}
		// A proxy may treat 0xa9fea9fe or 2852039166 as an IP address.
		if _, err := strconv.ParseUint(host[strings.LastIndexByte(host, '.')+1:], 0, 64); err == nil {
			return nil, notAllowedError(host + " is neither a host name nor an IP address in standard notation")
		}
		return proxy, nil
	}
}
