package probe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"time"

	probing "github.com/prometheus-community/pro-bing"

	"nanomon/services/common/hostname"
	"nanomon/services/common/plain"
)

func pingType(guard Guard) Type {
	return Type{
		Spec: Spec{
			Type:          "ping",
			Title:         "Ping",
			Doc:           "Sends ICMP echo requests to a host and waits for the replies.",
			TargetDoc:     "a host name or an IP address",
			ExampleTarget: "router.example.org",
			ValueDoc:      "Average round-trip time, in ms.",
			Properties: []Property{
				timeoutProperty("1s", "How long to wait for replies after the last packet. "+
					"The whole check, including the name lookup, takes at most this time plus the intervals between "+
					"the packets."),
				{Name: "count", Kind: KindInteger, Default: "3", Min: 1, Max: 100, Doc: "Number of packets to send."},
				{Name: "interval", Kind: KindDuration, Default: "150ms", Min: 10, Max: 60_000,
					Doc: "Time between two packets."},
				networkProperty("ip pings an IPv4 or IPv6 address: if the first one does not reply within a third of the " +
					"timeout, an address of the other kind is pinged too. ip4 or ip6 pings only one kind."),
				invertProperty("there is no reply", "there is one"),
			},
			Outputs: []Output{
				{Name: "minRtt", Kind: OutputNumber, Title: "Shortest round trip", Unit: "ms", Doc: "Shortest round-trip time."},
				{Name: "avgRtt", Kind: OutputNumber, Title: "Average round trip", Unit: "ms", Doc: "Average round-trip time."},
				{Name: "maxRtt", Kind: OutputNumber, Title: "Longest round trip", Unit: "ms", Doc: "Longest round-trip time."},
				{Name: "packetsRecv", Kind: OutputNumber, Title: "Replies", Doc: "Number of replies."},
				{Name: "packetLoss", Kind: OutputNumber, Title: "Packet loss", Unit: "percent",
					Doc: "Percentage of the packets without a reply."},
				{Name: "ipAddress", Kind: OutputString, Doc: "The IP address that replied or, if there was no reply, the " +
					"first one."},
			},
			ExampleRule: "packetLoss < 50 && avgRtt < 100",
			RuleHint: "If there is no reply at all, the check fails, with or without a rule. A rule can limit the " +
				"packet loss and the round-trip time.",
		},
		MaxDuration: maxPing,
		New:         func(target string, settings Settings) (Probe, error) { return newPing(guard, target, settings) },
	}
}

// maxPing returns the maximum duration of a check.
func maxPing(settings Settings) time.Duration {
	return settings.Duration("timeout") + time.Duration(settings.Int("count"))*settings.Duration("interval")
}

type pingProbe struct {
	host     string
	network  string
	count    int
	interval time.Duration
	limit    time.Duration
	// patience is the time after which an address of the other family is pinged too.
	patience time.Duration
	resolver *net.Resolver
	guard    Guard
}

func newPing(guard Guard, target string, settings Settings) (Probe, error) {
	host := hostname.ToASCII(target)
	if bare, ok := withoutBrackets(host); ok && validHost(bare) {
		return nil, invalidTarget("an IPv6 address without brackets: " + bare)
	}
	if !validHost(host) {
		return nil, invalidTarget("a host name or an IP address, for example router.example.org or 2001:db8::1")
	}
	count, interval, timeout := settings.Int("count"), settings.Duration("interval"), settings.Duration("timeout")
	return &pingProbe{
		host: host, network: settings.Text("network"), count: count, interval: interval,
		limit:    timeout + time.Duration(count-1)*interval,
		patience: timeout / 3,
		resolver: newResolver(),
		guard:    guard,
	}, nil
}

func (p *pingProbe) Run(ctx context.Context) Outcome {
	limited, cancel := limitCheck(ctx, p.limit)
	defer cancel()
	addresses, err := p.resolver.LookupNetIP(limited, p.network, p.host)
	if err != nil {
		return Outcome{Err: failure(ctx, p.limit, "looking up "+p.host, explainFamily(err, p.host, p.network))}
	}
	outcome := p.pingFamilies(limited, firstOfEachFamily(addresses))
	outcome.Contact = pingContact(ctx, outcome)
	if address := outcome.Outputs["ipAddress"]; ctx.Err() != nil && address != nil {
		outcome.Err = failure(ctx, p.limit, fmt.Sprint("waiting for replies from ", address), ctx.Err())
	}
	return outcome
}

func (p *pingProbe) Close() {}

// pingContact returns whether there was a reply.
func pingContact(ctx context.Context, outcome Outcome) Contact {
	if replies, _ := outcome.Outputs["packetsRecv"].(float64); replies > 0 {
		return ContactMade
	}
	return contactOf(ctx, outcome.Err)
}

// pingAddress sends the packets to one address. It calls onReply at each reply.
func (p *pingProbe) pingAddress(ctx context.Context, address netip.Addr, onReply func()) Outcome {
	if err := p.guard.check(address); err != nil {
		return Outcome{Err: err}
	}
	stats, err := p.ping(ctx, address, onReply)
	return pingOutcome(address, p.limit, stats, err)
}

// ping sends the packets over a raw socket or, if this process may not open one, over a ping socket. It returns when
// all replies have arrived or when ctx ends; the latter is not an error.
func (p *pingProbe) ping(ctx context.Context, address netip.Addr, onReply func()) (*probing.Statistics, error) {
	if err := p.checkRoute(ctx, address); err != nil {
		return nil, err
	}
	for _, raw := range []bool{true, false} {
		pinger := p.newPinger(address, raw)
		opened := false
		pinger.OnSetup = func() { opened = true }
		pinger.OnRecv = func(*probing.Packet) { onReply() }
		err := pinger.RunWithContext(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			return pinger.Statistics(), nil
		case opened:
			return pinger.Statistics(), explained(err)
		case errors.Is(err, fs.ErrPermission):
		case OwnFault(err) != nil:
			return nil, OwnFault(err)
		default:
			return nil, socketError("can't open a socket for ping: " + innermost(err))
		}
	}
	return nil, errNoPingPermission
}

// socketError reports that this machine could not open a socket.
type socketError string

func (e socketError) Error() string { return string(e) }

// checkRoute returns an error if the kernel has no route to address or forbids the connection. It sends nothing.
// Without it, the ping library would retry a forbidden send forever.
func (p *pingProbe) checkRoute(ctx context.Context, address netip.Addr) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", netip.AddrPortFrom(address, 9).String())
	if err != nil {
		return explained(err)
	}
	return conn.Close()
}

func (p *pingProbe) newPinger(address netip.Addr, raw bool) *probing.Pinger {
	pinger := probing.New("")
	pinger.SetIPAddr(&net.IPAddr{IP: address.AsSlice(), Zone: address.Zone()})
	pinger.SetPrivileged(raw)
	pinger.SetLogger(probing.NoopLogger{})
	pinger.Count, pinger.Interval, pinger.Timeout = p.count, p.interval, p.limit
	pinger.RecordRtts, pinger.RecordTTLs = false, false
	return pinger
}

// pingOutcome maps statistics to outputs. stats is nil if no packet could be sent.
func pingOutcome(address netip.Addr, limit time.Duration, stats *probing.Statistics, err error) Outcome {
	outputs := map[string]any{"ipAddress": address.String()}
	if stats == nil {
		return Outcome{Outputs: outputs, Err: err}
	}
	outputs["packetsRecv"] = float64(stats.PacketsRecv)
	outputs["packetLoss"] = stats.PacketLoss
	if stats.PacketsRecv == 0 {
		if err == nil {
			err = fmt.Errorf("no reply from %s to %s within %s", address, plain.Count(stats.PacketsSent, "packet"), limit)
		}
		return Outcome{Outputs: outputs, Err: err}
	}
	average := millis(stats.AvgRtt)
	outputs["minRtt"], outputs["avgRtt"], outputs["maxRtt"] = millis(stats.MinRtt), average, millis(stats.MaxRtt)
	return Outcome{Value: average, Outputs: outputs, Err: err}
}
