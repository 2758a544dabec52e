package config_test

import (
	"strings"
	"testing"

	"nanomon/services/common/config"
)

func TestProxies(t *testing.T) {
	for _, proxy := range []string{
		"http://proxy.example.org:3128", "https://user:secret@proxy:443/", "proxy:3128", "proxy.example.org", "10.0.0.1:8080",
		"socks5://127.0.0.1:1080", "socks5h://proxy", "[2001:db8::1]:3128", "",
	} {
		if _, err := config.Parse[config.Runner](map[string]string{"HTTP_PROXY": proxy, "https_proxy": proxy}); err != nil {
			t.Errorf("%s: %v", proxy, err)
		}
	}
	for _, proxy := range []string{
		"http//proxy:3128", "http:/proxy:3128", "http://", "http://proxy:port", "proxy:port", "ftp://proxy", "http://se cret@proxy", "://",
		"http://proxy/secret", "%zz",
	} {
		for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
			_, err := config.Parse[config.API](map[string]string{name: proxy})
			if want := name + " is not the address of a proxy: use for example http://proxy.example.org:3128"; err == nil || err.Error() != want {
				t.Errorf("%s: got %v, want %s", proxy, err, want)
			}
		}
	}
	_, err := config.Parse[config.Runner](map[string]string{"HTTP_PROXY": "http//me:secret@proxy", "POLLING_INTERVAL": "x"})
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "POLLING_INTERVAL") {
		t.Errorf("got %v", err)
	}
}
