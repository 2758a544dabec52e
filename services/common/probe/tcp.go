package probe

import (
	"context"
	"net"
	"time"
)

func tcpType(guard Guard) Type {
	return Type{
		Spec: Spec{
			Type:          "tcp",
			Title:         "TCP port",
			Doc:           "Opens a TCP connection to a port and closes it again.",
			TargetDoc:     "host:port, with an IPv6 address in brackets",
			ExampleTarget: "db.example.org:5432",
			ValueDoc:      "Time to open the connection, the name lookup included, in ms.",
			Properties:    []Property{timeoutProperty("5s", "How long opening the connection may take, the name lookup included.")},
			Outputs: []Output{
				{Name: "respTime", Kind: OutputNumber, Unit: "ms", Doc: "Time to open the connection, the name lookup included."},
				{Name: "ipAddress", Kind: OutputString, Doc: "The address that was connected to."},
			},
			ExampleRule: "respTime < 200",
			RuleHint:    "A port that doesn't open is failed, rule or not. A rule can bound the time.",
		},
		New: func(target string, settings Settings) (Probe, error) { return newTCP(guard, target, settings) },
	}
}

// timeoutProperty is the property that bounds a run.
func timeoutProperty(standard, doc string) Property {
	return Property{Name: "timeout", Kind: KindDuration, Default: standard, Min: 1, Max: 600_000, Doc: doc}
}

type tcpProbe struct {
	target  string
	timeout time.Duration
	dialer  net.Dialer
}

func newTCP(guard Guard, target string, settings Settings) (Probe, error) {
	if _, _, ok := splitHostPort(target); !ok {
		return nil, invalidTarget("host:port, for example db.example.org:5432 or [2001:db8::1]:5432")
	}
	p := &tcpProbe{target: target, timeout: settings.Duration("timeout"), dialer: guard.dialer()}
	p.dialer.KeepAlive = -1 // It would cost system calls on a connection that is closed at once.
	return p, nil
}

func (p *tcpProbe) Run(ctx context.Context) Outcome {
	limited, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	started := time.Now()
	conn, err := p.dialer.DialContext(limited, "tcp", p.target)
	took := millis(time.Since(started))
	if err != nil {
		return Outcome{Err: failure(ctx, p.timeout, "connecting to "+p.target, err)}
	}
	defer conn.Close()
	return Outcome{Value: took, Outputs: map[string]any{
		"respTime":  took,
		"ipAddress": hostOf(conn.RemoteAddr()),
	}}
}

func (p *tcpProbe) Close() {}

// hostOf is the IP address in a TCP or UDP address.
func hostOf(address net.Addr) string {
	host, _, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	return host
}
