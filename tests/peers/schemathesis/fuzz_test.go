// Package schemathesis fuzzes the real server with schemathesis, which sends valid and invalid requests based on the
// specification.
package schemathesis

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nanomon/tests/support/leaktest"
	"nanomon/tests/support/oidctest"
	"nanomon/tests/support/servicetest"
)

// minRequests is the minimum number of requests that a run must send.
const minRequests = 5000

func TestServerMatchesSpecification(t *testing.T) {
	provider, folder := oidctest.New(t), t.TempDir()
	leaktest.SeedFolder(t, folder)
	service, api, _ := servicetest.StandaloneWith(t, folder, map[string]string{
		"AUTH_CLIENT_ID": oidctest.ClientID, "AUTH_ISSUER": provider.Issuer(), "AUTH_PROTECT_READS": "true",
		"LOG_LEVEL": "debug", // so that successful requests are logged, too
		// Targets of the generated monitors are random: allow connections to the loopback only. Names are still
		// resolved.
		"TARGET_DENY": "0.0.0.0/0,::/0", "TARGET_ALLOW": "127.0.0.0/8,::1/128",
	})
	command := exec.CommandContext(t.Context(), filepath.Join(servicetest.Root(), ".tools/schemathesis/bin/schemathesis"),
		"--config-file", filepath.Join(servicetest.Root(), "tests/peers/schemathesis/schemathesis.toml"),
		"run", "--no-color", "--seed", "1", api+"/openapi.yaml")
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), "NANOMON_TOKEN="+provider.Token(nil))
	command.Stdout, command.Stderr = t.Output(), t.Output()
	if err := command.Run(); err != nil {
		t.Errorf("schemathesis: %v", err)
	}
	sent := strings.Count(service.Log(), "msg=request")
	t.Logf("%d requests were sent", sent)
	if sent < minRequests {
		t.Errorf("%d requests were sent, want %d or more", sent, minRequests)
	}
	if crash := regexp.MustCompile(`(?m)^.*(handler crashed|status=500).*$`).FindString(service.Log()); crash != "" {
		t.Errorf("the server failed: %s", crash)
	}
}
