package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/config"
)

func TestHostNames(t *testing.T) {
	api, err := config.Parse[config.API](map[string]string{
		"ALLOWED_HOSTS": "NanoMon.example.org., *.wall.example\tnas,*", "CORS_ORIGINS": "https://Page.example:8443 http://[::1]",
	})
	if diff := cmp.Diff([]string{"nanomon.example.org", "*.wall.example", "nas", "*", "page.example", "::1"}, api.HostNames()); diff != "" || err != nil {
		t.Errorf("%v, - want, + got:\n%s", err, diff)
	}
	standalone, err := config.Parse[config.Standalone](map[string]string{
		"ALERT_LINK_BASEURL": "https://Nanomon.example.org/path", "API_ENDPOINT": "https://api.example.org:8443/api", "CORS_ORIGINS": "https://page.example",
	})
	if diff := cmp.Diff([]string{"page.example", "nanomon.example.org", "api.example.org"}, standalone.HostNames()); diff != "" || err != nil {
		t.Errorf("%v, - want, + got:\n%s", err, diff)
	}
	for _, text := range []string{"https://nanomon.example.org", "nanomon.example.org:8001", "**", "a.*.example", "*example.org", "a..b", "[::1]", "*."} {
		if _, err := config.Parse[config.API](map[string]string{"ALLOWED_HOSTS": "a.example," + text}); err == nil ||
			!strings.HasPrefix(err.Error(), `ALLOWED_HOSTS "`+text+`" is not a host name: use for example nanomon.example.org, without scheme and port`) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
