package probe

import (
	"testing"
	"time"

	"nanomon/services/common/monitor"
)

func TestHost(t *testing.T) {
	for _, tt := range []struct{ kind, target, server, want string }{
		{"http", "https://Shop.example.org:8443/health?x=1", "", "shop.example.org"},
		{"http", "http://[2001:db8::1]:80/", "", "2001:db8::1"},
		{"tcp", "db.example.org:5432", "", "db.example.org"},
		{"tcp", "[2001:db8::1]:5432", "", "2001:db8::1"},
		{"ping", "2001:db8::1", "", "2001:db8::1"},
		{"ping", "router.example.org.", "", "router.example.org"},
		{"dns", "www.example.org", "", "www.example.org"},
		{"dns", "www.example.org", "192.0.2.1:53", "192.0.2.1"},
		{"dns", "www.example.org", "192.0.2.1", "192.0.2.1"},
		{"http", "https://Bücher.example/", "", "xn--bcher-kva.example"},
		{"tcp", "bücher.example.:443", "", "xn--bcher-kva.example"},
		{"http", "\thttps://www.example.org/ ", "", "www.example.org"},
		{"dns", "www.example.org", " 192.0.2.1 ", "192.0.2.1"},
		{"tcp", "", "", ""},
	} {
		m := monitor.Monitor{Type: tt.kind, Target: tt.target, Properties: map[string]string{"server": tt.server}}
		if got := All(Guard{}).Host(m); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func TestMaxDuration(t *testing.T) {
	for _, tt := range []struct {
		kind       string
		properties props
		want       time.Duration
	}{
		{"http", nil, 5 * time.Second},
		{"tcp", props{"timeout": "700ms"}, 700 * time.Millisecond},
		{"dns", props{"timeout": "soon"}, 2 * time.Second},
		{"ping", nil, time.Second + 3*150*time.Millisecond},
		{"ping", props{"timeout": "2s", "count": "11", "interval": "1s"}, 13 * time.Second},
		{"none", props{"timeout": "2s"}, 0},
	} {
		m := monitor.Monitor{Type: tt.kind, Properties: tt.properties}
		if got := All(Guard{}).MaxDuration(m); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}
