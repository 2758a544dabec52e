package probe

import (
	"maps"
	"slices"
	"testing"

	"nanomon/services/common/monitor"
)

func TestCanonical(t *testing.T) {
	types := All(Guard{})
	for _, c := range []struct {
		monitorType  string
		before, want props
		ignored      []string
	}{
		{"http", props{"method": "post", "validateTLS": "0"}, props{"method": "POST", "validateTLS": "false"}, nil},
		{"http", props{"method": "Head", "validateTLS": "T", "keepAlive": "False", "alertMute": "TRUE"},
			props{"method": "HEAD", "validateTLS": "true", "keepAlive": "false", "alertMute": "true"}, nil},
		{"dns", props{"type": "mx", "network": "IP4"}, props{"type": "MX", "network": "ip4"}, nil},
		{"tcp", props{"timeout": "1s", "method": "GET", "count": "3", "server": "•••"}, props{"timeout": "1s"}, []string{"count", "method", "server"}},
		{"http", props{"method": "brew", "validateTLS": "no", "nonsense": "1"}, props{"method": "brew", "validateTLS": "no", "nonsense": "1"}, nil},
		{"http", props{"method": " post ", "validateTLS": " 0 ", "timeout": " 5s\n", "maxBody": " 1 KiB ", "alertFailCount": " 2 ", "body": " x "},
			props{"method": "POST", "validateTLS": "false", "timeout": "5s", "maxBody": "1 KiB", "alertFailCount": "2", "body": " x "}, nil},
		{"smoke", props{"alertMute": "1"}, props{"alertMute": "true"}, nil},
		{"ping", nil, props{}, nil},
	} {
		got, ignored := types.Canonical(monitor.Monitor{Type: c.monitorType, Properties: c.before})
		if !maps.Equal(got.Properties, c.want) || !slices.Equal(ignored, c.ignored) {
			t.Errorf("%s %v: got %v, ignored %v", c.monitorType, c.before, got.Properties, ignored)
		}
	}
}

func TestCanonicalTarget(t *testing.T) {
	types := All(Guard{})
	for target, want := range map[string]string{
		"localhost:http": "localhost:80", "localhost:HTTPS": "localhost:443", "[::1]:ssh": "[::1]:22", "localhost:22": "localhost:22",
		"localhost:nonsense": "localhost:nonsense", "localhost": "localhost", "${env:HOST}:http": "${env:HOST}:http",
	} {
		if got, _ := types.Canonical(monitor.Monitor{Type: "tcp", Target: target}); got.Target != want {
			t.Errorf("%s becomes %s, want %s", target, got.Target, want)
		}
		if got, _ := types.Canonical(monitor.Monitor{Type: "http", Target: target}); got.Target != target {
			t.Errorf("of type http, %s becomes %s", target, got.Target)
		}
	}
}
