package probe

import (
	"context"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A name server may take long for a name that is not in its cache, and so may all others.
func TestSlowNameServers(t *testing.T) {
	if !inNamespace(t, "nameserver 127.0.0.1\nnameserver 127.0.0.2\nnameserver 127.0.0.3\n") {
		return
	}
	for _, address := range []string{"127.0.0.1:53", "127.0.0.2:53", "127.0.0.3:53"} {
		server := &nameServer{behaviour: func(uint16, int32) reply { return answered }}
		serveDNS(t, dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) {
			time.AfterFunc(400*time.Millisecond, func() { server.ServeDNS(w, query) })
		}), address)
	}
	wantOK(t, "ping", newProbe(t, "ping", "web.example", nil).Run(context.Background()))
	outcome := newProbe(t, "tcp", "other.example:80", props{"timeout": "1200ms"}).Run(context.Background())
	wantFailure(t, "tcp", outcome, "can't resolve other.example: no such host")
}
