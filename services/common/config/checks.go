package config

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"nanomon/services/common/secret"
)

// Checks says what checks may use: where they may go, and which secrets their monitors may name.
//
// # Checks
//
// sign-in.md tells more: [where checks may go](sign-in.md#where-checks-may-go),
// [secrets that are not stored](sign-in.md#secrets-that-are-not-stored).
type Checks struct {
	// Addresses and ranges that checks may not go to, beside link-local and metadata ones, with commas or blanks:
	// `127.0.0.0/8, 10.0.0.0/8, fd00::/8`.
	TargetDeny Networks `env:"TARGET_DENY"`
	// Addresses and ranges that checks may go to in any case, with commas or blanks. It wins over `TARGET_DENY` and over what
	// is refused by itself.
	TargetAllow Networks `env:"TARGET_ALLOW"`
	// Secrets that `${env:NAME}` and `${file:/path}` in monitors may name, with commas or blanks: `env:NAME`, `file:/path`, or
	// `file:/folder/` for every file below it. Unset: none.
	Secrets secret.Source `env:"SECRETS_ALLOW"`
}

// Networks are ranges of IP addresses.
type Networks []netip.Prefix

// UnmarshalText reads a list with commas or blanks, of ranges such as 10.0.0.0/8 and single addresses.
func (n *Networks) UnmarshalText(text []byte) error {
	list := Networks{}
	for _, field := range strings.FieldsFunc(string(text), func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		network, err := parseNetwork(field)
		if err != nil {
			return fmt.Errorf("%q is not an address or a range of addresses, use for example 192.0.2.1, 10.0.0.0/8 or fd00::/8", field)
		}
		list = append(list, network)
	}
	*n = list
	return nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		network, err := netip.ParsePrefix(text)
		if address := network.Addr(); address.Is4In6() && network.Bits() >= 96 {
			network = netip.PrefixFrom(address.Unmap(), network.Bits()-96)
		}
		return network.Masked(), err
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is not an address", text)
	}
	address = address.Unmap()
	return netip.PrefixFrom(address, address.BitLen()), nil
}
