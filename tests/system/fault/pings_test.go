package fault

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// TestPingsOfKilledProcesses kills the process with the runner several times while pings arrive. Each ping that the API
// has accepted must lead to one result.
func TestPingsOfKilledProcesses(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		testPings(t, func() (*servicetest.Service, string) {
			s, api, _ := servicetest.StandaloneWith(t, folder, nil)
			return s, api
		})
	})
	t.Run("MongoDB", func(t *testing.T) {
		t.Parallel()
		settings := map[string]string{"MONGO_URI": mongotest.Start(t), "POLLING_INTERVAL": "1s"}
		_, api := servicetest.API(t, settings)
		testPings(t, func() (*servicetest.Service, string) {
			s, _ := servicetest.Runner(t, settings)
			return s, api
		})
	})
}

func testPings(t *testing.T, start func() (process *servicetest.Service, api string)) {
	t.Helper()
	const kills, monitors, pings = 3, 4, 12 // per monitor after each start
	process, api := start()
	var ids, urls [monitors]string
	for i := range monitors {
		m := servicetest.Create(t, api, monitor.Monitor{Name: fmt.Sprint("job ", i), Type: "push", Target: "every 1h", Enabled: true})
		ids[i] = m.ID
		urls[i] = servicetest.Get[struct{ Path string }](t, api+"/monitors/"+m.ID+"/ping-url").Path
	}
	code := 0
	for round := range kills + 1 {
		for range pings {
			code++
			for _, url := range urls {
				send(t, fmt.Sprintf("%s/%d", api[:len(api)-len("/api")]+url, code))
			}
		}
		if round < kills {
			process.Kill(t)
			process, api = start()
		}
	}
	for _, id := range ids {
		servicetest.EventuallyWithin(t, time.Minute, "the result of each ping", func() bool {
			return len(servicetest.Results(t, api, id)) >= code
		})
		seen := make(map[any]int)
		for _, r := range servicetest.Results(t, api, id) {
			seen[r.Outputs["exitCode"]]++
		}
		for n := 1; n <= code; n++ {
			if seen[float64(n)] != 1 {
				t.Errorf("%d results of ping %d of monitor %s", seen[float64(n)], n, id)
			}
		}
	}
}

// send sends a ping, which must be accepted.
func send(t *testing.T, url string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("ping: %s", response.Status)
	}
}
