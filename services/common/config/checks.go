package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"nanomon/services/common/secret"
)

// Checks configures which addresses checks may connect to, which secrets monitors may use, and how much memory.
//
// # Checks
//
// [sign-in.md](sign-in.md) explains the settings for addresses and secrets.
type Checks struct {
	// Addresses and ranges that checks must not connect to, separated by commas or spaces, for example
	// `127.0.0.0/8, 10.0.0.0/8, fd00::/8`. Link-local addresses and those of cloud metadata services are always denied.
	TargetDeny Networks `env:"TARGET_DENY"`
	// Addresses and ranges that checks may always connect to, separated by commas or spaces. This overrides `TARGET_DENY`
	// and the addresses that are always denied.
	TargetAllow Networks `env:"TARGET_ALLOW"`
	// Secrets that monitors may use as `${env:NAME}` and `${file:/path}`, separated by commas or spaces: `env:NAME`,
	// `file:/path`, or `file:/folder/` for every file below it. If unset, none.
	Secrets secret.Source `env:"SECRETS_ALLOW"`
	// Memory that all checks together may use for response bodies, for example `256MiB`. At least `1MiB`. Only bodies that
	// a rule, `bodyRegex` or `capture` uses count, and only if they are larger than 16 KiB. A check waits within its timeout
	// until it gets the memory; otherwise it is not checked. If unset, a quarter of the memory limit of the container or, if
	// less, of `GOMEMLIMIT`; without a limit, a quarter of the machine's memory, at most 1 GiB.
	CheckMemory ByteSize `env:"CHECK_MEMORY"`
}

// ByteSize is a number of bytes; 0 if unset.
type ByteSize int64

// UnmarshalText parses a whole number with the unit KiB, MiB or GiB.
func (s *ByteSize) UnmarshalText(text []byte) error {
	for suffix, unit := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		number, ok := strings.CutSuffix(string(text), suffix)
		n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 24)
		if !ok || err != nil {
			continue
		}
		if *s = ByteSize(int64(n) * unit); *s < 1<<20 {
			return fmt.Errorf("%q is too small: use at least 1MiB", text)
		}
		return nil
	}
	return fmt.Errorf("%q is not a size: use for example 128MiB or 1GiB", text)
}

// Networks are ranges of IP addresses.
type Networks []netip.Prefix

// UnmarshalText parses a list of ranges, such as 10.0.0.0/8, and single addresses, separated by commas or spaces.
func (n *Networks) UnmarshalText(text []byte) error {
	list := Networks{}
	for _, field := range splitList(string(text)) {
		network, err := parseNetwork(field)
		if err != nil {
			return fmt.Errorf("%q is not an IP address or a range: use for example 192.0.2.1, 10.0.0.0/8 or fd00::/8", field)
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
