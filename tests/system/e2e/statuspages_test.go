package e2e

import (
	"strings"
	"testing"

	"nanomon/tests/support/leaktest"
	"nanomon/tests/support/oidctest"
	"nanomon/tests/support/servicetest"
)

// TestStandaloneShowsOnlyWhatIsPublished crawls the public paths of both ports, with sign-in and protected reads.
func TestStandaloneShowsOnlyWhatIsPublished(t *testing.T) {
	folder := t.TempDir()
	canaries := leaktest.SeedFolder(t, folder)
	_, api, page := servicetest.StandaloneWith(t, folder, map[string]string{
		"AUTH_CLIENT_ID": oidctest.ClientID, "AUTH_ISSUER": oidctest.New(t).Issuer(), "AUTH_PROTECT_READS": "true",
	})
	for _, port := range []string{api, page} {
		address := strings.TrimSuffix(strings.TrimPrefix(port, "http://"), "/api")
		leaktest.WaitForPages(t, address)
		canaries.Crawl(t, address)
	}
}
