package replay_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/api/replay"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
)

var start = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// history returns results with these outputs, one per minute, newest first.
func history(outputs ...map[string]any) results {
	list := make(results, len(outputs))
	for i, o := range outputs {
		value, _ := o["size"].(float64)
		list[len(outputs)-1-i] = monitor.Result{
			ID: fmt.Sprintf("%024x", i+1), Date: start.Add(time.Duration(i) * time.Minute), MonitorID: "m", Value: value, Outputs: o,
		}
	}
	return list
}

// numbers returns outputs with these numbers.
func numbers(list ...float64) []map[string]any {
	outputs := make([]map[string]any, len(list))
	for i, n := range list {
		outputs[i] = map[string]any{"size": n}
	}
	return outputs
}

// ask evaluates a rule for a day of results.
func ask(t *testing.T, s results, rule string, change func(*replay.Question)) replay.Answer {
	t.Helper()
	q := replay.Question{
		Monitor: monitor.Monitor{ID: "m", Type: "fixed", Properties: map[string]string{}}, Rule: rule,
		From: start, To: start.Add(24 * time.Hour),
	}
	if change != nil {
		change(&q)
	}
	answer, err := replay.Evaluate(t.Context(), s, newTypes(nil), q)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// figures are the numbers of an answer.
type figures struct {
	Checked, Violated, Violations, Unknown int
	Missing                                string
}

func figuresOf(a replay.Answer) figures {
	return figures{a.Checked, a.Violated, a.Violations, a.Unknown, strings.Join(a.Missing, " ")}
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}

func TestPeriods(t *testing.T) {
	s := history(numbers(1, 9, 9, 1, 9, 9, 9, 9, 1)...)
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	s[8-5].Status, s[8-5].Message = monitor.StatusFailed, "refused"
	s[8-6].Ignored = monitor.IgnoredBlocked
	s[8-4].Status = monitor.StatusError
	got := ask(t, s, "size < 5", nil)
	want(t, "answer", got, replay.Answer{
		MonitorID: "m", From: start, To: at(24 * 60), Oldest: &s[8].Date, Checked: 7, Violated: 4, Violations: 2,
		Ignored: 1, Failed: 1, Missing: []string{},
		Periods: []replay.Period{
			{From: at(4), To: at(7), Results: 2, Message: "Rule violated: size < 5", Status: monitor.StatusError},
			{From: at(1), To: at(2), Results: 2, Message: "Rule violated: size < 5"},
		},
	})
	want(t, "no results", ask(t, nil, "size < 5", nil), replay.Answer{
		MonitorID: "m", From: start, To: at(24 * 60), Missing: []string{}, Periods: []replay.Period{},
	})
	some := func(q *replay.Question) { q.From, q.To = at(2), at(4) }
	want(t, "two minutes", figuresOf(ask(t, s, "size < 5", some)), figures{Checked: 2, Violated: 1, Violations: 1})
	// Results before the period have the status that they had.
	want(t, "history", figuresOf(ask(t, s, "avg(1) == 9 && previous('size') == 9 && count('ok', 30) == 2", some)),
		figures{Checked: 2, Violated: 1, Violations: 1})
}

func TestNewestPeriods(t *testing.T) {
	var list []float64
	for range 12 {
		list = append(list, 9, 1)
	}
	got := ask(t, history(numbers(list...)...), "size < 5", nil)
	want(t, "violations", got.Violations, 12)
	want(t, "periods", len(got.Periods), 10)
	want(t, "newest", got.Periods[0].From, start.Add(22*time.Minute))
}

func TestUnknown(t *testing.T) {
	long := strings.Repeat("x", 1000) + "…"
	all := func(text any) map[string]any {
		return map[string]any{"size": 1.0, "flag": true, "text1": text, "found": text}
	}
	for _, c := range []struct {
		name, rule string
		outputs    []map[string]any
		want       figures
	}{
		{"the body", "body =~ 'a'", numbers(1, 2), figures{Unknown: 2, Missing: "body"}},
		{"only where it matters", "size < 2 && body =~ 'a'", numbers(1, 2), figures{1, 1, 1, 1, "body"}},
		{"before and after", "size < 2 && body =~ 'a'", numbers(3, 1, 3, 3, 2), figures{4, 4, 2, 1, "body"}},
		{"json", "json('$.a') == 1 || header('b') == ''", numbers(1), figures{Unknown: 1, Missing: "json()"}},
		{"header", "size > 1 || header('b') == ''", numbers(1, 2), figures{Checked: 1, Unknown: 1, Missing: "header()"}},
		{"another type", "flag", numbers(1), figures{Unknown: 1, Missing: "flag"}},
		{"previous", "previous('flag') == true", numbers(1), figures{Unknown: 1, Missing: "flag"}},
		{"a long text", "text1 =~ 'x'", []map[string]any{all("xx"), all(long)}, figures{Checked: 1, Unknown: 1, Missing: "text1"}},
		{"a secret", "text1 == 'x'", []map[string]any{all("a ${env:X}"), all("y")}, figures{1, 1, 1, 1, "text1"}},
		{"a secret number", "size < 5", []map[string]any{{"size": "${env:X}"}}, figures{Unknown: 1, Missing: "size"}},
		{"an absent element", "text2 == 'x' || text1 == 'y'", []map[string]any{all("x"), all("y")}, figures{2, 1, 1, 0, ""}},
		{"no element", "text2 == 'x'", numbers(1), figures{Unknown: 1, Missing: "text2"}},
		{"too large an element", "text51 == 'x'", []map[string]any{{"text1": "x", "text50": "x"}, {"text1": "x"}}, figures{1, 1, 1, 1, "text51"}},
		{"a captured number", "queue < 5", []map[string]any{{"queue": 7.0}, {}, {"queue": 3.0}}, figures{2, 1, 1, 1, "queue"}},
		{"a captured secret", "queue < 5", []map[string]any{{"queue": "${env:Q}"}}, figures{Unknown: 1, Missing: "queue"}},
	} {
		got := ask(t, history(c.outputs...), c.rule, func(q *replay.Question) {
			q.Monitor.Properties[probe.Capture] = `{"queue": "$.queue"}`
		})
		want(t, c.name, figuresOf(got), c.want)
	}
}

// A result without a match of the property search says that there was no match, unless the property may have been added
// later.
func TestSearchAddedLater(t *testing.T) {
	s := history(map[string]any{}, map[string]any{"found": 1.0}, map[string]any{})
	search := func(q *replay.Question) { q.Monitor.Properties["search"] = "x" }
	want(t, "unchanged", figuresOf(ask(t, s, "found == 1", search)), figures{3, 2, 2, 0, ""})
	want(t, "added", figuresOf(ask(t, s, "found == 1", func(q *replay.Question) {
		search(q)
		q.Monitor.Updated = start.Add(time.Hour)
	})), figures{2, 1, 1, 1, "found"})
	want(t, "another search", figuresOf(ask(t, s, "found == 1", func(q *replay.Question) {
		search(q)
		q.Properties = map[string]string{"search": "y"}
	})), figures{Unknown: 3, Missing: "found"})
}

func TestProperties(t *testing.T) {
	s := history(map[string]any{"queue": 3.0}, map[string]any{"queue": 7.0})
	capture := func(text string) func(*replay.Question) {
		return func(q *replay.Question) {
			q.Monitor.Properties[probe.Capture] = `{"queue": "$.queue"}`
			q.Properties = map[string]string{probe.Capture: text}
		}
	}
	same := capture(`{"workers": "$.workers", "queue": "$.queue"}`)
	want(t, "same path", figuresOf(ask(t, s, "queue < 5", same)), figures{2, 1, 1, 0, ""})
	want(t, "another path", figuresOf(ask(t, s, "queue < 5", capture(`{"queue": "$.length"}`))), figures{Unknown: 2, Missing: "queue"})
	want(t, "new", figuresOf(ask(t, s, "queue > 5 || workers > 1", same)), figures{1, 0, 0, 1, "workers"})
}

func TestDomainNames(t *testing.T) {
	s := history(map[string]any{"text1": "NS.example.org."})
	want(t, "texts", ask(t, s, "text1 == 'ns.example.org'", nil).Violated, 1)
	names := func(q *replay.Question) { q.Monitor.Properties["search"] = "names" }
	want(t, "names", ask(t, s, "text1 == 'ns.example.org'", names).Violated, 0)
}

func TestErrorsOfRules(t *testing.T) {
	s := history(map[string]any{"size": 1.0, "text1": "x"}, map[string]any{"size": 2.0, "text1": "y"})
	s[0].Status, s[0].Message = monitor.StatusFailed, "rule eval error: this check produced no text2"
	got := ask(t, s, "size == 1 || text1 > 5", nil)
	want(t, "figures", figuresOf(got), figures{2, 1, 1, 0, ""})
	want(t, "message", got.Periods[0].Message, "rule eval error: a value cannot be used with the comparator '>', it is not a number")
	s[0].Message = "connection refused"
	want(t, "failed", ask(t, s, "size == 1 || text1 > 5", nil).Failed, 1)
	if _, err := replay.Evaluate(t.Context(), s, newTypes(nil), replay.Question{Monitor: monitor.Monitor{Type: "fixed"}, Rule: "=="}); err == nil {
		t.Error("an invalid rule gives no error")
	}
}
