package config_test

import (
	"net/netip"
	"slices"
	"testing"

	"nanomon/services/common/config"
	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
)

func TestChecks(t *testing.T) {
	c, err := config.Parse[config.Runner](map[string]string{
		"TARGET_ALLOW":  "169.254.169.254, fd00:ec2::254 ::ffff:10.0.0.1",
		"TARGET_DENY":   "10.1.2.3/8,fd00::/8 ::ffff:10.0.0.0/104",
		"SECRETS_ALLOW": "env:TOKEN", "TOKEN": "s3cret", "OTHER": "hidden",
		"CHECK_MEMORY": "96MiB",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := func(texts ...string) (list []netip.Prefix) {
		for _, text := range texts {
			list = append(list, netip.MustParsePrefix(text))
		}
		return list
	}
	if c.CheckMemory != 96<<20 {
		t.Errorf("CHECK_MEMORY is %d", c.CheckMemory)
	}
	if !slices.Equal(c.TargetAllow, want("169.254.169.254/32", "fd00:ec2::254/128", "10.0.0.1/32")) || !slices.Equal(c.TargetDeny, want("10.0.0.0/8", "fd00::/8", "10.0.0.0/8")) {
		t.Errorf("allow %v, deny %v", c.TargetAllow, c.TargetDeny)
	}
	for target, want := range map[string]string{"${env:TOKEN}": "s3cret", "${env:OTHER}": ""} {
		m, _, err := c.Secrets.Resolve(monitor.Monitor{Target: target}, secret.Properties{})
		if (err == nil) != (want != "") || m.Target != want {
			t.Errorf("%s leads to %q, error %v", target, m.Target, err)
		}
	}
}

func TestFaultsOfChecks(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"TARGET_ALLOW", "10.0.0.0/33", `TARGET_ALLOW "10.0.0.0/33" is not an IP address or a range: use for example 192.0.2.1, 10.0.0.0/8 or fd00::/8`},
		{"TARGET_DENY", "10.0.0.1,localhost", `TARGET_DENY "localhost" is not an IP address or a range: use for example 192.0.2.1, 10.0.0.0/8 or fd00::/8`},
		{"TARGET_DENY", "fe80::1%eth0", `TARGET_DENY "fe80::1%eth0" is not an IP address or a range: use for example 192.0.2.1, 10.0.0.0/8 or fd00::/8`},
		{"CHECK_MEMORY", "64", `CHECK_MEMORY "64" is not a size: use for example 128MiB or 1GiB`},
		{"CHECK_MEMORY", "-1MiB", `CHECK_MEMORY "-1MiB" is not a size: use for example 128MiB or 1GiB`},
		{"CHECK_MEMORY", "64KiB", `CHECK_MEMORY "64KiB" is too small: use at least 1MiB`},
		{"SECRETS_ALLOW", "env:A TOKEN", `SECRETS_ALLOW "TOKEN" is not a secret: use env:NAME, file:/path, or file:/folder/ for every file below it`},
		{"SECRETS_ALLOW", "file:secrets/", `SECRETS_ALLOW "file:secrets/" is not a secret: use env:NAME, file:/path, or file:/folder/ for every file below it`},
	} {
		for program, parse := range map[string]func(map[string]string) error{
			"runner":     func(e map[string]string) error { _, err := config.Parse[config.Runner](e); return err },
			"standalone": func(e map[string]string) error { _, err := config.Parse[config.Standalone](e); return err },
		} {
			if err := parse(map[string]string{c.name: c.value}); err == nil || err.Error() != c.want {
				t.Errorf("%s:\n got %v\nwant %s", program, err, c.want)
			}
		}
	}
}
