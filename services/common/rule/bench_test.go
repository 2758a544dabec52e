package rule_test

import (
	"testing"

	"nanomon/services/common/rule"
)

// BenchmarkEval evaluates rules without functions. Compare it with an earlier version: most rules are like these, and a
// runner evaluates thousands of them per second.
func BenchmarkEval(b *testing.B) {
	for _, text := range []string{
		"status == 200",
		"status == 200 && respTime < 500",
		"status >= 200 && status < 300 || status == 404",
		"body =~ 'up' && status == 200",
		"'10.0.0.1' IN (result1, result2)",
		"result1 + ':80' == '10.0.0.1:80' && !(respTime > 100)",
	} {
		b.Run(text, func(b *testing.B) {
			r, err := rule.Compile(text, declaredOutput)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Eval(b.Context(), rule.Input{Outputs: outputs}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
