package probe

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	probing "github.com/prometheus-community/pro-bing"
	"golang.org/x/net/icmp"
)

// longTimeout is a timeout that no test reaches.
const longTimeout = time.Hour

// needPing skips the test if this process may not open any kind of socket to ping address.
func needPing(t *testing.T, address string) {
	t.Helper()
	networks := []string{"ip4:icmp", "udp4"}
	if netip.MustParseAddr(address).Is6() {
		networks = []string{"ip6:ipv6-icmp", "udp6"}
	}
	var err error
	for _, network := range networks {
		var conn *icmp.PacketConn
		if conn, err = icmp.ListenPacket(network, address); err == nil {
			conn.Close()
			return
		}
	}
	t.Skipf("this sandbox forbids ICMP: %v", err)
}

func TestPing(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "::1"} {
		t.Run(address, func(t *testing.T) {
			needPing(t, address)
			outcome := newProbe(t, "ping", address, props{"interval": "10ms"}).Run(context.Background())
			wantOK(t, "ping", outcome)
			o := outcome.Outputs
			if o["packetsRecv"] != 3.0 || o["packetLoss"] != 0.0 || o["ipAddress"] != address || o["avgRtt"] != outcome.Value {
				t.Errorf("value %v, outputs %v", outcome.Value, o)
			}
			if lo, hi := o["minRtt"].(float64), o["maxRtt"].(float64); lo <= 0 || lo > outcome.Value || outcome.Value > hi {
				t.Errorf("the round-trip times are not in order: %v", o)
			}
		})
	}
}

func TestPingTimeoutStartsAtTheLastPacket(t *testing.T) {
	p := newProbe(t, "ping", "127.0.0.1", props{"count": "5", "interval": "2s", "timeout": "500ms"}).(*pingProbe)
	if want := 8500 * time.Millisecond; p.limit != want {
		t.Errorf("limit %s, want %s", p.limit, want)
	}
}

func TestPingUnresolvable(t *testing.T) {
	p := newProbe(t, "ping", "gone.example", nil).(*pingProbe)
	p.resolver = resolverAt(newDNSServer(t, &zone{}))
	wantFailure(t, "ping", p.Run(context.Background()), "can't resolve gone.example: no such host")
}

func TestPingSilentNameServer(t *testing.T) {
	address, received := silentServer(t)
	p := newProbe(t, "ping", "slow.example", props{"timeout": "50ms", "count": "1"}).(*pingProbe)
	p.resolver = resolverAt(address)
	wantFailure(t, "ping", p.Run(context.Background()), "no answer within 50ms while looking up slow.example")

	p.limit = longTimeout
	wantFailure(t, "ping", runCancelled(t, p, received), "the check was stopped while looking up slow.example")
}

func TestPingCancelled(t *testing.T) {
	needPing(t, "127.0.0.1")
	p := newProbe(t, "ping", "127.0.0.1", props{"interval": "1m", "timeout": "5m", "count": "2"})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan Outcome, 1)
	go func() { done <- p.Run(ctx) }()
	cancel()
	if outcome := receive(t, done, "the cancelled run to end"); outcome.Err == nil {
		t.Errorf("a cancelled run succeeded: %v", outcome.Outputs)
	}
}

func TestPingOutcome(t *testing.T) {
	address := netip.MustParseAddr("192.0.2.1")
	for name, c := range map[string]struct {
		stats   *probing.Statistics
		err     error
		message string
		loss    any
	}{
		"all lost":  {&probing.Statistics{PacketsSent: 3, PacketLoss: 100}, nil, "no reply from 192.0.2.1 to 3 packets within 1.3s", 100.0},
		"one lost":  {&probing.Statistics{PacketsSent: 1, PacketLoss: 100}, nil, "no reply from 192.0.2.1 to 1 packet within 1.3s", 100.0},
		"no socket": {nil, errNoPingPermission, errNoPingPermission.Error(), nil},
		"broken":    {&probing.Statistics{PacketsSent: 1, PacketLoss: 100}, errors.New("no route"), "no route", 100.0},
	} {
		outcome := pingOutcome(address, 1300*time.Millisecond, c.stats, c.err)
		wantFailure(t, "ping", outcome, c.message)
		if outcome.Outputs["ipAddress"] != "192.0.2.1" || outcome.Outputs["packetLoss"] != c.loss {
			t.Errorf("%s: outputs %v", name, outcome.Outputs)
		}
	}
	some := pingOutcome(address, time.Second, &probing.Statistics{
		PacketsSent: 4, PacketsRecv: 1, PacketLoss: 75, MinRtt: 1500 * time.Microsecond, AvgRtt: 1500 * time.Microsecond, MaxRtt: 1500 * time.Microsecond,
	}, nil)
	wantOK(t, "ping", some)
	if some.Value != 1.5 || some.Outputs["packetLoss"] != 75.0 || some.Outputs["packetsRecv"] != 1.0 {
		t.Errorf("value %v, outputs %v", some.Value, some.Outputs)
	}
}

func TestPingInvalidProperties(t *testing.T) {
	invalid := props{"count": "101", "interval": "1ms", "timeout": "0s"}
	for name, value := range invalid {
		_, err := tryProbe("ping", "127.0.0.1", props{name: value})
		wantInvalid(t, err, "property "+name)
	}
}

func TestMain(m *testing.M) {
	// The tests must not use a proxy of the machine.
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		os.Unsetenv(name)
	}
	os.Exit(m.Run())
}
