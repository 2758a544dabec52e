// Package schemathesis has the fuzzer of that name send the real server what its specification allows, and much that it forbids.
package schemathesis

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nanomon/tests/oidctest"
	"nanomon/tests/servicetest"
)

// enough is how many requests a run sends at least.
const enough = 5000

func TestTheServerIsAsItsSpecificationSays(t *testing.T) {
	provider := oidctest.New(t)
	service, api, _ := servicetest.StandaloneWith(t, t.TempDir(), map[string]string{
		"AUTH_CLIENT_ID": oidctest.ClientID, "AUTH_ISSUER": provider.Issuer(), "AUTH_PROTECT_READS": "true",
		"LOG_LEVEL": "debug", // counts all requests
		// What monitors name is made up. Nothing but the loopback is connected to; names are looked up, though.
		"TARGET_DENY": "0.0.0.0/0,::/0", "TARGET_ALLOW": "127.0.0.0/8,::1/128",
	})
	command := exec.CommandContext(t.Context(), filepath.Join(servicetest.Root(), ".tools/schemathesis/bin/schemathesis"),
		"--config-file", filepath.Join(servicetest.Root(), "tests/schemathesis/schemathesis.toml"),
		"run", "--no-color", "--seed", "1", api+"/openapi.yaml")
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), "NANOMON_TOKEN="+provider.Token(nil))
	command.Stdout, command.Stderr = t.Output(), t.Output()
	if err := command.Run(); err != nil {
		t.Errorf("schemathesis: %v", err)
	}
	sent := strings.Count(service.Log(), "msg=request")
	t.Logf("%d requests were sent", sent)
	if sent < enough {
		t.Errorf("%d requests were sent, want %d or more", sent, enough)
	}
	if crash := regexp.MustCompile(`(?m)^.*(handler crashed|status=500).*$`).FindString(service.Log()); crash != "" {
		t.Errorf("the server failed: %s", crash)
	}
}
