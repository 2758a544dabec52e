package rule_test

import (
	"slices"
	"strings"
	"testing"

	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
)

type threshold = rule.Threshold

func TestThresholds(t *testing.T) {
	for text, want := range map[string][]threshold{
		"respTime < 400":                       {{"respTime", "<", 400}},
		"respTime <= 0.5":                      {{"respTime", "<=", 0.5}},
		"respTime > 1":                         {{"respTime", ">", 1}},
		"respTime >= 1":                        {{"respTime", ">=", 1}},
		"400 > respTime":                       {{"respTime", "<", 400}},
		"400 >= respTime":                      {{"respTime", "<=", 400}},
		"1 < respTime":                         {{"respTime", ">", 1}},
		"1 <= respTime":                        {{"respTime", ">=", 1}},
		"respTime > -2.5":                      {{"respTime", ">", -2.5}},
		"-2.5 < respTime":                      {{"respTime", ">", -2.5}},
		"respTime > (-2)":                      {{"respTime", ">", -2}},
		"[a name] < 3":                         {{"a name", "<", 3}},
		"regexMatch < 3":                       {{"regexMatch", "<", 3}},
		"(respTime < 400)":                     {{"respTime", "<", 400}},
		"(((respTime) < ((400))))":             {{"respTime", "<", 400}},
		"status == 200 && respTime < 400":      {{"respTime", "<", 400}},
		"(status == 200) && (respTime < 400)":  {{"respTime", "<", 400}},
		"respTime > 1 && respTime < 400":       {{"respTime", ">", 1}, {"respTime", "<", 400}},
		"(respTime > 1 && status < 5) && ok":   {{"respTime", ">", 1}, {"status", "<", 5}},
		"!ok && respTime < 400":                {{"respTime", "<", 400}},
		"body =~ 'a < 1 || b' && respTime < 4": {{"respTime", "<", 4}},
		"status IN (1, 2) && respTime < 400":   {{"respTime", "<", 400}},
		"(ok || status < 5) && respTime < 400": {{"respTime", "<", 400}},
		"(ok ? ok : ok) && respTime < 400":     {{"respTime", "<", 400}},
		"respTime < 400 && 400 > respTime":     {{"respTime", "<", 400}},

		"":                                   nil,
		"ok":                                 nil,
		"status == 200":                      nil,
		"status != 200":                      nil,
		"respTime < 400 || ok":               nil,
		"ok || respTime < 400":               nil,
		"ok || status < 5 && respTime < 400": nil,
		"status < 5 && respTime < 400 || ok": nil,
		"!(respTime < 400)":                  nil,
		"!respTime < 400":                    nil,
		"-respTime < 400":                    nil,
		"ok ? respTime < 400 : ok":           nil,
		"respTime < 400 ? ok : ok":           nil,
		"respTime < 400 ?? ok":               nil,
		"respTime < 200 + 200":               nil,
		"respTime + 1 < 400":                 nil,
		"respTime * 2 < 400 && ok":           nil,
		"respTime < status":                  nil,
		"1 < 2":                              nil,
		"respTime < 400 == true":             nil,
		"(respTime < 400) == true":           nil,
		"1 < respTime < 400":                 nil,
		"respTime < '400'":                   nil,
		"respTime < true":                    nil,
		"respTime IN (1, 400)":               nil,
		"body < 400":                         nil,
		"result1 < 400":                      nil,
		"ok < 400":                           nil,
		"unknown < 400":                      nil,
		"respTime < 400 &&":                  nil,
		"respTime < 400 respTime < 5":        nil,
		"respTime <":                         nil,
		"json(respTime) < 400":               nil,

		strings.Repeat("ok && ", 300) + "respTime < 4":                         nil, // too long to be saved
		strings.Repeat("(", 99) + "respTime < 4" + strings.Repeat(")", 99):     {{"respTime", "<", 4}},
		strings.Repeat("(", 9999) + "respTime < 4" + strings.Repeat(")", 9999): nil,
	} {
		if got := rule.Thresholds(text, declaredOutput); !slices.Equal(got, want) {
			t.Errorf("%.60s: got %v, want %v", text, got, want)
		}
	}
}

// FuzzThresholds checks that a rule is not true if one of its thresholds does not hold.
func FuzzThresholds(f *testing.F) {
	for _, text := range []string{
		"respTime < 400", "-1 <= status && (respTime > 5)", "ok && !(status > 1) && respTime >= 2", "status < 1 || respTime < 2",
		"(status < 1 && ok) && respTime < 2", "ok ? status < 1 : respTime > 2", "status < 1 == (respTime < 2)", "[a] > 1 && b < 2 ?? c", "a < --1",
	} {
		f.Add(text, 1.5)
	}
	f.Fuzz(func(t *testing.T, text string, number float64) {
		numbers := func(string) (probe.Output, bool) { return probe.Output{Kind: probe.OutputNumber}, true }
		found := rule.Thresholds(text, numbers)
		if len(found) == 0 {
			return
		}
		r, err := rule.Compile(text, numbers)
		if err != nil {
			return // A regular expression may be invalid.
		}
		for _, limit := range found {
			for _, value := range []float64{number, limit.Value, limit.Value - 1, limit.Value + 1} {
				isTrue, err := r.Eval(t.Context(), rule.Input{Outputs: map[string]any{limit.Output: value, "ok": true}})
				if err == nil && isTrue && !holds(limit, value) {
					t.Errorf("%q is true although %v does not hold for %v", text, limit, value)
				}
			}
		}
	})
}

func holds(limit threshold, value float64) bool {
	switch limit.Operator {
	case "<":
		return value < limit.Value
	case "<=":
		return value <= limit.Value
	case ">":
		return value > limit.Value
	default:
		return value >= limit.Value
	}
}
