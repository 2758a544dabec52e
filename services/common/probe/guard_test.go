package probe

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func TestGuard(t *testing.T) {
	denied := Guard{Deny: prefixes("10.0.0.0/8", "::1/128"), Allow: prefixes("10.1.2.3/32", "169.254.169.254/32", "ff02::1/128")}
	for _, c := range []struct {
		guard   Guard
		address string
		want    string // part of the message, or empty if the address is allowed
	}{
		{Guard{}, "127.0.0.1", ""},
		{Guard{}, "::1", ""},
		{Guard{}, "10.0.0.1", ""},
		{Guard{}, "172.16.0.1", ""},
		{Guard{}, "192.168.1.1", ""},
		{Guard{}, "100.64.0.1", ""},
		{Guard{}, "fd00::1", ""},
		{Guard{}, "192.0.2.1", ""},
		{Guard{}, "2001:db8::1", ""},
		{Guard{}, "64:ff9b::c000:201", ""},
		{Guard{}, "169.255.0.1", ""},
		{Guard{}, "169.254.169.254", "169.254.169.254 is link-local; use TARGET_ALLOW to allow it"},
		{Guard{}, "169.254.0.1", "link-local"},
		{Guard{}, "fe80::1", "link-local"},
		{Guard{}, "fe80::1%eth0", "link-local"},
		{Guard{}, "febf::1", "link-local"},
		{Guard{}, "fd00:ec2::254", "a cloud metadata service"},
		{Guard{}, "fd00:ec2::254%eth0", "a cloud metadata service"},
		{Guard{}, "fd00:ec2::23", "a cloud metadata service"},
		{Guard{}, "fd20:ce::254", "a cloud metadata service"},
		{Guard{}, "fd00:c1::a9fe:a9fe", "a cloud metadata service"},
		{Guard{}, "fd00:42::42", "a cloud metadata service"},
		{Guard{}, "fd00:a9fe:a9fe::1", "a cloud metadata service"},
		{Guard{}, "100.100.100.200", "a cloud metadata service"},
		{Guard{}, "168.63.129.16", "a cloud metadata service"},
		{Guard{}, "192.0.0.192", "a cloud metadata service"},
		{Guard{}, "0.0.0.0", "unspecified"},
		{Guard{}, "::", "unspecified"},
		{Guard{}, "224.0.0.1", "multicast"},
		{Guard{}, "ff02::1%eth0", "multicast"},
		{Guard{}, "255.255.255.255", "the broadcast address"},
		{Guard{}, "::ffff:169.254.169.254", "169.254.169.254 is link-local"},
		{Guard{}, "::ffff:100.100.100.200", "a cloud metadata service"},
		{Guard{}, "64:ff9b::a9fe:a9fe", "64:ff9b::a9fe:a9fe maps to 169.254.169.254, which is link-local; use TARGET_ALLOW to allow it"},
		{Guard{}, "64:ff9b:1::6464:64c8", "maps to 100.100.100.200, which is a cloud metadata service"},
		{Guard{}, "2002:a9fe:a9fe::1", "maps to 169.254.169.254, which is link-local"},
		{Guard{}, "::ffff:0:169.254.169.254", "maps to 169.254.169.254, which is link-local"},
		{Guard{}, "::169.254.169.254", "maps to 169.254.169.254, which is link-local"},
		{denied, "10.0.0.1", "10.0.0.1 is in TARGET_DENY; use TARGET_ALLOW to allow it"},
		{denied, "::ffff:10.0.0.1", "10.0.0.1 is in TARGET_DENY"},
		{denied, "64:ff9b::a00:1", "maps to 10.0.0.1, which is in TARGET_DENY"},
		{denied, "10.1.2.3", ""},
		{denied, "64:ff9b::a01:203", ""},
		{denied, "::1", "in TARGET_DENY"},
		{denied, "127.0.0.1", ""},
		{denied, "169.254.169.254", ""},
		{denied, "64:ff9b::a9fe:a9fe", ""},
		{denied, "169.254.169.253", "link-local"},
		{denied, "ff02::1%eth0", ""},
		{Guard{Allow: prefixes("64:ff9b::/96")}, "64:ff9b::a9fe:a9fe", "which is link-local"},
		{Guard{Deny: prefixes("0.0.0.0/0"), Allow: prefixes("192.0.2.0/24")}, "192.0.2.9", ""},
		{Guard{Deny: prefixes("0.0.0.0/0", "::/0")}, "2001:db8::1", "in TARGET_DENY"},
	} {
		got := ""
		if err := c.guard.check(netip.MustParseAddr(c.address)); err != nil {
			got = err.Error()
		}
		if c.want == "" && got != "" || !strings.Contains(got, c.want) || got != "" && !strings.HasPrefix(got, "target not allowed: ") {
			t.Errorf("%s: got %q, want %q", c.address, got, c.want)
		}
	}
}

// newGuardedProbe creates a probe with guard.
func newGuardedProbe(t *testing.T, guard Guard, kind, target string, properties props) Probe {
	t.Helper()
	types := All(guard)
	settings, err := NewSettings(types[kind].Spec, properties)
	if err != nil {
		t.Fatal(err)
	}
	p, err := types[kind].New(target, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestEveryTypeIsGuarded(t *testing.T) {
	const refused = "target not allowed: 169.254.169.254 is link-local; use TARGET_ALLOW to allow it"
	for _, c := range []struct {
		kind, target string
		properties   props
	}{
		{"http", "http://169.254.169.254/latest/meta-data/", nil},
		{"http", "https://169.254.169.254/", nil},
		{"http", "http://[::ffff:169.254.169.254]/", props{"keepAlive": "true"}},
		{"http", "http://2852039166/", nil}, // most resolvers read this as the same address
		{"tcp", "169.254.169.254:80", nil},
		{"tcp", "[::ffff:a9fe:a9fe]:80", nil},
		{"ping", "169.254.169.254", nil},
		{"ping", "::ffff:169.254.169.254", nil},
		{"dns", "www.example", props{"server": "169.254.169.254"}},
		{"dns", "www.example", props{"server": "169.254.169.254:5353", "type": "TXT"}},
	} {
		outcome := newGuardedProbe(t, Guard{}, c.kind, c.target, c.properties).Run(context.Background())
		if c.target == "http://2852039166/" && strings.Contains(outcome.Err.Error(), "can't resolve") {
			continue
		}
		wantFailure(t, c.kind, outcome)
		if outcome.Err.Error() != refused || outcome.Outputs["ipAddress"] != nil {
			t.Errorf("%s %s: %v, outputs %v", c.kind, c.target, outcome.Err, outcome.Outputs)
		}
	}
}

// Denied targets must receive nothing; the same targets receive checks when they are allowed.
func TestDeniedTargetsReceiveNothing(t *testing.T) {
	server, seen := countingServer(t, false)
	host := strings.TrimPrefix(server.URL, "http://")
	z := &zone{records: testRecords}
	nameServer := newDNSServer(t, z)
	deny := prefixes("127.0.0.0/8", "::1/128")
	for _, c := range []struct {
		kind, target string
		properties   props
	}{
		{"http", server.URL, nil},
		{"http", "http://localhost:" + strings.Split(host, ":")[1], nil},
		{"tcp", host, nil},
		{"dns", "v4.example", props{"server": nameServer}},
	} {
		wantFailure(t, c.kind, newGuardedProbe(t, Guard{Deny: deny}, c.kind, c.target, c.properties).Run(context.Background()),
			"target not allowed: ", " is in TARGET_DENY; use TARGET_ALLOW to allow it")
		if opened, _ := seen.counts(); opened != 0 || z.network.Load() != nil {
			t.Fatalf("%s %s: the target received a connection", c.kind, c.target)
		}
	}
	wantOK(t, "http", newGuardedProbe(t, Guard{Deny: deny, Allow: prefixes("127.0.0.1/32")}, "http", server.URL, nil).Run(context.Background()))
	wantOK(t, "tcp", newGuardedProbe(t, Guard{Deny: deny, Allow: prefixes("127.0.0.1/32")}, "tcp", host, nil).Run(context.Background()))
	wantOK(t, "dns", withSystemServers(t, newGuardedProbe(t, Guard{Deny: deny}, "dns", "v4.example", nil), nil, nameServer).Run(context.Background()))
}

// setDefaultResolver makes all lookups of the process query the DNS server at address.
func setDefaultResolver(t *testing.T, address string) {
	t.Helper()
	standard := net.DefaultResolver
	net.DefaultResolver = resolverAt(address)
	t.Cleanup(func() { net.DefaultResolver = standard })
}

// A name resolves to the loopback address first, and to the metadata service later.
func TestRebinding(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for kind, target := range map[string]string{"http": "http://evil.example:" + port, "tcp": "evil.example:" + port} {
		t.Run(kind, func(t *testing.T) {
			var received atomic.Int32
			setDefaultResolver(t, serveDNS(t, dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) {
				answer := new(dns.Msg).SetReply(query)
				if query.Question[0].Qtype == dns.TypeA {
					address := "127.0.0.1"
					if received.Add(1) > 1 {
						address = "169.254.169.254"
					}
					rr, _ := dns.NewRR("evil.example. 0 IN A " + address)
					answer.Answer = []dns.RR{rr}
				}
				w.WriteMsg(answer)
			}), "127.0.0.1:0"))
			p := newGuardedProbe(t, Guard{}, kind, target, nil)
			wantOK(t, kind, p.Run(context.Background()))
			wantFailure(t, kind, p.Run(context.Background()), "target not allowed: 169.254.169.254 is link-local; use TARGET_ALLOW to allow it")
		})
	}
}

func TestResolvedAddressesAreGuarded(t *testing.T) {
	setDefaultResolver(t, newDNSServer(t, &zone{records: map[string][]string{
		"meta.example. A":    {"meta.example. 60 IN A 169.254.169.254"},
		"nat.example. AAAA":  {"nat.example. 60 IN AAAA 64:ff9b::a9fe:a9fe"},
		"meta6.example. A":   {"meta6.example. 60 IN A 127.0.0.1"},
		"alias.example. A":   {"alias.example. 60 IN CNAME meta.example.", "meta.example. 60 IN A 100.100.100.200"},
		"nowhere.example. A": {"nowhere.example. 60 IN A 0.0.0.0"},
	}}))
	for name, want := range map[string]string{
		"meta.example":    "169.254.169.254 is link-local",
		"nat.example":     "64:ff9b::a9fe:a9fe maps to 169.254.169.254, which is link-local",
		"alias.example":   "100.100.100.200 is a cloud metadata service",
		"nowhere.example": "0.0.0.0 is unspecified",
	} {
		wantFailure(t, "http", newGuardedProbe(t, Guard{}, "http", "http://"+name, nil).Run(context.Background()), "target not allowed: "+want)
		wantFailure(t, "tcp", newGuardedProbe(t, Guard{}, "tcp", name+":80", nil).Run(context.Background()), "target not allowed: "+want)
		wantFailure(t, "ping", newGuardedProbe(t, Guard{}, "ping", name, nil).Run(context.Background()), "target not allowed: "+want)
		wantFailure(t, "dns", newGuardedProbe(t, Guard{}, "dns", "a.example", props{"server": name}).Run(context.Background()), "target not allowed: "+want)
	}
}

func TestRedirectsAreGuarded(t *testing.T) {
	server, seen := countingServer(t, false)
	for _, to := range []string{"http://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/", "http://[fe80::1%25lo]:80/", server.URL} {
		var path atomic.Value
		redirecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path.Store(r.URL.Path)
			http.Redirect(w, r, to, http.StatusFound)
		}))
		host, port, _ := net.SplitHostPort(server.Listener.Addr().String())
		_, redirectPort, _ := net.SplitHostPort(redirecting.Listener.Addr().String())
		guard := Guard{}
		if to == server.URL { // The first target is allowed and this one denied, by their addresses.
			setDefaultResolver(t, newDNSServer(t, &zone{records: map[string][]string{"other.example. A": {"other.example. 60 IN A 127.0.0.2"}}}))
			guard.Deny, to = prefixes("127.0.0.2/32"), "http://other.example:"+port
		}
		p := newGuardedProbe(t, guard, "http", fmt.Sprintf("http://%s:%s/start", host, redirectPort), nil)
		wantFailure(t, "http", p.Run(context.Background()), "target not allowed: ")
		if path.Load() != "/start" {
			t.Errorf("%s: the first target received no request", to)
		}
		redirecting.Close()
	}
	if opened, _ := seen.counts(); opened != 0 {
		t.Error("the denied target received a connection")
	}
}

func TestProxiesAreGuarded(t *testing.T) {
	var received atomic.Value
	received.Store("")
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) { received.Store(r.URL.String()) })
	via, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	run := func(guard Guard, target string) Outcome {
		p := newGuardedProbe(t, guard, "http", target, nil)
		changeTransport(p, func(used *http.Transport) { used.Proxy = guard.checkProxied(http.ProxyURL(via)) })
		return p.Run(context.Background())
	}
	wantOK(t, "http", run(Guard{}, "http://site.example/a"))
	if received.Swap("") != "http://site.example/a" {
		t.Fatal("the proxy received no request")
	}
	for target, want := range map[string]string{
		"http://169.254.169.254/":        "169.254.169.254 is link-local",
		"http://169.254.169.254./":       "169.254.169.254 is link-local",
		"http://[::ffff:a9fe:a9fe]/":     "169.254.169.254 is link-local",
		"https://[fe80::1%25eth0]:8443/": "fe80::1%eth0 is link-local",
		"http://2852039166/":             "2852039166 is neither a host name nor an IP address in standard notation",
		"http://0xa9fea9fe/":             " is neither a host name nor an IP address in standard notation",
		"http://0251.0376.0251.0376/":    " is neither a host name nor an IP address in standard notation",
		"https://１６９.２５４.１６９.２５４/":       "169.254.169.254 is link-local",
		"https://169。254。169。254/":       "169.254.169.254 is link-local",
		"https://169.254.169.²54/":       "169.254.169.254 is link-local",
		"https://０ｘａ９ｆｅａ９ｆｅ/":            "0xa9fea9fe is neither a host name nor an IP address in standard notation",
		"http://169.254.43518/":          " is neither a host name nor an IP address in standard notation",
	} {
		wantFailure(t, "http", run(Guard{}, target), "target not allowed: ", want)
	}
	wantFailure(t, "http", run(Guard{Deny: prefixes("127.0.0.0/8")}, "http://site.example/"), "target not allowed: 127.0.0.1 is in TARGET_DENY")
	if received.Load() != "" {
		t.Errorf("the proxy received a request for %s", received.Load())
	}
}

func FuzzGuard(f *testing.F) {
	f.Add([]byte{169, 254, 169, 254})
	f.Add(netip.MustParseAddr("64:ff9b::a9fe:a9fe").AsSlice())
	f.Fuzz(func(t *testing.T, bytes []byte) {
		address, ok := netip.AddrFromSlice(bytes)
		if !ok {
			return
		}
		mapped := netip.AddrFrom16(address.As16()).WithZone("eth0")
		if (Guard{}).check(address) == nil != ((Guard{}).check(mapped) == nil) {
			t.Errorf("%s and %s are treated differently", address, mapped)
		}
		if (Guard{Deny: prefixes("0.0.0.0/0", "::/0")}).check(address) == nil {
			t.Errorf("%s is allowed although all addresses are denied", address)
		}
		if err := (Guard{Allow: prefixes("0.0.0.0/0", "::/0")}).check(address); err != nil {
			t.Errorf("all addresses are allowed, but: %v", err)
		}
	})
}
