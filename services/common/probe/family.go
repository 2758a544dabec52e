package probe

import (
	"context"
	"errors"
	"net"
	"strings"
)

// networkProperty returns the property that selects the kind of IP addresses.
func networkProperty(doc string) Property {
	return Property{Name: "network", Kind: KindChoice, Default: "ip", Choices: []string{"ip", "ip4", "ip6"}, Doc: doc}
}

// familyDialer opens connections to one kind of IP addresses.
type familyDialer struct {
	net.Dialer
	// network is a value of the property network.
	network string
}

// DialContext opens a connection to address. network is "tcp".
func (d familyDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.Dialer.DialContext(ctx, network+strings.TrimPrefix(d.network, "ip"), address)
	return conn, explainFamily(err, address, d.network)
}

// explainFamily returns err or, if host, with or without a port, has no address of the kind that network selects, an
// error that says so.
func explainFamily(err error, host, network string) error {
	var lookup *net.DNSError
	var address *net.AddrError
	noAddress := errors.As(err, &lookup) && lookup.IsNotFound || errors.As(err, &address)
	if !noAddress || network == "ip" || OwnFault(err) != nil {
		return err
	}
	kind := map[string]string{"ip4": "IPv4", "ip6": "IPv6"}[network]
	return noFamilyError(hostIn(host) + " has no " + kind + " address (property network)")
}

// noFamilyError reports that a target has no address of the selected kind.
type noFamilyError string

func (e noFamilyError) Error() string { return string(e) }
