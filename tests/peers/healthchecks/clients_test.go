// Package healthchecks runs jobs with clients of healthchecks, whose pings go to the real server.
package healthchecks

import (
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/tests/support/oidctest"
	"nanomon/tests/support/servicetest"
)

// clients contains the pings that jobs.py sends with each client, oldest first. A fail ping without an exit status has 1.
var clients = map[string][]string{
	"healthchecks_io":        {"start", "success", "start", "fail 1", "success", "fail 7"},
	"healthchecks_decorator": {"start", "success", "start", "fail 1"},
	"healthchecks_wrapper":   {"start", "success", "start", "fail 1"},
	"runchecked":             {"success", "fail 1"},
}

// TestClientsOfHealthchecks runs jobs while sign-in is on. The clients send no token.
func TestClientsOfHealthchecks(t *testing.T) {
	provider := oidctest.New(t)
	service, api, _ := servicetest.StandaloneWith(t, t.TempDir(), map[string]string{
		"AUTH_CLIENT_ID": oidctest.ClientID, "AUTH_ISSUER": provider.Issuer(), "AUTH_PROTECT_READS": "true", "LOG_LEVEL": "debug",
	})
	token := provider.Token(nil)
	var secrets []string
	for client, want := range clients {
		var m monitor.Monitor
		request(t, token, "POST", api+"/monitors", `{"name":"`+client+`","type":"push","target":"every 1h"}`, &m)
		var address struct{ UUID string }
		request(t, token, "GET", api+"/monitors/"+m.ID+"/ping-url", "", &address)
		secrets = append(secrets, address.UUID)
		run(t, client, api+"/push", address.UUID)

		var got []string
		servicetest.Eventually(t, "the pings of "+client, func() bool {
			var received struct{ Pings []store.PushPing }
			request(t, token, "GET", api+"/monitors/"+m.ID+"/pings", "", &received)
			got = texts(received.Pings)
			return len(got) == len(want)
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pings of %s differ (-want +got):\n%s", client, diff)
		}
		var results []monitor.Result
		request(t, token, "GET", api+"/monitors/"+m.ID+"/results", "", &results)
		if len(results) == 0 || results[0].Status != monitor.StatusError {
			t.Errorf("results of %s: %+v", client, results)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(service.Log(), secret) {
			t.Errorf("the log contains a ping URL:\n%s", service.Log())
		}
	}
}

// run runs the jobs of a client.
func run(t *testing.T, client, base, uuid string) {
	t.Helper()
	python := filepath.Join(servicetest.Root(), ".tools/healthchecks/bin/python")
	script := filepath.Join(servicetest.Root(), "tests/peers/healthchecks/jobs.py")
	command := exec.CommandContext(t.Context(), python, script, client, base, uuid)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", client, err, output)
	}
}

// texts returns pings as texts, oldest first.
func texts(pings []store.PushPing) (list []string) {
	for _, p := range slices.Backward(pings) {
		text := string(p.Kind)
		if p.Kind == store.PingFail {
			text += " " + string(rune('0'+p.ExitCode))
		}
		list = append(list, text)
	}
	return list
}

// request sends a request with a token and decodes the response.
func request(t *testing.T, token, method, url, body string, response any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s %v", method, url, res.StatusCode, data, err)
	}
	if err := json.Unmarshal(data, response); err != nil {
		t.Fatal(err)
	}
}
