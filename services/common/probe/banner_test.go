package probe

import (
	"net"
	"testing"
)

func TestBanner(t *testing.T) {
	l := listen(t, net.JoinHostPort("127.0.0.1", "0"))
	go func() {
		conn, err := l.Accept()
		if err == nil {
			conn.Write([]byte("220 ready\r\n"))
			conn.Close()
		}
	}()
	outcome := newProbe(t, "banner", l.Addr().String(), nil).Run(t.Context())
	wantOK(t, "banner", outcome)
	if outcome.Outputs["banner"] != "220 ready" || outcome.Value != outcome.Outputs["respTime"] {
		t.Errorf("value %v, outputs %v", outcome.Value, outcome.Outputs)
	}
}

func TestBannerOfClosedPort(t *testing.T) {
	address := closedPort(t)
	wantFailure(t, "banner", newProbe(t, "banner", address, nil).Run(t.Context()), "refused")
}

func TestSilentServerHasNoBanner(t *testing.T) {
	l := listen(t, net.JoinHostPort("127.0.0.1", "0"))
	p := newProbe(t, "banner", l.Addr().String(), props{"timeout": "50ms"})
	wantFailure(t, "banner", p.Run(t.Context()), "no answer within 50ms")
}
