package probe

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

func tcpType(guard Guard) Type {
	return Type{
		Spec: Spec{
			Type:          "tcp",
			Title:         "TCP port",
			Doc:           "Opens a TCP connection to a port and closes it again.",
			TargetDoc:     "host:port, with an IPv6 address in brackets; the port is a number or a service such as https",
			ExampleTarget: "db.example.org:5432",
			ValueDoc:      "Time to open the connection, including the name lookup, in ms.",
			Properties: []Property{
				timeoutProperty("5s", "Maximum time to open the connection, including the name lookup."),
				networkProperty("ip connects to IPv4 and IPv6 addresses, ip4 or ip6 only to one kind."),
				invertProperty(noConnection, "one is possible"),
			},
			Outputs: []Output{
				{Name: "respTime", Kind: OutputNumber, Title: "Connection time", Unit: "ms",
					Doc: "Time to open the connection, including the name lookup."},
				{Name: "ipAddress", Kind: OutputString, Doc: "The IP address of the connection."},
			},
			ExampleRule: "respTime < 200",
			RuleHint: "If the connection can't be opened, the check fails, with or without a rule. A rule can " +
				"limit the time.",
		},
		CanonicalTarget: withPortNumber,
		New:             func(target string, settings Settings) (Probe, error) { return newTCP(guard, target, settings) },
	}
}

// timeoutProperty returns the property that limits the duration of a check.
func timeoutProperty(defaultValue, doc string) Property {
	return Property{Name: "timeout", Kind: KindDuration, Default: defaultValue, Min: 1, Max: 600_000, Doc: doc}
}

// withPortNumber replaces the name of a service in target by the number of its port. It returns any other target
// unchanged.
func withPortNumber(target string) string {
	host, service, err := net.SplitHostPort(target)
	if err != nil || strings.Trim(service, "+-0123456789") == "" {
		return target
	}
	port, err := net.LookupPort("tcp", service)
	if err != nil {
		return target
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

type tcpProbe struct {
	target  string
	timeout time.Duration
	dialer  familyDialer
}

func newTCP(guard Guard, target string, settings Settings) (Probe, error) {
	host, port, ok := splitHostPort(withPortNumber(target))
	if !ok {
		return nil, invalidTCPTarget(target)
	}
	dialer := familyDialer{Dialer: guard.dialer(), network: settings.Text("network")}
	p := &tcpProbe{target: net.JoinHostPort(host, port), timeout: settings.Duration("timeout"), dialer: dialer}
	p.dialer.KeepAlive = -1 // Avoids system calls for a connection that is closed immediately.
	return p, nil
}

func invalidTCPTarget(target string) error {
	if proposal, ok := addressWithPort(target); ok {
		return invalidTarget("an IPv6 address in brackets, then the port: " + proposal)
	}
	if _, err := netip.ParseAddr(target); err == nil && strings.Contains(target, ":") {
		return invalidTarget("an IPv6 address in brackets, then the port, for example [2001:db8::1]:5432")
	}
	return invalidTarget("host:port, for example db.example.org:5432 or [2001:db8::1]:5432")
}

func (p *tcpProbe) Run(ctx context.Context) Outcome {
	limited, cancel := limitCheck(ctx, p.timeout)
	defer cancel()
	started := time.Now()
	conn, err := p.dialer.DialContext(limited, "tcp", p.target)
	duration := millis(time.Since(started))
	if err != nil {
		return Outcome{Contact: contactOf(ctx, err), Err: failure(ctx, p.timeout, "connecting to "+p.target, err)}
	}
	defer conn.Close()
	return Outcome{Value: duration, Outputs: map[string]any{
		"respTime":  duration,
		"ipAddress": hostOf(conn.RemoteAddr()),
	}}
}

func (p *tcpProbe) Close() {}

// hostOf returns the IP address of a TCP or UDP address.
func hostOf(address net.Addr) string {
	host, _, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	return host
}
