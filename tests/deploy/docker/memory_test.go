package docker

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/dockertest"
	"nanomon/tests/support/servicetest"
)

// TestMemoryLimit checks hundreds of targets with large bodies in a container with little memory. The program reads the
// limit from its cgroup: without that, the kernel would kill it.
func TestMemoryLimit(t *testing.T) {
	const monitors, bodySize = 300, 1000 << 10
	body := bytes.Repeat([]byte("a"), bodySize)
	var mu sync.Mutex
	complete := map[string]int{}
	_, port := dockertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := w.Write(body); err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		complete[r.URL.Path]++
	}), false)
	standalone := start(t, "standalone", "--memory", "128m", "--memory-swap", "128m")
	waitReady(t, standalone)
	all := make([]monitor.Monitor, monitors)
	for i := range all {
		all[i] = monitor.Monitor{
			Name: strconv.Itoa(i), Type: "http", Interval: "10s", Target: "http://example.com:" + port + "/" + strconv.Itoa(i),
			Rule: "body =~ 'ready'", Enabled: true, Properties: map[string]string{"timeout": "30s"},
		}
	}
	api := "http://" + standalone.Address(8000) + "/api"
	if status, answer := servicetest.Call(t, http.MethodPost, api+"/monitors/import", all); status != http.StatusNoContent {
		t.Fatalf("import: %d %s", status, answer)
	}
	servicetest.EventuallyWithin(t, 2*time.Minute, "two complete bodies of each monitor", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for i := range monitors {
			if complete["/"+strconv.Itoa(i)] < 2 {
				return false
			}
		}
		return true
	})
	if state := standalone.Inspect("{{.State.Running}} {{.State.OOMKilled}} {{.RestartCount}}"); state != "true false 0" {
		t.Errorf("the container's state is %s: %s", state, standalone.Log())
	}
	t.Log(standalone.Stats())
}
