package docker

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/servicetest"
)

// TestPing runs standalone with the options in the table of build/README.md. Without them the kernel allows only root to
// ping, which --network host shows.
func TestPing(t *testing.T) {
	host := []string{"--network", "host"}
	for _, c := range []struct {
		name, machine string
		options       []string
		code          int
		text          string
	}{
		{"default of Docker", "1 0", nil, http.StatusOK, `"status":0`},
		{"allowed to all groups", "1 0", []string{"--sysctl", "net.ipv4.ping_group_range=0 65535"}, http.StatusOK, `"status":0`},
		{"allowed to nobody", "1 0", []string{"--sysctl", "net.ipv4.ping_group_range=1 0"}, http.StatusServiceUnavailable, "ping_group_range"},
		{"network of the machine", "1 0", host, http.StatusServiceUnavailable, "ping_group_range"},
		{"network of a machine that allows it", "0 2147483647", host, http.StatusOK, `"status":0`},
		{"root with a capability", "1 0", append(host, "--user", "0", "--cap-add", "NET_RAW", "--tmpfs", "/data"), http.StatusOK, `"status":0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile("/proc/sys/net/ipv4/ping_group_range", []byte(c.machine), 0o644); err != nil {
				t.Fatal(err)
			}
			standalone := start(t, "standalone", c.options...)
			waitReady(t, standalone)
			api := "http://" + standalone.Address(8000) + "/api"
			unsaved := monitor.Monitor{Name: "loopback", Type: "ping", Interval: "1s", Target: "127.0.0.1"}
			if code, body := servicetest.Call(t, http.MethodPost, api+"/monitors/check", unsaved); code != c.code || !strings.Contains(string(body), c.text) {
				t.Errorf("the answer is %d %s", code, body)
			}
		})
	}
}
