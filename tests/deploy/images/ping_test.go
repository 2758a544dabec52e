package images

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"nanomon/services/common/monitor"
)

// TestPing runs standalone in a separate network namespace: once with ping allowed for all groups, as compose.yaml and
// the chart configure it, and once with the kernel's default, which allows only root to ping.
func TestPing(t *testing.T) {
	for groups, want := range map[string]struct {
		code int
		text string
	}{
		"0 65535": {http.StatusOK, `"status":0`},
		"1 0":     {http.StatusServiceUnavailable, "ping_group_range"},
	} {
		t.Run(groups, func(t *testing.T) {
			c := newContainer(t, built(t, "standalone", "amd64"))
			c.unshare = []string{"--mount", "--net"}
			c.prepare = "ip link set lo up; echo '" + groups + "' > /proc/sys/net/ipv4/ping_group_range"
			s := c.start(map[string]string{"API_PORT": "8000", "FRONTEND_PORT": "8001"})
			s.WaitLog(t, `msg=ready`)
			checkUnprivileged(t, s)
			code, answer := checkOnce(t, s.PID, monitor.Monitor{Name: "loopback", Type: "ping", Interval: "1s", Target: "127.0.0.1"})
			if code != want.code || !strings.Contains(answer, want.text) {
				t.Errorf("the answer is %d %s", code, answer)
			}
		})
	}
}

// checkOnce runs an on-demand check of an unsaved monitor through the API in the network namespace of a process. It
// returns the status code and the body of the answer.
func checkOnce(t *testing.T, process int, m monitor.Monitor) (code int, body string) {
	t.Helper()
	unsaved, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8000/api/monitors/check", bytes.NewReader(unsaved))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: dialFrom(process)}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(content)
}

// dialFrom returns a dial function that connects in the network namespace of a process.
func dialFrom(process int) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			// The thread changes its network namespace. It stays locked, so that it ends with this goroutine.
			runtime.LockOSThread()
			var space *os.File
			if space, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", process)); err != nil {
				return
			}
			defer space.Close()
			if err = unix.Setns(int(space.Fd()), unix.CLONE_NEWNET); err == nil {
				conn, err = new(net.Dialer).DialContext(ctx, network, address)
			}
		}()
		<-done
		return conn, err
	}
}
