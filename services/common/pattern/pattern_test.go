package pattern

import (
	"context"
	"errors"
	"regexp"
	"regexp/syntax"
	"runtime"
	"strings"
	"testing"
	"time"
)

// slow is a pattern that needs about 1,000 steps for each character.
const slow = "(?:a?){500}b"

func TestSearchFindsWhatPackageRegexpFinds(t *testing.T) {
	long := strings.Repeat("äaaa\xff bcd\n", 1<<16)
	for _, c := range []struct{ pattern, text string }{
		{"b", "abc"},
		{"x", "abc"},
		{"a(x)?b", "ab"},
		{"^$", ""},
		{"end$", long + "end"},
		{"bcd\n(e(n)d)", long + "end"},
		{"bcd\nx", long},
		{"missing", long},
		{`\bq(..)`, long + " q12"},
		{`(\xff|ß) x`, long + "\xff x"},
		{"(?m)^(x)?y$", long + "y"},
		{"^ä", long},
		{"^b", long},
	} {
		p, err := Compile(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		want := regexp.MustCompile(c.pattern).FindStringSubmatch(c.text)
		matched, err := p.Match(t.Context(), c.text)
		if err != nil || matched != (want != nil) {
			t.Errorf("%q: matched %v, %v", c.pattern, matched, err)
		}
		group, ok, err := p.FirstGroup(t.Context(), c.text)
		if err != nil || ok != (want != nil) || ok && group != want[min(1, len(want)-1)] {
			t.Errorf("%q: group %q, %v, %v; want %q", c.pattern, group, ok, err, want)
		}
	}
}

func TestSearchStopsWhenTheContextEnds(t *testing.T) {
	p, err := Compile(slow)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	matched, err := p.Match(ctx, strings.Repeat("a", 4<<20))
	if matched || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, %v", matched, err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the search took %s", took)
	}
}

func TestSearchDoesNotTakeTheEndOfItsTimeForTheEndOfTheText(t *testing.T) {
	p, err := Compile("a+$")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if matched, err := p.Match(ctx, strings.Repeat("a", 1<<22)); matched || err == nil {
		t.Errorf("got %v, %v", matched, err)
	}
}

// TestLongSearchesWaitForAProcessor takes all processors of the long searches.
func TestLongSearchesWaitForAProcessor(t *testing.T) {
	p, err := Compile("a+b")
	if err != nil {
		t.Fatal(err)
	}
	all := int64(max(1, runtime.GOMAXPROCS(0)/2))
	if err := processors.Acquire(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if matched, err := p.Match(t.Context(), "aab"); !matched || err != nil {
		t.Errorf("a short search returns %v, %v", matched, err)
	}
	long := strings.Repeat("a", 4<<20) + "b"
	if _, err := p.Match(ctx, long); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a long search without a processor returns %v", err)
	}
	processors.Release(all)
	if matched, err := p.Match(t.Context(), long); !matched || err != nil {
		t.Errorf("a long search returns %v, %v", matched, err)
	}
	if !processors.TryAcquire(all) {
		t.Fatal("the searches keep processors")
	}
	processors.Release(all)
}

func TestCompileErrors(t *testing.T) {
	for text, want := range map[string]string{
		"(": "error parsing regexp: missing closing ): `(`",
		strings.Repeat("a{1000}", 20): "the regular expression is too large: it has 20000 instructions, at most 10000 are " +
			"allowed; use fewer or smaller repetitions such as {100}",
	} {
		if _, err := Compile(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v", text, err)
		}
	}
	for _, text := range []string{".{1,1000}", `[\p{L}\d]{500}`, strings.Repeat("word|", 500)} {
		if _, err := Compile(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestLargePatternsAreRefusedCheaply compiles patterns of which a program would take several hundred MiB.
func TestLargePatternsAreRefusedCheaply(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("a{1000}", 3000), strings.Repeat("(?:a{0,1000})", 1000), strings.Repeat("(?:(?:b?){9}){100,}", 1000),
		strings.Repeat(`\pL`, 20_000), strings.Repeat(`\pL`, 5_000), `(?:ab|b*c+d){1000}{2}`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Compile(text); err == nil {
			t.Errorf("%.30s: no error", text)
		}
		runtime.ReadMemStats(&after)
		if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 64 {
			t.Errorf("%.30s: allocated %d MiB", text, allocated)
		}
	}
}

// TestInstructionsIsTheSizeOfTheProgram compares the computed size of patterns with that of the compiled program.
func TestInstructionsIsTheSizeOfTheProgram(t *testing.T) {
	for _, text := range []string{
		"", "abc", "(?i)abc", "a|b|cd", "[a-z]+x*y?", "(?:a?){500}b", "x{3,}", "x{0,}", "x{2,5}", "(a(b)){3}", `^\b.$`, "(?:ab|c*)*?",
		"(?:a{1,5}){0,7}", ".{1,1000}",
	} {
		parsed, err := syntax.Parse(text, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		program, err := syntax.Compile(parsed.Simplify())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := instructions(parsed), len(program.Inst)-2; got < want || got > want+want/5+2 {
			t.Errorf("%s: %d instructions, want about %d", text, got, want)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	body := strings.Repeat(`{"name":"server", "value": 12345, "list": [1, 2, 3]},`+"\n", 1<<20/54) + `"status": "ok"`
	for _, text := range []string{"ready", `"status": "(\w+)"`, "(?i)status.*ok", "error|fatal|panic"} {
		b.Run(text, func(b *testing.B) {
			p, err := Compile(text)
			if err != nil {
				b.Fatal(err)
			}
			re := regexp.MustCompile(text)
			b.Run("bounded", func(b *testing.B) {
				for b.Loop() {
					if _, err := p.Match(b.Context(), body); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("regexp", func(b *testing.B) {
				for b.Loop() {
					re.MatchString(body)
				}
			})
		})
	}
}
