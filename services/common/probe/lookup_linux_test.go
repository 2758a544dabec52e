package probe

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// inNamespace runs the calling test again, in its own network with the given /etc/resolv.conf, and returns false. In
// that process it returns true.
func inNamespace(t *testing.T, resolvConf string) bool {
	t.Helper()
	if os.Getenv("NANOMON_TEST_NAMESPACE") != "" {
		return true
	}
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(path, []byte(resolvConf), 0o644); err != nil {
		t.Fatal(err)
	}
	unshare := func(script string, args ...string) *exec.Cmd {
		options := []string{"--map-root-user", "--mount", "--net", "sh", "-ec", script}
		return exec.Command("unshare", append(options, args...)...)
	}
	const prepare = `mount --bind "$0" /etc/resolv.conf; ip link set lo up; `
	if output, err := unshare(prepare, path).CombinedOutput(); err != nil {
		t.Skipf("this machine allows no network of its own: %v: %s", err, output)
	}
	command := unshare(prepare+`exec "$@"`, path, os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), "NANOMON_TEST_NAMESPACE=true")
	output, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, output)
	}
	return false
}

// nameServer knows the addresses 127.0.0.1 and ::1 of web.example. It answers unless its behaviour says otherwise.
type nameServer struct {
	// behaviour returns what happens to the n-th query for a type of record.
	behaviour func(kind uint16, n int32) reply
	counts    [2]atomic.Int32
}

type reply int

const (
	answered reply = iota
	lost
	serverFailure
)

func (s *nameServer) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	kind, index, text := query.Question[0].Qtype, 0, " 60 IN A 127.0.0.1"
	if kind == dns.TypeAAAA {
		index, text = 1, " 60 IN AAAA ::1"
	}
	answer := new(dns.Msg).SetReply(query)
	answer.RecursionAvailable = true
	switch reply := s.behaviour(kind, s.counts[index].Add(1)); {
	case reply == lost:
		return
	case reply == serverFailure:
		answer.Rcode = dns.RcodeServerFailure
	case query.Question[0].Name != "web.example.":
		answer.Rcode = dns.RcodeNameError
	default:
		rr, _ := dns.NewRR(query.Question[0].Name + text)
		answer.Answer = []dns.RR{rr}
	}
	w.WriteMsg(answer)
}

func TestNameServersWithFaults(t *testing.T) {
	if !inNamespace(t, "nameserver 127.0.0.1\nnameserver 127.0.0.2\nsearch a.example b.example\noptions ndots:5\n") {
		return
	}
	var servers [2]atomic.Pointer[nameServer]
	for i, address := range []string{"127.0.0.1:53", "127.0.0.2:53"} {
		serveDNS(t, dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) { servers[i].Load().ServeDNS(w, query) }), address)
	}
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())

	works := func(uint16, int32) reply { return answered }
	dead := func(uint16, int32) reply { return lost }
	losesFirst := func(lostKind uint16) func(kind uint16, n int32) reply {
		return func(kind uint16, n int32) reply {
			if kind == lostKind && n == 1 {
				return lost
			}
			return answered
		}
	}
	withoutAAAA := func(kind uint16, _ int32) reply {
		if kind == dns.TypeAAAA {
			return lost
		}
		return answered
	}
	for name, behaviours := range map[string][2]func(uint16, int32) reply{
		"all work":                {works, works},
		"A lost once":             {losesFirst(dns.TypeA), works},
		"AAAA lost once":          {losesFirst(dns.TypeAAAA), works},
		"AAAA is never answered":  {withoutAAAA, withoutAAAA},
		"first server is dead":    {dead, works},
		"first server has failed": {func(uint16, int32) reply { return serverFailure }, works},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, target := range map[string]string{
				"http": "http://web.example:" + port, "tcp": "web.example:" + port, "ping": "web.example",
			} {
				for i, behaviour := range behaviours {
					servers[i].Store(&nameServer{behaviour: behaviour})
				}
				properties := props{"timeout": "600ms"}
				if kind == "ping" {
					properties["interval"] = "10ms"
				}
				wantOK(t, kind, newProbe(t, kind, target, properties).Run(context.Background()))
			}
		})
	}
	t.Run("all servers are dead", func(t *testing.T) {
		servers[0].Store(&nameServer{behaviour: dead})
		servers[1].Store(&nameServer{behaviour: dead})
		outcome := newProbe(t, "tcp", "web.example:"+port, props{"timeout": "600ms"}).Run(context.Background())
		wantFailure(t, "tcp", outcome, "can't resolve web.example: the name server did not answer")
	})
}
