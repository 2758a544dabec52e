package config

import (
	"net/url"
	"slices"
	"strings"
)

// proxyFaults checks the proxies for outgoing requests, which Go reads itself. It ignores a proxy that is not a URL, so
// requests would bypass it. The faults show no value, because it may contain a password.
func proxyFaults(environment map[string]string) []Fault {
	var faults []Fault
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		if text := environment[name]; text != "" && !isProxy(text) {
			faults = append(faults, Fault{name, "is not the address of a proxy: use for example http://proxy.example.org:3128"})
		}
	}
	return faults
}

// isProxy reports whether text is the URL of a proxy. Without a scheme, it is an http URL.
func isProxy(text string) bool {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	address, err := url.Parse(text)
	return err == nil && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, address.Scheme) &&
		address.Hostname() != "" && strings.Trim(address.Path, "/") == ""
}
