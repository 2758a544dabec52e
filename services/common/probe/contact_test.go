package probe

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"testing"
)

func TestContact(t *testing.T) {
	failing := serve(t, func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	redirecting := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+closedPort(t), http.StatusFound)
	})
	silent := listen(t, "127.0.0.1:0").Addr().String()
	closed := closedPort(t)
	for name, c := range map[string]struct {
		kind, target string
		properties   props
		want         Contact
	}{
		"tcp refused":                  {"tcp", closed, nil, ContactRefused},
		"tcp not allowed":              {"tcp", "169.254.169.254:80", nil, ContactUnknown},
		"tcp without such a family":    {"tcp", closed, props{"network": "ip6"}, ContactUnknown},
		"http refused":                 {"http", "http://" + closed, nil, ContactRefused},
		"http not allowed":             {"http", "http://169.254.169.254", nil, ContactUnknown},
		"http closed after connecting": {"http", failing.URL, nil, ContactMade},
		"http without TLS":             {"http", "https" + failing.URL[len("http"):], nil, ContactMade},
		"http without an answer":       {"http", "http://" + silent, props{"timeout": "50ms"}, ContactMade},
		"http redirect to nowhere":     {"http", redirecting.URL, nil, ContactMade},
	} {
		outcome := newProbe(t, c.kind, c.target, c.properties).Run(context.Background())
		if outcome.Err == nil || outcome.Contact != c.want {
			t.Errorf("%s: contact %v with error %v, want %v", name, outcome.Contact, outcome.Err, c.want)
		}
	}
}

func TestContactNeedsAName(t *testing.T) {
	unknown, silentDNS := newDNSServer(t, &zone{}), func() string { address, _ := silentServer(t); return address }()
	for _, server := range []string{unknown, silentDNS} {
		short := props{"timeout": "50ms"}
		tcp := newProbe(t, "tcp", "gone.example:80", short).(*tcpProbe)
		tcp.dialer.Resolver = resolverAt(server)
		ping := newProbe(t, "ping", "gone.example", short).(*pingProbe)
		ping.resolver = resolverAt(server)
		for kind, p := range map[string]Probe{"tcp": tcp, "ping": ping} {
			if outcome := p.Run(context.Background()); outcome.Err == nil || outcome.Contact != ContactUnknown {
				t.Errorf("%s at %s: contact %v with error %v", kind, server, outcome.Contact, outcome.Err)
			}
		}
	}
}

func TestContactOfPing(t *testing.T) {
	address := netip.MustParseAddr("127.0.0.1")
	for name, c := range map[string]struct {
		outcome Outcome
		want    Contact
	}{
		"no reply":    {pingOutcome(address, longTimeout, nil, context.DeadlineExceeded), ContactRefused},
		"a reply":     {Outcome{Outputs: map[string]any{"packetsRecv": 1.0}, Err: net.ErrClosed}, ContactMade},
		"no socket":   {Outcome{Err: socketError("can't open a socket for ping: x")}, ContactUnknown},
		"not allowed": {Outcome{Err: notAllowedError("x")}, ContactUnknown},
	} {
		if got := pingContact(context.Background(), c.outcome); got != c.want {
			t.Errorf("%s: contact %v, want %v", name, got, c.want)
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if got := contactOf(stopped, net.ErrClosed); got != ContactUnknown {
		t.Errorf("stopped check: contact %v", got)
	}
}
