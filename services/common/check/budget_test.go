package check_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/secret"
)

// Earlier versions stored such rules. They must not take the runner down.
func TestStoredRulesRunWithinLimits(t *testing.T) {
	page := strings.Repeat("a", 1<<20)
	for text, want := range map[string]string{
		"(" + strings.Repeat("body+", 99) + "body) == 'x'": "rule eval error: the rule joins more than 16 MiB of text with +",
		"body =~ '(?:a?){500}b'":                           "rule eval error: the rule did not finish in time: use simpler regular expressions or a smaller maxBody",
		"(size == 3) (size < 0)":                           "rule invalid: unexpected ( after )",
	} {
		m := monitor.Monitor{ID: "id", Name: "name", Type: "fixed", Interval: "1s", Target: "target", Rule: text}
		if err := check.Validate(newRegistry(nil), m); err == nil && !strings.Contains(text, "=~") {
			t.Errorf("%.40s can be saved", text)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		message := ""
		checked, err := check.Compile(newRegistry(outcomeOf(map[string]any{"body": page, "size": 3.0})), secret.Source{}, m)
		if err != nil {
			message = err.Error()
		} else {
			result, err := checked.Run(t.Context(), nil)
			if err != nil {
				t.Errorf("%.40s: %v", text, err)
			}
			message = result.Message
		}
		runtime.ReadMemStats(&after)
		if took := time.Since(began); message != want || took > 5*time.Second {
			t.Errorf("%.40s: %q after %s", text, message, took)
		}
		if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 64 {
			t.Errorf("%.40s: allocated %d MiB", text, allocated)
		}
	}
}
