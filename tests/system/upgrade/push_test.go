package upgrade

import (
	"encoding/json"
	"net/http"
	"testing"

	"nanomon/tests/support/servicetest"
)

// testPush creates a push monitor in the database of the old version and sends pings, for which a client need not be
// signed in. restart restarts the runner and returns a new client: the ping URL and the push state stay.
func testPush(t *testing.T, c client, restart func() client) {
	t.Helper()
	var created struct{ ID string }
	text := c.call(t, http.MethodPost, "/api/monitors", map[string]any{
		"name": "Backup", "type": "push", "target": "every 1h", "enabled": true,
	}, http.StatusOK)
	if err := json.Unmarshal(text, &created); err != nil {
		t.Fatal(err)
	}
	path := "/api/monitors/" + created.ID
	url := c.get(t, path+"/ping-url").(map[string]any)["path"].(string)
	ping := func(n int, kind string) {
		t.Helper()
		client{base: c.base}.call(t, http.MethodPost, url+kind, nil, http.StatusOK)
		servicetest.Eventually(t, "the ping to be handled", func() bool {
			pings := c.get(t, path+"/pings").(map[string]any)
			return len(objects(pings["pings"])) == n && pings["deadline"] != nil
		})
		latest, _ := objects(c.get(t, path+"/results?max=1"))[0]["status"].(float64)
		if want := map[string]float64{"": 0, "/fail": 1}[kind]; latest != want {
			t.Errorf("after ping %d, the status is %v, want %v", n, latest, want)
		}
	}
	ping(1, "")
	c = restart()
	if got := c.get(t, path+"/ping-url").(map[string]any)["path"]; got != url {
		t.Errorf("the ping URL is %v after a restart, before it was %v", got, url)
	}
	ping(2, "/fail")
}
