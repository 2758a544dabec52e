// Package hostname converts international host names.
package hostname

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// profile allows underscores, which names of services contain.
var profile = idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.BidiRule(), idna.Transitional(false))

// ToASCII returns the form of a host name that name servers use: xn--bcher-kva.example for bücher.example. It returns a
// name in ASCII and a name that can't be converted unchanged.
func ToASCII(name string) string {
	if IsASCII(name) || !utf8.ValidString(name) {
		return name
	}
	if ascii, err := profile.ToASCII(name); err == nil {
		return ascii
	}
	return name
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
