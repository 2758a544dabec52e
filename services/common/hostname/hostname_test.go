package hostname_test

import (
	"testing"

	"nanomon/services/common/hostname"
)

func TestToASCII(t *testing.T) {
	for name, want := range map[string]string{
		"bücher.example":           "xn--bcher-kva.example",
		"BÜCHER.Example.":          "xn--bcher-kva.Example.",
		"bu\u0308cher.example":     "xn--bcher-kva.example",
		"straße.example":           "xn--strae-oqa.example",
		"例え。テスト":                   "xn--r8jz45g.xn--zckzah",
		"_sip._tcp.bücher.example": "_sip._tcp.xn--bcher-kva.example",
		"Example.ORG":              "Example.ORG",
		"my_host.":                 "my_host.",
		"xn--bcher-kva.example":    "xn--bcher-kva.example",
		"fe80::1%eth0":             "fe80::1%eth0",
		"":                         "",
		"a\u200bb\u2024.example":   "a\u200bb\u2024.example",
		"\xff":                     "\xff",
		"a.example\u2100b.test":    "a.example\u2100b.test", // stands for a/c
		"a\uFF20b.example":         "a\uFF20b.example",      // stands for @
		"a\uFF1A80.example":        "a\uFF1A80.example",     // stands for :
	} {
		if got := hostname.ToASCII(name); got != want {
			t.Errorf("%q gives %q, want %q", name, got, want)
		}
	}
	if got := hostname.AddressToASCII("jörg@bücher.example"); got != "jörg@xn--bcher-kva.example" {
		t.Errorf("got %s", got)
	}
}
