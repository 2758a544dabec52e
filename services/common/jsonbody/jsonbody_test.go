package jsonbody_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/jsonbody"
	"nanomon/services/common/memory"
)

const sample = `{"a": {"b": 3, "c-d": "x"}, "list": [1, "two", true, null, {"a": {"b": 4}}],
	"services": [{"name": "db", "up": true, "ms": 5}, {"name": "web", "up": false, "ms": 50, "note": null}]}`

func parse(t *testing.T, body string) *jsonbody.Document {
	t.Helper()
	d, err := jsonbody.Parse(t.Context(), body, false)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSelect(t *testing.T) {
	d := parse(t, sample)
	for text, want := range map[string]struct {
		values []any
		single bool
	}{
		"$.a.b":                                 {[]any{3.0}, true},
		"$.a['c-d']":                            {[]any{"x"}, true},
		`$["a"]["b"]`:                           {[]any{3.0}, true},
		"$.list[1]":                             {[]any{"two"}, true},
		"$.list[-5]":                            {[]any{1.0}, true},
		"$.list[3]":                             {[]any{nil}, true},
		"$.list[9]":                             {nil, true},
		"$.nothing.b":                           {nil, true},
		"$.a.b.c":                               {nil, true},
		"$.list[0:2]":                           {[]any{1.0, "two"}, false},
		"$.list[9:]":                            {nil, false},
		"$.services[*].name":                    {[]any{"db", "web"}, false},
		"$..name":                               {[]any{"db", "web"}, false},
		"$.list[0,1]":                           {[]any{1.0, "two"}, false},
		"$.services[?@.up==true].name":          {[]any{"db"}, false},
		"$.services[?!@.up].name":               {nil, false},
		"$.services[?@.note].name":              {[]any{"web"}, false},
		"$.services[?!@.note].name":             {[]any{"db"}, false},
		"$.services[?(@.ms > 10 || @.up)].name": {[]any{"db", "web"}, false},
		"$.services[?!(@.ms > 10) && @.up].ms":  {[]any{5.0}, false},
		`$.services[?@.name == "$.. * @"].ms`:   {nil, false},
		`$.list[?@ == "a @ b" || '@' != @ && 2 > @]`: {[]any{1.0}, false},
		"$.list[2:0:-1]":   {[]any{true, "two"}, false},
		"$.list[::-3]":     {[]any{map[string]any{"a": map[string]any{"b": 4.0}}, "two"}, false},
		"$.list[1:-1:2]":   {[]any{"two", nil}, false},
		"$.list[::0]":      {nil, false},
		"$.a[0:1]":         {nil, false},
		"$..[?@.b == 4].b": {[]any{4.0}, false},
	} {
		path, err := jsonbody.Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := d.Select(t.Context(), path)
		if diff := cmp.Diff(want.values, got); err != nil || diff != "" || path.Single != want.single {
			t.Errorf("%s: error %v, single %v, %s", text, err, path.Single, diff)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	const conditions = "$[?@.a && @.a && @.a && @.a && @.a && @.a && @.a && @.a && @.a && @.a && @.a]"
	for text, want := range map[string]string{
		"":                              "the path must start with $, as in $.a.b",
		"a.b":                           "the path must start with $, as in $.a.b",
		"$.":                            "the path is not valid JSONPath: unexpected eof at position 3",
		"$.a b":                         "the path is not valid JSONPath: unexpected blank space at position 4",
		"$.queue-length":                "the path is not valid JSONPath: invalid number literal at position 8; write a name with a hyphen as ['a-b']",
		"$[?count(@.*) > 1]":            "the path is not valid JSONPath: unknown function count() at position 4",
		"$[?match(@.a, 'x')]":           "the path is not valid JSONPath: unknown function match() at position 4",
		"$[?@.a == $.b]":                "a filter can't use $: compare values below @",
		"$[?@..a]":                      "a filter can't contain .., *, a slice or another filter: use names and indexes",
		"$[?!@.*]":                      "a filter can't contain .., *, a slice or another filter: use names and indexes",
		"$[?(@.a && !(@[0:1]))]":        "a filter can't contain .., *, a slice or another filter: use names and indexes",
		"$[?@[?@.a]]":                   "a filter can't contain .., *, a slice or another filter: use names and indexes",
		"$[?@.a == @.b]":                "a filter can't compare two values of the body: one side must be a text, a number, true, false or null",
		"$[?@.x || !(@.a && @.b <= @)]": "a filter can't compare two values of the body: one side must be a text, a number, true, false or null",
		conditions:                      "the filters use @ 11 times, at most 10 are allowed",
		"$" + strings.Repeat(".a", 251): "the path is too long: it has 503 bytes, at most 500 are allowed",
	} {
		_, err := jsonbody.Compile(text)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got error %q, want %q", text, err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for body, want := range map[string]string{
		"":                          "the body is empty",
		"secret":                    "the body is not JSON: it can't be read after byte 1 of 6",
		`{"secret": 1`:              "the body is not JSON: it can't be read after byte 12 of 12",
		`{"a": 1} {"secret": 2}`:    "the body is not JSON: it can't be read after byte 10 of 22",
		"1e999":                     "the body has a number that is too large",
		"[1, -1e999]":               "the body has a number that is too large",
		strings.Repeat("[", 20_000): "the body is not JSON: it can't be read after byte 10001 of 20000",
	} {
		_, err := jsonbody.Parse(t.Context(), body, false)
		var isError *jsonbody.Error
		if !errors.As(err, &isError) || err.Error() != want {
			t.Errorf("%.20s: got error %q, want %q", body, err, want)
		}
	}
}

func TestParseTruncated(t *testing.T) {
	const want = "the body is longer than maxBody, so its JSON is incomplete: use a larger maxBody"
	if _, err := jsonbody.Parse(t.Context(), "[1, 2", true); err == nil || err.Error() != want {
		t.Errorf("got error %v", err)
	}
	if _, err := jsonbody.Parse(t.Context(), "[1, 2]", true); err != nil {
		t.Errorf("got error %v", err)
	}
}

// Each of these paths would run for hours, or need all memory, in a selection without limits.
func TestSelectionIsLimited(t *testing.T) {
	deep := parse(t, strings.Repeat("[", 9_000)+strings.Repeat("]", 9_000))
	wide := parse(t, "["+strings.Repeat("[0,0],", 60_000)+"[]]")
	for _, text := range []string{
		"$..*..*", "$..*..*..*..*..*..*", "$" + strings.Repeat("[*,*,*,*]", 50), "$..[?@!=1]..[?@!=1]..x", "$..*..x..x",
		"$[0,0]" + strings.Repeat("[0,0]", 80), "$" + strings.Repeat("..*", 160), "$..x", "$[*][0:]",
	} {
		path, err := jsonbody.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []*jsonbody.Document{deep, wide} {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			began := time.Now()
			selected, err := d.Select(ctx, path)
			cancel()
			if took := time.Since(began); took > time.Minute || len(selected) > 100_000 {
				t.Errorf("%s selects %d values after %s: %v", text, len(selected), took, err)
			}
		}
	}
}

// looks is a context that ends after this number of looks at it.
type looks struct {
	context.Context
	left int
}

func (l *looks) Err() error {
	if l.left--; l.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// One step of a selection takes little time, so a selection must look at its context at each step.
func TestSelectionLooksAtItsContext(t *testing.T) {
	d := parse(t, "["+strings.Repeat(`{"a": [1]},`, 1000)+"0]")
	for _, text := range []string{
		"$[?@.a == 1]", "$[0" + strings.Repeat(",0", 100) + "]", "$[0:0" + strings.Repeat(",0:0", 80) + "]", "$..x", "$[*].x",
		"$" + strings.Repeat("[*,0]", 90),
	} {
		path, err := jsonbody.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if selected, err := d.Select(&looks{t.Context(), 50}, path); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s selects %d values: %v", text, len(selected), err)
		}
	}
}

func TestSelectionAllocatesOnlyWhatItSelects(t *testing.T) {
	list, object := "[0"+strings.Repeat(",0", 150_000)+"]", new(strings.Builder)
	for i := range 150_000 {
		fmt.Fprintf(object, `,"%d":0`, i)
	}
	d := parse(t, fmt.Sprintf(`{"list": %s, "object": {%s}}`, list, object.String()[1:]))
	for _, text := range []string{
		"$.list[0:0" + strings.Repeat(",0:0", 80) + "]", "$['list','object']['list','object'][*]", "$.object[*]",
	} {
		path, err := jsonbody.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = d.Select(t.Context(), path)
		runtime.ReadMemStats(&after)
		if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 16 {
			t.Errorf("%s allocates %d MiB: %v", text, allocated, err)
		}
	}
}

// A budget of the memory that a document uses must be too small, or else documents would use more than their budget.
func TestParseReservesItsMemory(t *testing.T) {
	for _, element := range []string{`{}`, `{"":{}}`, `{"a":1}`, `[]`, `[[]]`, `0`, `""`, `"abcdefgh"`, `{"a":"b","c":[1,2]}`} {
		list := "[" + strings.Repeat(element+",", 10_000) + "0]"
		var object strings.Builder
		for i := range 4_000 {
			fmt.Fprintf(&object, `,"%d":%s`, i, element)
		}
		for _, body := range []string{list, "{" + object.String()[1:] + "}"} {
			used := memoryOf(t, body)
			if used <= int64(len(body)) {
				t.Fatalf("%.30s of %d bytes: measured only %d bytes", body, len(body), used)
			}
			_, err := jsonbody.Parse(memory.NewBudget(used-1).Context(t.Context()), body, false)
			var shortage *memory.ShortageError
			if !errors.As(err, &shortage) {
				t.Errorf("%.30s of %d bytes: uses %d bytes, but reserves less: %v", body, len(body), used, err)
			}
		}
	}
}

func memoryOf(t *testing.T, body string) int64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // The first one leaves what has a finalizer.
	runtime.ReadMemStats(&before)
	d := parse(t, body)
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(d)
	return int64(after.HeapAlloc - before.HeapAlloc)
}

func FuzzPath(f *testing.F) {
	for _, text := range []string{"$.a.b", "$..*", "$[?@.a == 1 && !@['b']]", "$[0:9:2]", "$['\\u00e4']", "$[?(@.a)]", "$[?1 == @]", "$["} {
		f.Add(text, sample)
	}
	f.Fuzz(func(t *testing.T, text, body string) {
		path, err := jsonbody.Compile(text)
		if err != nil {
			return
		}
		d, err := jsonbody.Parse(t.Context(), body, false)
		if err != nil {
			return
		}
		selected, err := d.Select(t.Context(), path)
		if path.Single && len(selected) > 1 || err != nil && selected != nil {
			t.Errorf("%q selects %d values, %v", text, len(selected), err)
		}
	})
}

func TestParseWithByteOrderMark(t *testing.T) {
	if _, err := jsonbody.Parse(t.Context(), "\ufeff[1]", false); err != nil {
		t.Errorf("got error %v", err)
	}
}
