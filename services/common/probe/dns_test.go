package probe

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// zone configures a test's DNS server: records by "name. TYPE", and return codes by name.
type zone struct {
	records map[string][]string
	rcodes  map[string]int
	// truncate makes every UDP answer empty and truncated, so that clients use TCP.
	truncate bool
	// wrongQuestion makes every answer repeat another question.
	wrongQuestion bool
	// lost is the number of queries that still get no answer.
	lost    atomic.Int32
	network atomic.Pointer[string]
}

func (z *zone) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	network := w.RemoteAddr().Network()
	z.network.Store(&network)
	if z.lost.Add(-1) >= 0 {
		return
	}
	answer := new(dns.Msg).SetReply(query)
	answer.RecursionAvailable = true
	question := query.Question[0]
	key := strings.ToLower(question.Name) + " " + dns.TypeToString[question.Qtype]
	rcode, coded := z.rcodes[question.Name]
	switch {
	case z.wrongQuestion:
		answer.Question[0].Name = "other.example."
	case coded:
		answer.Rcode = rcode
	case z.truncate && network == "udp":
		answer.Truncated = true
	case z.records[key] != nil:
		for _, text := range z.records[key] {
			rr, err := dns.NewRR(text)
			if err != nil {
				panic(err)
			}
			answer.Answer = append(answer.Answer, rr)
		}
	case !z.hasName(question.Name):
		answer.Rcode = dns.RcodeNameError
	}
	w.WriteMsg(answer)
}

func (z *zone) hasName(name string) bool {
	for key := range z.records {
		if strings.HasPrefix(key, strings.ToLower(name)+" ") {
			return true
		}
	}
	return false
}

// newDNSServer serves z over UDP and TCP on the same port and returns the address.
func newDNSServer(t *testing.T, z *zone) string {
	t.Helper()
	return serveDNS(t, z, "127.0.0.1:0")
}

// serveDNS runs handler over UDP and TCP on the same port and returns the address.
func serveDNS(t *testing.T, handler dns.Handler, address string) string {
	t.Helper()
	l, packets, err := listenBoth(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []*dns.Server{{Listener: l, Handler: handler}, {PacketConn: packets, Handler: handler}} {
		started, ended := make(chan struct{}), make(chan error, 1)
		server.NotifyStartedFunc = func() { close(started) }
		go func() { ended <- server.ActivateAndServe() }()
		receive(t, started, "the DNS server to start")
		t.Cleanup(func() {
			server.Shutdown()
			if err := <-ended; err != nil {
				t.Errorf("DNS server: %v", err)
			}
		})
	}
	return l.Addr().String()
}

// listenBoth listens on the same port for TCP and UDP. The TCP port may be in use for UDP, so it tries several ports.
func listenBoth(address string) (l net.Listener, packets net.PacketConn, err error) {
	for range 20 {
		if l, err = net.Listen("tcp", address); err != nil {
			return nil, nil, err
		}
		if packets, err = net.ListenPacket("udp", l.Addr().String()); err == nil {
			return l, packets, nil
		}
		l.Close()
	}
	return nil, nil, err
}

var testRecords = map[string][]string{
	"www.example. A":              {"www.example. 60 IN CNAME web.example.", "web.example. 60 IN A 192.0.2.9", "web.example. 60 IN A 192.0.2.10", "web.example. 60 IN A 192.0.2.9"},
	"www.example. AAAA":           {"www.example. 60 IN CNAME web.example.", "web.example. 60 IN AAAA 2001:db8::1"},
	"www.example. CNAME":          {"www.example. 60 IN CNAME web.example."},
	"v4.example. A":               {"v4.example. 60 IN A 192.0.2.4"},
	"long.example. TXT":           {"long.example. 60 IN TXT" + strings.Repeat(` "`+strings.Repeat("v", 244)+`"`, 5)},
	"txt.example. TXT":            {`txt.example. 60 IN TXT "v=spf1 " "-all"`, `txt.example. 60 IN TXT "a \"b\" \195\164 \\ \255"`},
	"mail.example. MX":            {"mail.example. 60 IN MX 20 a.example.", "mail.example. 60 IN MX 5 z.example."},
	"mail.example. NS":            {"mail.example. 60 IN NS ns2.example.", "mail.example. 60 IN NS ns1.example."},
	"_x._tcp.example. SRV":        {"_x._tcp.example. 60 IN SRV 2 0 80 b.example.", "_x._tcp.example. 60 IN SRV 1 0 8080 c.example."},
	"4.2.0.192.in-addr.arpa. PTR": {"4.2.0.192.in-addr.arpa. 60 IN PTR v4.example."},
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR": {
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 IN PTR v6.example."},
	". NS": {". 60 IN NS a.root.example."},
}

func results(outcome Outcome) []string {
	var all []string
	for i := 1; ; i++ {
		text, ok := outcome.Outputs[fmt.Sprintf("result%d", i)].(string)
		if !ok {
			return all
		}
		all = append(all, text)
	}
}

func TestDNSRecords(t *testing.T) {
	server := newDNSServer(t, &zone{records: testRecords})
	for _, c := range []struct {
		target string
		props  props
		want   []string
	}{
		{"www.example", nil, []string{"192.0.2.10", "192.0.2.9", "2001:db8::1"}},
		{"WWW.example", props{"network": "ip4"}, []string{"192.0.2.10", "192.0.2.9"}},
		{"www.example.", props{"network": "ip6"}, []string{"2001:db8::1"}},
		{"www.example", props{"type": "AAAA"}, []string{"2001:db8::1"}},
		{"v4.example", nil, []string{"192.0.2.4"}},
		{"www.example", props{"type": "CNAME"}, []string{"web.example"}},
		{"long.example", props{"type": "TXT"}, []string{strings.Repeat("v", 1220)}},
		{"txt.example", props{"type": "TXT"}, []string{"a \"b\" ä \\ \uFFFD", "v=spf1 -all"}},
		{"mail.example", props{"type": "MX"}, []string{"z.example. 5", "a.example. 20"}},
		{"v4.example", props{"type": "CNAME"}, []string{"v4.example"}},
		{"mail.example", props{"type": "NS"}, []string{"ns1.example", "ns2.example"}},
		{"_x._tcp.example", props{"type": "SRV"}, []string{"c.example:8080", "b.example:80"}},
		{"192.0.2.4", props{"type": "PTR"}, []string{"v4.example"}},
		{"4.2.0.192.in-addr.arpa", props{"type": "PTR"}, []string{"v4.example"}},
		{"2001:db8::1", props{"type": "PTR"}, []string{"v6.example"}},
		{".", props{"type": "NS"}, []string{"a.root.example"}},
	} {
		properties := props{"server": server}
		for name, value := range c.props {
			properties[name] = value
		}
		outcome := newProbe(t, "dns", c.target, properties).Run(context.Background())
		wantOK(t, "dns", outcome)
		if got := results(outcome); !slices.Equal(got, c.want) {
			t.Errorf("%s %v: got %q, want %q", c.target, c.props, got, c.want)
		}
		if outcome.Outputs["resultCount"] != float64(len(c.want)) || outcome.Value <= 0 || outcome.Outputs["respTime"] != outcome.Value {
			t.Errorf("%s: value %v, outputs %v", c.target, outcome.Value, outcome.Outputs)
		}
	}
}

func TestDNSFailures(t *testing.T) {
	records := map[string][]string{"v4.example. A": {"v4.example. 60 IN A 192.0.2.4"}}
	server := newDNSServer(t, &zone{records: records, rcodes: map[string]int{
		"broken.example.": dns.RcodeServerFailure, "secret.example.": dns.RcodeRefused, "odd.example.": dns.RcodeFormatError,
	}})
	wrong := newDNSServer(t, &zone{wrongQuestion: true})
	closed := closedPort(t)
	for _, c := range []struct{ target, server, kind, message string }{
		{"gone.example", server, "A", "the name server " + server + " reports that gone.example does not exist (NXDOMAIN)"},
		{"broken.example", server, "A", "the name server " + server + " could not find an answer for broken.example (SERVFAIL)"},
		{"secret.example", server, "TXT", "the name server " + server + " refused to answer for secret.example (REFUSED)"},
		{"odd.example", server, "A", "the name server " + server + " returned an error for odd.example (FORMERR)"},
		{"v4.example", server, "MX", "the name server " + server + " has no MX records for v4.example"},
		{"v4.example", server, "AAAA", "the name server " + server + " has no AAAA records for v4.example"},
		{"v4.example", wrong, "A", "the name server " + wrong + " sent an answer that does not match the query for v4.example"},
		{"v4.example", closed, "A", "can't query the name server " + closed + " for v4.example: connection to " + closed + " refused: nothing is listening on this port"},
	} {
		outcome := newProbe(t, "dns", c.target, props{"server": c.server, "type": c.kind}).Run(context.Background())
		wantFailure(t, "dns", outcome)
		if outcome.Err.Error() != c.message {
			t.Errorf("%s %s:\n got %v\nwant %s", c.target, c.kind, outcome.Err, c.message)
		}
	}
}

func TestDNSSilentServer(t *testing.T) {
	server, received := silentServer(t)
	outcome := newProbe(t, "dns", "www.example", props{"server": server, "timeout": "50ms"}).Run(context.Background())
	wantFailure(t, "dns", outcome, "no answer from the name server "+server+" for www.example (timeout 50ms)")

	p := newProbe(t, "dns", "www.example", props{"server": server, "timeout": "10m"})
	wantFailure(t, "dns", runCancelled(t, p, received), "the check was stopped while looking up www.example")
}

func TestDNSCancelled(t *testing.T) {
	server, received := silentServer(t)
	p := newProbe(t, "dns", "www.example", props{"server": server, "timeout": "10m", "network": "ip4"})
	wantFailure(t, "dns", runCancelled(t, p, received), "the check was stopped")
}

func TestDNSResendsLostPackets(t *testing.T) {
	z := &zone{records: testRecords}
	server := newDNSServer(t, z)
	for lost, answered := range map[int32]bool{0: true, udpAttempts - 1: true, udpAttempts: false} {
		z.lost.Store(lost)
		outcome := newProbe(t, "dns", "v4.example", props{"server": server, "network": "ip4", "timeout": "600ms"}).Run(context.Background())
		if answered != (outcome.Err == nil) {
			t.Errorf("%d queries lost: %v", lost, outcome.Err)
		}
	}
}

func TestDNSTruncatedAnswerUsesTCP(t *testing.T) {
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("many.example. 60 IN A 192.0.2.%d", i+1))
	}
	z := &zone{records: map[string][]string{"many.example. A": many}, truncate: true}
	server := newDNSServer(t, z)
	outcome := newProbe(t, "dns", "many.example", props{"server": server, "network": "ip4"}).Run(context.Background())
	wantOK(t, "dns", outcome)
	if *z.network.Load() != "tcp" || len(results(outcome)) != 60 || outcome.Outputs["resultCount"] != 60.0 {
		t.Errorf("over %s: %d results, count %v", *z.network.Load(), len(results(outcome)), outcome.Outputs["resultCount"])
	}
}

func TestDNSOverIPv6(t *testing.T) {
	needIPv6(t)
	server := serveDNS(t, &zone{records: testRecords}, "[::1]:0")
	wantOK(t, "dns", newProbe(t, "dns", "v4.example", props{"server": server}).Run(context.Background()))
}

// withSystemServers replaces the resolver configuration that p reads. All servers use the port of the first one.
func withSystemServers(t *testing.T, p Probe, search []string, first string, more ...string) *dnsProbe {
	t.Helper()
	host, port, err := net.SplitHostPort(first)
	if err != nil {
		t.Fatal(err)
	}
	d := p.(*dnsProbe)
	d.readConfig = func() (*dns.ClientConfig, error) {
		return &dns.ClientConfig{Servers: append([]string{host}, more...), Search: search, Port: port, Ndots: 1, Timeout: 5}, nil
	}
	return d
}

func TestDNSSystemServers(t *testing.T) {
	z := &zone{records: testRecords, rcodes: map[string]int{"down.example.": dns.RcodeServerFailure}}
	server := newDNSServer(t, z)
	lookup := func(target string) Outcome {
		return withSystemServers(t, newProbe(t, "dns", target, nil), []string{"nowhere.example", "example"}, server).Run(context.Background())
	}
	for _, target := range []string{"v4", "v4.example", "v4.example."} {
		outcome := lookup(target)
		wantOK(t, "dns", outcome)
		if got := results(outcome); !slices.Equal(got, []string{"192.0.2.4"}) {
			t.Errorf("%s gives %q", target, got)
		}
	}
	wantFailure(t, "dns", lookup("gone"), "reports that gone does not exist")
	wantFailure(t, "dns", lookup("down"), "could not find an answer for down.example (SERVFAIL)")
}

func TestDNSSecondServerAnswers(t *testing.T) {
	working := newDNSServer(t, &zone{records: testRecords})
	_, port, _ := net.SplitHostPort(working)
	silent, err := net.ListenPacket("udp", "127.0.0.2:"+port)
	if err != nil {
		t.Skipf("no second loopback address here: %v", err)
	}
	defer silent.Close()
	p := newProbe(t, "dns", "v4.example", props{"timeout": "800ms"})
	wantOK(t, "dns", withSystemServers(t, p, nil, "127.0.0.2:"+port, "127.0.0.1").Run(context.Background()))
}

func TestReadResolvConf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if _, err := readResolvConf(path); err == nil || !strings.Contains(err.Error(), "set the property server") {
		t.Errorf("missing file: %v", err)
	}
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("search example\n")
	if _, err := readResolvConf(path); err == nil || !strings.Contains(err.Error(), "lists no name server: set the property server") {
		t.Errorf("no server: %v", err)
	}
	write("nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch example\noptions ndots:2\n")
	config, err := readResolvConf(path)
	if err != nil || len(config.Servers) != 2 || config.Ndots != 2 {
		t.Errorf("config %+v, %v", config, err)
	}
}

func TestServerAddress(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.53": "192.0.2.53:53", "192.0.2.53:5353": "192.0.2.53:5353", "2001:db8::53": "[2001:db8::53]:53",
		"[2001:db8::53]": "[2001:db8::53]:53", "[2001:db8::53]:5353": "[2001:db8::53]:5353", "ns.example.org": "ns.example.org:53",
		"ns.example.org:5353": "ns.example.org:5353",
	} {
		if got, ok := serverAddress(text); !ok || got != want {
			t.Errorf("%s gives %s, %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"ns:", ":53", "ns:dns", "http://ns", "a b", "[::1", "192.0.2.300", "[]"} {
		_, err := tryProbe("dns", "example.org", props{"server": text})
		wantInvalid(t, err, "property server: ", "is not a name server")
	}
}

func TestDNSReverseTarget(t *testing.T) {
	for _, target := range []string{"www.example.org", "in-addr"} {
		_, err := tryProbe("dns", target, props{"type": "PTR"})
		wantInvalid(t, err, "invalid monitor target: expected an IP address for type PTR")
	}
}
