// Package hostname converts international host names.
package hostname

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// ToASCII returns the form of a host name that name servers use: xn--bcher-kva.example for bücher.example. It returns a
// name in ASCII and a name that can't be converted unchanged. Labels in ASCII may contain underscores.
func ToASCII(name string) string {
	if !utf8.ValidString(name) {
		return name
	}
	labels := strings.Split(name, ".")
	for i, label := range labels {
		if IsASCII(label) {
			continue
		}
		ascii, err := idna.Lookup.ToASCII(label)
		if err != nil {
			return name
		}
		labels[i] = ascii
	}
	return strings.Join(labels, ".")
}

// AddressToASCII returns an e-mail address with its domain in the form of [ToASCII].
func AddressToASCII(address string) string {
	at := strings.LastIndexByte(address, '@') + 1
	return address[:at] + ToASCII(address[at:])
}

// IsASCII reports whether text contains only ASCII characters.
func IsASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}
