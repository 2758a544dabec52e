package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"nanomon/services/common/store/sqlite"
	"nanomon/tests/support/leaktest"
	"nanomon/tests/support/oidctest"
	"nanomon/tests/support/servicetest"
)

// TestStandaloneShowsOnlyWhatIsPublished crawls the public paths of both ports, with sign-in and protected reads.
func TestStandaloneShowsOnlyWhatIsPublished(t *testing.T) {
	folder := t.TempDir()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(folder, "nanomon.db")})
	if err != nil {
		t.Fatal(err)
	}
	canaries := leaktest.Seed(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, api, page := servicetest.StandaloneWith(t, folder, map[string]string{
		"AUTH_CLIENT_ID": oidctest.ClientID, "AUTH_ISSUER": oidctest.New(t).Issuer(), "AUTH_PROTECT_READS": "true",
	})
	for _, port := range []string{api, page} {
		address := strings.TrimSuffix(strings.TrimPrefix(port, "http://"), "/api")
		leaktest.WaitForPages(t, address)
		canaries.Crawl(t, address)
	}
}
