package mongo

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
)

// nameServer is a DNS server with one SRV record. While fails is true it answers SERVFAIL, while silent is true nothing.
type nameServer struct {
	target        string
	port          uint16
	fails, silent atomic.Bool
}

func (n *nameServer) ServeDNS(w dns.ResponseWriter, request *dns.Msg) {
	if n.silent.Load() {
		return
	}
	answer := new(dns.Msg).SetReply(request)
	question := request.Question[0]
	header := dns.RR_Header{Name: question.Name, Rrtype: question.Qtype, Class: dns.ClassINET, Ttl: 1}
	switch {
	case n.fails.Load():
		answer.Rcode = dns.RcodeServerFailure
	case question.Qtype == dns.TypeSRV && strings.HasPrefix(question.Name, "_mongodb._tcp."):
		answer.Answer = append(answer.Answer, &dns.SRV{Hdr: header, Port: n.port, Target: n.target + "."})
	case question.Qtype == dns.TypeA && question.Name == n.target+".":
		answer.Answer = append(answer.Answer, &dns.A{Hdr: header, A: net.IPv4(127, 0, 0, 1)})
	}
	_ = w.WriteMsg(answer)
}

// startNameServer starts a DNS server that this process uses until the test ends. Its SRV records lead to the server at
// uri.
func startNameServer(t *testing.T, uri string) *nameServer {
	t.Helper()
	_, port, err := net.SplitHostPort(host(t, uri))
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	n := &nameServer{target: "a.db.nanomon.test", port: uint16(number)}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dnsServer, stopped := &dns.Server{PacketConn: conn, Handler: n}, make(chan error, 1)
	go func() { stopped <- dnsServer.ActivateAndServe() }()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		conn.Close()
		<-stopped
	})
	return n
}

// TestSilentNameServer checks that looking up a name ends at the timeout of Open.
func TestSilentNameServer(t *testing.T) {
	startNameServer(t, server).silent.Store(true)
	start := time.Now()
	_, err := Open(t.Context(), Config{URI: "mongodb+srv://user:hunter2@db.nanomon.test/", Database: "x", Timeout: time.Second})
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("Open took %s, the timeout is 1s", took)
	}
	if !errors.Is(err, monitor.ErrUnavailable) || !strings.HasPrefix(err.Error(), "MongoDB at db.nanomon.test did not answer within 1s: ") {
		t.Errorf("error %v, want ErrUnavailable with the name", err)
	}
	if err != nil && strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows the password: %v", err)
	}
}

// TestNameServerStartsLater opens a database whose name can't be looked up until the first log line.
func TestNameServerStartsLater(t *testing.T) {
	names := startNameServer(t, server)
	names.fails.Store(true)
	logged := 0
	log := slog.New(slog.NewTextHandler(lines(func(line string) {
		logged++
		names.fails.Store(false)
		if !strings.Contains(line, "store unavailable, retrying") || !strings.Contains(line, "hosts=db.nanomon.test") {
			t.Errorf("the log line is %s", line)
		}
	}), nil))
	uri := changedURI(t, server, "mongodb+srv", "db.nanomon.test", map[string]string{"tls": "false"})
	s := open(t, Config{URI: uri, Database: mongotest.Database(t, server), Log: log})
	create(t, s, 1, "a")
	if logged != 1 {
		t.Errorf("%d log lines, want 1", logged)
	}
}
