package check_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
)

// answerDNS serves records over UDP: texts in the format of zone files, by the type and the name of the question. Names
// that end in "gone." do not exist.
func answerDNS(t *testing.T, records map[string][]string) string {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started, ended := make(chan struct{}), make(chan error, 1)
	server := &dns.Server{PacketConn: packets, NotifyStartedFunc: func() { close(started) }}
	server.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) {
		answer, question := new(dns.Msg).SetReply(query), query.Question[0]
		for _, text := range records[dns.TypeToString[question.Qtype]+" "+question.Name] {
			rr, err := dns.NewRR(text)
			if err != nil {
				panic(err)
			}
			answer.Answer = append(answer.Answer, rr)
		}
		if strings.HasSuffix(question.Name, "gone.") {
			answer.Rcode = dns.RcodeNameError
		}
		w.WriteMsg(answer)
	})
	go func() { ended <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		server.Shutdown()
		if err := <-ended; err != nil {
			t.Errorf("DNS server: %v", err)
		}
	})
	return packets.LocalAddr().String()
}

// TestRulesOfTheOriginal checks that rules for results of the original NanoMon hold, and that rules of earlier versions
// still do.
func TestRulesOfTheOriginal(t *testing.T) {
	server := answerDNS(t, map[string][]string{
		"NS net.example.":      {"net.example. 60 IN NS ns1.example.", "net.example. 60 IN NS ns2.Example."},
		"CNAME www.example.":   {"www.example. 60 IN CNAME web.example."},
		"MX net.example.":      {"net.example. 60 IN MX 10 mx2.example.", "net.example. 60 IN MX 5 mx.example."},
		"A host.example.":      {"host.example. 60 IN A 192.0.2.1"},
		"AAAA six.example.":    {"six.example. 60 IN AAAA 2001:db8::1"},
		"TXT net.example.":     {`net.example. 60 IN TXT "ends with a dot."`},
		"MX mailonly.example.": {"mailonly.example. 60 IN MX 5 mx.example."},
	})
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("all is well")) }))
	t.Cleanup(page.Close)
	for _, c := range []struct {
		target     string
		properties map[string]string
		rule       string
		want       monitor.Status
	}{
		{"net.example", map[string]string{"type": "ns"}, "result1 == 'ns1.example.' && result2 != 'ns1.example.'", monitor.StatusOK},
		{"net.example", map[string]string{"type": "NS"}, "result1 == 'ns1.example' && 'ns1.example' == result1", monitor.StatusOK},
		{"net.example", map[string]string{"type": "NS"}, "result2 == 'ns2.example.' && 'ns2.EXAMPLE' IN (result1, result2)", monitor.StatusOK},
		{"net.example", map[string]string{"type": "NS"}, "'ns3.example.' IN (result1, result2) || result1 == 'ns1.example..'", monitor.StatusError},
		{"net.example", map[string]string{"type": "NS"}, "result1 =~ 'ns1[.]example[.]$' && result1 =~ 'ns1[.]example$'", monitor.StatusOK},
		{"net.example", map[string]string{"type": "NS"}, "result1 !~ 'example[.]$' || result1 =~ 'ns2'", monitor.StatusError},
		{"net.example", map[string]string{"type": "NS"}, "result1 + ':53' == 'ns1.example:53' && resultCount == 2", monitor.StatusOK},
		{"net.example", map[string]string{"type": "mx"}, "result1 == 'mx.example. 5' && result2 == 'mx2.example 10' && host1 == 'mx.example.'", monitor.StatusOK},
		{"net.example", map[string]string{"type": "MX"}, "result1 == 'mx.example. 6' || result1 == 'mx2.example'", monitor.StatusError},
		{"net.example", map[string]string{"type": "MX"}, "result1 == 'mx.example' && result2 =~ '^mx2.example$' && host2 == 'mx2.example'", monitor.StatusOK},
		{"net.example", map[string]string{"type": "MX"}, "result1 =~ '[.]example[.] 5$' && result1 =~ 'example 5' && result1 !~ 'example 6'", monitor.StatusOK},
		{"www.example", map[string]string{"type": "cname"}, "result1 == 'web.example.' && resultCount == 1", monitor.StatusOK},
		{"host.example", map[string]string{"type": "CNAME"}, "result1 == 'host.example.' && resultCount == 1", monitor.StatusOK},
		{"six.example", map[string]string{"type": "CNAME"}, "result1 == 'six.example'", monitor.StatusOK},
		{"mailonly.example", map[string]string{"type": "CNAME"}, "", monitor.StatusFailed},
		{"really.gone", map[string]string{"type": "CNAME"}, "", monitor.StatusFailed},
		{"net.example", map[string]string{"type": "TXT"}, "result1 == 'ends with a dot.'", monitor.StatusOK},
		{"net.example", map[string]string{"type": "TXT"}, "result1 == 'ends with a dot'", monitor.StatusError},
		{page.URL, map[string]string{"bodyRegex": "x(.)"}, "regexMatch == '' && regexMatch !~ 'x'", monitor.StatusOK},
		{page.URL, map[string]string{"bodyRegex": "x(.)"}, "regexMatch =~ 'x'", monitor.StatusError},
		{page.URL, map[string]string{"bodyRegex": "x(.)"}, "regexMatch == 'x' || regexMatch IN ('x')", monitor.StatusError},
		{page.URL, nil, "regexMatch == ''", monitor.StatusOK},
		{page.URL, map[string]string{"bodyRegex": "i(.)"}, "regexMatch == 's' && regexMatch != ''", monitor.StatusOK},
		{page.URL, map[string]string{"bodyRegex": "x(.)"}, "regexMatch > 5", monitor.StatusFailed},
	} {
		m := monitor.Monitor{Type: "http", Target: c.target, Properties: c.properties, Rule: c.rule}
		if c.target != page.URL {
			m.Type, c.properties["server"] = "dns", server
		}
		if r := runOnce(t, m); r.Status != c.want {
			t.Errorf("%s %v: status of %q is %s, want %s: %s, outputs %v", c.target, c.properties, c.rule, r.Status, c.want, r.Message, r.Outputs)
		}
	}
}

func TestMXOutputs(t *testing.T) {
	server := answerDNS(t, map[string][]string{"MX net.example.": {"net.example. 60 IN MX 5 mx.example."}})
	outputs := runOnce(t, monitor.Monitor{Type: "dns", Target: "net.example", Properties: map[string]string{"type": "MX", "server": server}}).Outputs
	if outputs["result1"] != "mx.example. 5" || outputs["host1"] != "mx.example" {
		t.Errorf("outputs %v", outputs)
	}
}

// TestStoredMonitorsOfTheOriginal checks monitors that the original NanoMon has stored.
func TestStoredMonitorsOfTheOriginal(t *testing.T) {
	page := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.Method)) }))
	t.Cleanup(page.Close)
	for _, validateTLS := range []string{"0", "False", "f"} {
		r := runOnce(t, monitor.Monitor{
			Type: "http", Target: page.URL, Properties: map[string]string{"method": "post", "validateTLS": validateTLS}, Rule: "body == 'POST'",
		})
		if r.Status != monitor.StatusOK {
			t.Errorf("validateTLS %s: %s", validateTLS, r.Message)
		}
	}
	stray := monitor.Monitor{
		ID: "65a50000000000000000000a", Name: "name", Interval: "5s", Type: "http", Target: page.URL,
		Properties: map[string]string{"validateTLS": "false", "server": "192.0.2.53", "count": "${env:UNSET}", "comment": "mine"},
	}
	c, err := check.Compile(probe.All(probe.Guard{}), secret.Source{}, stray)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if want := []string{"comment", "count", "server"}; !slices.Equal(c.Ignored(), want) {
		t.Errorf("ignored properties %v, want %v", c.Ignored(), want)
	}
	if r, err := c.Run(t.Context(), nil); r.Status != monitor.StatusOK || err != nil {
		t.Errorf("a monitor with properties of other types: %s, %v", r.Message, err)
	}
}

func TestServiceNames(t *testing.T) {
	registry := probe.All(probe.Guard{})
	for target, want := range map[string]string{
		"localhost:http": "", "localhost:nonsense": "invalid monitor target", "localhost:": "invalid monitor target", "localhost:-1": "invalid monitor target",
	} {
		err := check.Validate(registry, monitor.Monitor{Name: "name", Interval: "5s", Type: "tcp", Target: target})
		if (want == "") != (err == nil) || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", target, err)
		}
	}
}

// A monitor that was stored with blanks is not trimmed, as new ones are.
func TestStoredBlanksAreIgnored(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	for monitorType, target := range map[string]string{"http": server.URL, "tcp": server.Listener.Addr().String()} {
		m := monitor.Monitor{
			Name: "n", Type: monitorType, Target: "\t" + target + " ", Interval: " 30s ", Enabled: true,
			Properties: map[string]string{"timeout": " 5s "},
		}
		c, err := check.Compile(probe.All(probe.Guard{}), secret.Source{}, m)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := c.Run(t.Context(), nil); err != nil || r.Status != monitor.StatusOK || m.Every() == 0 {
			t.Errorf("%s: %+v, error %v, interval %s", monitorType, r, err, m.Every())
		}
		c.Close()
	}
}
