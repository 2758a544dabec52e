package rule_test

import (
	"testing"

	"nanomon/services/common/rule"
)

func TestHint(t *testing.T) {
	const noParts = ", because an output has no parts; search in a text with =~, or set bodyRegex and use regexMatch"
	for text, want := range map[string]string{
		"status = 200":                     "write == instead of = at character 8",
		"status=200":                       "write == instead of = at character 7",
		"status === 200":                   "write == instead of === at character 8",
		"status <> 200":                    "write != instead of <> at character 8",
		"status == 200 AND respTime = 5":   "write && instead of AND at character 15",
		"status == 200 or status == 201":   "write || instead of or at character 15",
		"not (status == 500)":              "write ! instead of not at character 1",
		"body contains 'x'":                "write =~ instead of contains at character 6, as in body =~ 'text'",
		"body.contains('x')":               "write =~ instead of body.contains at character 1, as in body =~ 'text'",
		"status == 200 && body.x.y == 1":   "write json('$.x.y') instead of body.x.y at character 18",
		"body.items[0].id == 1":            "write json('$.items[0].id') instead of body.items[0].id at character 1",
		"headers.Server == 'x'":            "write header('Name') instead of headers.Server at character 1",
		"regexText.x == 1":                 "there is no regexText.x at character 1" + noParts,
		"contains(body, 'x') AND ok":       "write && instead of AND at character 21",
		"json('$.a and b') = 1 || ok":      "write == instead of = at character 19",
		"body =~ “x”":                      "write ' instead of “ at character 9",
		"body =~ 'ü = or' or status > 1":   "write || instead of or at character 18",
		"status >= 200 && status <= 299 )": "",
		"body =~ 'a and b = c' &&":         "",
		"body =~ 'a and b":                 "",
		"status == 1.5 &&":                 "",
	} {
		if _, err := rule.Compile(text, declaredOutput); err == nil {
			t.Errorf("%s is a valid rule", text)
		}
		if got := rule.Hint(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
