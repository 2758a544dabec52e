package probe

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"testing"
)

// ignorePings makes this machine ignore echo requests of one family.
func ignorePings(t *testing.T, ipv4, ipv6 bool) {
	t.Helper()
	for path, ignore := range map[string]bool{
		"/proc/sys/net/ipv4/icmp_echo_ignore_all": ipv4, "/proc/sys/net/ipv6/icmp/echo_ignore_all": ipv6,
	} {
		value := []byte("0")
		if ignore {
			value = []byte("1")
		}
		if err := os.WriteFile(path, value, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var familyRecords = map[string][]string{
	"both.example. A":    {"both.example. 60 IN A 127.0.0.1"},
	"both.example. AAAA": {"both.example. 60 IN AAAA ::1"},
	"four.example. A":    {"four.example. 60 IN A 127.0.0.1"},
}

func TestPingOfBothFamilies(t *testing.T) {
	if !inNamespace(t, "nameserver 127.0.0.1\n") {
		return
	}
	serveDNS(t, &zone{records: familyRecords}, "127.0.0.1:53")
	for _, c := range []struct {
		target, network string
		ipv4, ipv6      bool
		want            string
	}{
		{"both.example", "ip", true, true, "::1"},
		{"both.example", "ip", true, false, "127.0.0.1"},
		{"both.example", "ip", false, true, "::1"},
		{"both.example", "ip4", true, true, "127.0.0.1"},
		{"both.example", "ip6", true, true, "::1"},
		{"both.example", "ip6", true, false, "no reply from ::1 to 3 packets within 320ms"},
		{"both.example", "ip", false, false, "no reply from ::1 to 3 packets within 320ms; no reply from 127.0.0.1 to 3 packets within 320ms"},
		{"four.example", "ip6", true, true, "four.example has no IPv6 address (property network)"},
		{"127.0.0.1", "ip6", true, true, "127.0.0.1 has no IPv6 address (property network)"},
	} {
		t.Run(fmt.Sprintf("%s %s %t %t", c.target, c.network, c.ipv4, c.ipv6), func(t *testing.T) {
			ignorePings(t, !c.ipv4, !c.ipv6)
			p := newProbe(t, "ping", c.target, props{"network": c.network, "timeout": "300ms", "interval": "10ms"})
			outcome := p.Run(context.Background())
			got := outcome.Outputs["ipAddress"]
			if outcome.Err != nil {
				got = outcome.Err.Error()
			}
			if got != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

func TestNetworkOfConnections(t *testing.T) {
	if !inNamespace(t, "nameserver 127.0.0.1\n") {
		return
	}
	serveDNS(t, &zone{records: familyRecords}, "127.0.0.1:53")
	l := listen(t, "[::]:80")
	server := &http.Server{Handler: http.NotFoundHandler()}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	for _, c := range []struct{ host, network, want string }{
		{"both.example", "ip", "::1"},
		{"both.example", "ip4", "127.0.0.1"},
		{"both.example", "ip6", "::1"},
		{"four.example", "ip6", "four.example has no IPv6 address (property network)"},
		{"127.0.0.1", "ip6", "127.0.0.1 has no IPv6 address (property network)"},
	} {
		for kind, target := range map[string]string{"http": "http://" + c.host, "tcp": c.host + ":80"} {
			outcome := newProbe(t, kind, target, props{"network": c.network}).Run(context.Background())
			got := outcome.Outputs["ipAddress"]
			if outcome.Err != nil {
				got = outcome.Err.Error()
			}
			if got != c.want {
				t.Errorf("%s of %s with %s: got %v, want %s", kind, c.host, c.network, got, c.want)
			}
		}
	}
}
