package rule

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// mistake is something that people write in rules because other languages have it.
type mistake struct {
	// pattern has one group: the part of the rule that is wrong.
	pattern *regexp.Regexp
	// advice has verbs for that part, its position, and the part after its first name.
	advice string
}

var mistakes = []mistake{
	{regexp.MustCompile(`(===)`), "write == instead of %[1]s at character %[2]d"},
	{regexp.MustCompile(`(<>)`), "write != instead of %[1]s at character %[2]d"},
	{regexp.MustCompile(`(?:^|[^=!<>])(=)(?:[^=~]|$)`), "write == instead of %[1]s at character %[2]d"},
	{regexp.MustCompile(`(?i)\b(and)\b`), "write && instead of %[1]s at character %[2]d"},
	{regexp.MustCompile(`(?i)\b(or)\b`), "write || instead of %[1]s at character %[2]d"},
	{regexp.MustCompile(`(?i)\b(not)\b`), "write ! instead of %[1]s at character %[2]d"},
	{regexp.MustCompile(`([“”„‘’])`), "write ' instead of %[1]s at character %[2]d"},
	{
		regexp.MustCompile(`(?i)\b((?:\w+\.)(?:contains|includes|matches|like))\b`),
		"write =~ instead of %[1]s at character %[2]d, as in body =~ 'text'",
	},
	{
		regexp.MustCompile(`(?i)\b(contains|includes|matches|like)\b(?:\s*[^\s(]|\s*$)`),
		"write =~ instead of %[1]s at character %[2]d, as in body =~ 'text'",
	},
	{
		regexp.MustCompile(`\b(body(?:\.[A-Za-z_]\w*|\[\d+\])+)`),
		"write json('$%[3]s') instead of %[1]s at character %[2]d",
	},
	{regexp.MustCompile(`\b(headers?\.\w+)`), "write header('Name') instead of %[1]s at character %[2]d"},
	{
		regexp.MustCompile(`\b([A-Za-z_]\w*(?:\.\w+)+)`),
		"there is no %[1]s at character %[2]d, because an output has no parts; " +
			"search in a text with =~, or set bodyRegex and use regexMatch",
	},
}

// literal matches a text in quotes, also an unfinished one, and a name in brackets, but not an index.
var literal = regexp.MustCompile(`(?s)'(?:\\.|[^'\\])*(?:'|$)|"(?:\\.|[^"\\])*(?:"|$)|\[(?:\]|[^\]\d][^\]]*(?:\]|$))`)

// Hint returns what to write instead of the first usual mistake in a rule that is not valid, and where the mistake is;
// empty if there is none.
func Hint(text string) string {
	code := literal.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat(" ", len(s)) })
	first, hint := len(code), ""
	for _, m := range mistakes {
		found := m.pattern.FindStringSubmatchIndex(code)
		if found == nil || found[2] >= first {
			continue
		}
		first = found[2]
		part := code[found[2]:found[3]]
		rest := part[max(0, strings.IndexAny(part, ".[")):]
		hint = fmt.Sprintf(m.advice, part, utf8.RuneCountInString(text[:found[2]])+1, rest)
	}
	return hint
}
