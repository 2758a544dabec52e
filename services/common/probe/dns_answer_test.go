package probe

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// answerWith serves answers that reply completes.
func answerWith(t *testing.T, reply func(query, answer *dns.Msg, network string)) string {
	t.Helper()
	return serveDNS(t, dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) {
		answer := new(dns.Msg).SetReply(query)
		reply(query, answer, w.RemoteAddr().Network())
		w.WriteMsg(answer)
	}), "127.0.0.1:0")
}

func addRecords(answer *dns.Msg, records ...string) {
	for _, text := range records {
		rr, err := dns.NewRR(text)
		if err != nil {
			panic(err)
		}
		answer.Answer = append(answer.Answer, rr)
	}
}

func lookup(t *testing.T, server, target string, properties props) Outcome {
	t.Helper()
	all := props{"server": server, "network": "ip4"}
	for name, value := range properties {
		all[name] = value
	}
	return newProbe(t, "dns", target, all).Run(context.Background())
}

func TestDNSLargeAnswerNeedsNoTCP(t *testing.T) {
	server := answerWith(t, func(query, answer *dns.Msg, network string) {
		for i := range 60 {
			addRecords(answer, fmt.Sprintf("many.example. 60 IN A 192.0.2.%d", i+1))
		}
		size := dns.MinMsgSize
		if opt := query.IsEdns0(); opt != nil {
			size = int(opt.UDPSize())
		}
		if answer.Truncate(size); network == "tcp" {
			answer.Answer = nil // Many firewalls block TCP.
		}
	})
	outcome := lookup(t, server, "many.example", nil)
	wantOK(t, "dns", outcome)
	if outcome.Outputs["resultCount"] != 60.0 {
		t.Errorf("outputs %v", outcome.Outputs)
	}
}

// Servers without EDNS answer with an error, or not at all.
func TestDNSServerWithoutEDNS(t *testing.T) {
	for _, rcode := range []int{dns.RcodeFormatError, dns.RcodeNotImplemented, dns.RcodeBadVers} {
		server := answerWith(t, func(query, answer *dns.Msg, _ string) {
			if query.IsEdns0() != nil {
				if answer.Rcode = rcode; rcode == dns.RcodeBadVers {
					answer.SetEdns0(dns.MinMsgSize, false)
				}
				return
			}
			addRecords(answer, "v4.example. 60 IN A 192.0.2.4")
		})
		wantOK(t, "dns", lookup(t, server, "v4.example", nil))
	}
	silent := serveDNS(t, dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) {
		if query.IsEdns0() == nil {
			answer := new(dns.Msg).SetReply(query)
			addRecords(answer, "v4.example. 60 IN A 192.0.2.4")
			w.WriteMsg(answer)
		}
	}), "127.0.0.1:0")
	wantOK(t, "dns", lookup(t, silent, "v4.example", props{"timeout": "600ms"}))
}

func TestDNSOwnerNames(t *testing.T) {
	for _, c := range []struct {
		name, kind string
		records    []string
		want       []string
	}{
		{"other owner", "A", []string{"other.example. 60 IN A 192.0.2.66"}, nil},
		{"other owner beside the right one", "A", []string{"other.example. 60 IN A 192.0.2.66", "www.example. 60 IN A 192.0.2.1"}, []string{"192.0.2.1"}},
		{"case", "A", []string{"WWW.Example. 60 IN CNAME Web.Example.", "wEB.eXAMPLE. 60 IN A 192.0.2.1"}, []string{"192.0.2.1"}},
		{"chain in any order", "A", []string{
			"c.example. 60 IN A 192.0.2.1", "b.example. 60 IN CNAME c.example.", "www.example. 60 IN CNAME b.example.",
		}, []string{"192.0.2.1"}},
		{"chain that leads elsewhere", "A", []string{"www.example. 60 IN CNAME b.example.", "c.example. 60 IN A 192.0.2.66"}, nil},
		{"loop", "A", []string{"www.example. 60 IN CNAME b.example.", "b.example. 60 IN CNAME www.example."}, nil},
		{"aliases of other names", "CNAME", []string{"www.example. 60 IN CNAME b.example.", "b.example. 60 IN CNAME c.example."}, []string{"b.example"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := answerWith(t, func(_, answer *dns.Msg, _ string) { addRecords(answer, c.records...) })
			outcome := lookup(t, server, "www.example", props{"type": c.kind})
			if got := results(outcome); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if message := "has no " + c.kind + " records for www.example"; c.want == nil &&
				(outcome.Err == nil || !strings.HasSuffix(outcome.Err.Error(), message)) {
				t.Errorf("got error %v", outcome.Err)
			}
		})
	}
}

func TestDNSRecordsOfZones(t *testing.T) {
	server := newDNSServer(t, &zone{records: map[string][]string{
		"example. CAA": {`example. 60 IN CAA 128 iodef "mailto:ca@example"`, `example. 60 IN CAA 0 issue "ca.example; a=b"`},
		"example. SOA": {"example. 60 IN SOA ns1.example. admin.example. 2026112901 7200 3600 1209600 300"},
	}})
	for kind, want := range map[string][]string{
		"CAA": {`0 issue "ca.example; a=b"`, `128 iodef "mailto:ca@example"`},
		"SOA": {"ns1.example admin.example 2026112901 7200 3600 1209600 300"},
	} {
		outcome := lookup(t, server, "example", props{"type": kind})
		wantOK(t, "dns", outcome)
		if got := results(outcome); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", kind, got, want)
		}
	}
}

// An answer is at most 64 KiB, which is enough for thousands of aliases. They may not keep a processor busy.
func TestDNSManyAliases(t *testing.T) {
	suffix := strings.Repeat("."+strings.Repeat("x", 60), 3) + "."
	name := func(i int) string { return strconv.Itoa(i) + suffix }
	const count = 3000
	answer := new(dns.Msg)
	for i := count; i > 0; i-- { // The order in which an alias is found last.
		addRecords(answer, name(i-1)+" 60 IN CNAME "+name(i))
	}
	addRecords(answer, name(count)+" 60 IN A 192.0.2.4")
	started := time.Now()
	if records := recordsOf(answer, name(0), dns.TypeA); len(records) != 1 {
		t.Errorf("records %v", records)
	}
	if took := time.Since(started); took > time.Second {
		t.Errorf("%d aliases took %s", count, took)
	}
}
