package check

import (
	"strings"
	"testing"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/secret"
)

func TestEqualRulesAreShared(t *testing.T) {
	k := NewCompiler(probe.All(probe.Guard{}), secret.Source{})
	compile := func(monitorType, target, rule string) *Check {
		t.Helper()
		// Clone makes a text that is equal, but not the same.
		c, err := k.Compile(monitor.Monitor{
			Name: "name", Type: monitorType, Interval: "10s", Target: target, Rule: strings.Clone(rule),
		})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first, same := compile("http", "http://a.example", "respTime < 5"), compile("http", "http://b.example", "respTime < 5")
	other, otherType := compile("http", "http://a.example", "respTime < 6"), compile("tcp", "a.example:80", "respTime < 5")
	if first.rule != same.rule {
		t.Error("equal rules are not shared")
	}
	if first.rule == other.rule || first.rule == otherType.rule {
		t.Error("different rules or the rules of different types are shared")
	}
	for range 2 {
		if _, err := k.Compile(monitor.Monitor{
			Name: "name", Type: "http", Interval: "10s", Target: "http://a.example", Rule: "respTime <",
		}); err == nil {
			t.Error("an invalid rule is accepted")
		}
	}
}
