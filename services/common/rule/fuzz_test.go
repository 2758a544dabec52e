package rule_test

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/memory"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
)

// FuzzRule evaluates any rule for any outputs. An evaluation must not panic, and must keep to its time and memory.
func FuzzRule(f *testing.F) {
	for _, text := range []string{
		"status == 200", "'10.0.0.1' IN (result1, result2)", "(1, 2) IN (3, (1, 2))", "body =~ '^a\\'b'", "[a name] ?? 3",
		"1 << -1 ** 99", "((((", "status IN (", "-ok", "~status", "'2024-01-02' > 3", "a ? b : c", "=~", "! ! ok", "\"", "\\",
		"1/0 % 0", "json('$.a.b') == 1", "json('$..*..*') == json('$[?@.a == 1 && !@.b]')", "len(json('$')) > 1", "max == max(3)",
		"header('Server') IN ('a', header(\"b\"))", "contains(lower(body), json('$')) || contains((1, 2), len(len))",
		"days(json('$[0]')) < days(result1)", "avg(30) / count('failed', 1) > previous('body')", "-len('a', body) + 1", "lower(",
		"json('$[9:0:-9].a') IN json('$[*]')", "len\\(a)", "len((((body))))", "[json('$')]", "count(count('ok', 1), 2)",
	} {
		f.Add(text, `[{"a": [1, "x", null, {"b": {}}]}, "2000-01-01"]`, 1.5, true)
	}
	f.Fuzz(func(t *testing.T, text, word string, number float64, flag bool) {
		r, err := rule.Compile(text, func(name string) (probe.Output, bool) {
			return probe.Output{Name: name, EmptyIfAbsent: len(name)%2 == 0}, true
		})
		if err != nil {
			return
		}
		latest := monitor.Result{Value: number, Outputs: map[string]any{"status": number, "result1": word, "ok": flag}}
		headers := http.Header{"Server": {word, word}}
		for _, in := range []rule.Input{
			{},
			{Outputs: map[string]any{"status": number, "body": word, "result1": word, "ok": flag, probe.Headers: headers}, Names: flag},
			{Outputs: map[string]any{"status": word, "body": number, "result1": flag, "ok": word}, History: results{latest}},
			{Outputs: map[string]any{"body": strings.Repeat(word, 1+(64<<10)/(1+len(word)))}, Value: number, History: results{}},
		} {
			evalWithinLimits(t, r, in)
		}
	})
}

func evalWithinLimits(t *testing.T, r *rule.Rule, in rule.Input) {
	ctx, cancel := context.WithTimeout(memory.NewBudget(16<<20).Context(t.Context()), time.Second)
	defer cancel()
	ctx, reservation := memory.Reserve(ctx)
	defer reservation.Release()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	isTrue, err := r.Eval(ctx, in)
	runtime.ReadMemStats(&after)
	if err != nil && isTrue {
		t.Errorf("%q is true and fails with %v", r, err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("%q took %s", r, took)
	}
	if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 2000 {
		t.Errorf("%q allocated %d MiB", r, allocated)
	}
}
