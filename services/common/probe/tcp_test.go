package probe

import (
	"context"
	"net"
	"testing"
)

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestTCPOpens(t *testing.T) {
	needIPv6(t)
	for _, ip := range []string{"127.0.0.1", "::1"} {
		l := listen(t, net.JoinHostPort(ip, "0"))
		outcome := newProbe(t, "tcp", l.Addr().String(), nil).Run(context.Background())
		wantOK(t, "tcp", outcome)
		if outcome.Outputs["ipAddress"] != ip || outcome.Value <= 0 || outcome.Outputs["respTime"] != outcome.Value {
			t.Errorf("%s: value %v, outputs %v", ip, outcome.Value, outcome.Outputs)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Read(make([]byte, 1)); n != 0 || err.Error() != "EOF" {
			t.Errorf("reading from the connection returns %d bytes and %v, want a clean close", n, err)
		}
		conn.Close()
	}
}

func TestTCPRefused(t *testing.T) {
	address := closedPort(t)
	outcome := newProbe(t, "tcp", address, nil).Run(context.Background())
	wantFailure(t, "tcp", outcome, "connection to "+address+" refused: nothing is listening on this port")
}

func TestTCPUnresolvable(t *testing.T) {
	p := newProbe(t, "tcp", "gone.example:80", nil).(*tcpProbe)
	p.dialer.Resolver = resolverAt(newDNSServer(t, &zone{}))
	wantFailure(t, "tcp", p.Run(context.Background()), "can't resolve gone.example: no such host")
}

func TestTCPSilentNameServer(t *testing.T) {
	address, received := silentServer(t)
	p := newProbe(t, "tcp", "slow.example:80", props{"timeout": "50ms"}).(*tcpProbe)
	p.dialer.Resolver = resolverAt(address)
	wantFailure(t, "tcp", p.Run(context.Background()), "no answer within 50ms while connecting to slow.example:80")

	p.timeout = longTimeout
	wantFailure(t, "tcp", runCancelled(t, p, received), "the check was stopped while connecting to slow.example:80")
}
