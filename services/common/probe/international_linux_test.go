package probe

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
)

func TestInternationalNames(t *testing.T) {
	records := map[string][]string{
		"xn--bcher-kva.example. A":           {"xn--bcher-kva.example. 60 IN A 127.0.0.1"},
		"_x._tcp.xn--bcher-kva.example. SRV": {"_x._tcp.xn--bcher-kva.example. 60 IN SRV 1 0 80 a.example."},
	}
	if !inNamespace(t, "nameserver 127.0.0.1\n") {
		return
	}
	const nameServer = "127.0.0.1:53"
	serveDNS(t, &zone{records: records}, nameServer)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) })
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, c := range []struct {
		kind, target string
		properties   props
	}{
		{"http", "http://BÜCHER.example:" + port, nil},
		{"tcp", "bücher.example:" + port, nil},
		{"ping", "bücher.example", props{"count": "1"}},
		{"dns", "bücher.example.", props{"server": nameServer}},
		{"dns", "_x._tcp.bücher.example", props{"server": nameServer, "type": "SRV"}},
		{"dns", "xn--bcher-kva.example", props{"server": "bücher.example"}},
	} {
		t.Run(c.kind+" "+c.target, func(t *testing.T) {
			if c.kind == "ping" {
				needPing(t, "127.0.0.1")
			}
			wantOK(t, c.kind, newProbe(t, c.kind, c.target, c.properties).Run(context.Background()))
		})
	}
	for _, c := range []struct{ target, headers, want string }{
		{"http://bücher.example:" + port, "", "xn--bcher-kva.example:" + port},
		{server.URL, `{"Host": "bücher.example"}`, "xn--bcher-kva.example"},
		{server.URL, `{"Host": "bücher.例:8443"}`, "xn--bcher-kva.xn--fsq:8443"},
	} {
		outcome := newProbe(t, "http", c.target, props{"headers": c.headers}).Run(context.Background())
		wantOK(t, "http", outcome)
		if outcome.Outputs["body"] != c.want {
			t.Errorf("%s %s: the host is %v, want %s", c.target, c.headers, outcome.Outputs["body"], c.want)
		}
	}
}

// A redirect may spell the name of the target in any way. The cookies of the server belong to all of them.
func TestRedirectToInternationalName(t *testing.T) {
	if !inNamespace(t, "nameserver 127.0.0.1\n") {
		return
	}
	name := []string{"xn--bcher-kva.example. 60 IN A 127.0.0.1"}
	serveDNS(t, &zone{records: map[string][]string{"xn--bcher-kva.example. A": name}}, "127.0.0.1:53")
	var port string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			io.WriteString(w, r.Header.Get("Cookie"))
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1"})
		w.Header().Set("Location", "http://BÜCHER.example:"+port+"/x")
		w.WriteHeader(http.StatusFound)
	})
	_, port, _ = net.SplitHostPort(server.Listener.Addr().String())
	outcome := newProbe(t, "http", "http://bücher.example:"+port, nil).Run(context.Background())
	wantOK(t, "http", outcome)
	final := "http://xn--bcher-kva.example:" + port + "/x"
	if outcome.Outputs["body"] != "sid=1" || outcome.Outputs["finalUrl"] != final {
		t.Errorf("got %v, want sid=1 from %s", outcome.Outputs, final)
	}
}
