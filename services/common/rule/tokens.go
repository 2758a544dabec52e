package rule

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/Knetic/govaluate"
)

// noElement is the name of an output that no check produces, so that it equals nothing. It starts with a character that
// no rule may contain, like the names of literals.
const noElement = "\x00none"

// tokenize splits a rule into tokens. It hides string literals from the parser behind names, because the parser would
// read some of them as dates.
func tokenize(text string) ([]govaluate.ExpressionToken, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("the expression is empty")
	}
	if strings.ContainsRune(text, 0) {
		return nil, errors.New("the expression contains a NUL character")
	}
	withoutLiterals, literals, err := extractLiterals(text)
	if err != nil {
		return nil, err
	}
	expression, err := govaluate.NewEvaluableExpression(withoutLiterals)
	if err != nil {
		return nil, syntaxError(err, literals)
	}
	tokens := expression.Tokens()
	for i, token := range tokens {
		name, isName := token.Value.(string)
		if literal, isLiteral := literals[name]; isName && isLiteral && token.Kind == govaluate.VARIABLE {
			tokens[i] = govaluate.ExpressionToken{Kind: govaluate.STRING, Value: literal}
		}
	}
	return tokens, nil
}

// wrongOrder matches the error of the parser about two tokens that may not follow each other.
var wrongOrder = regexp.MustCompile(`(?s)^Cannot transition token types from (\w+) \[(.*)\] to (\w+) \[(.*)\]$`)

// syntaxError returns an error of the parser in plain words.
func syntaxError(err error, literals map[string]string) error {
	match := wrongOrder.FindStringSubmatch(err.Error())
	if match == nil {
		err = lowerFirst(err)
		if err.Error() == "invalid token: '='" {
			return fmt.Errorf("%w: use == to compare", err)
		}
		return err
	}
	show := func(kind, value string) string {
		literal, isLiteral := literals[value]
		switch {
		case isLiteral:
			return "'" + literal + "'"
		case kind == govaluate.CLAUSE.String():
			return "("
		case kind == govaluate.CLAUSE_CLOSE.String():
			return ")"
		}
		return value
	}
	if match[1] == govaluate.UNKNOWN.String() {
		return fmt.Errorf("unexpected %s at the start", show(match[3], match[4]))
	}
	return fmt.Errorf("unexpected %s after %s", show(match[3], match[4]), show(match[1], match[2]))
}

// extractLiterals replaces every string literal by a name in brackets, and returns the literals by name. A literal
// starts and ends with the same quote; a backslash escapes the next character. Names in brackets stay unchanged.
func extractLiterals(text string) (string, map[string]string, error) {
	var replaced strings.Builder
	literals := make(map[string]string)
	characters := []rune(text)
	for i := 0; i < len(characters); i++ {
		switch c := characters[i]; c {
		case '\'', '"':
			literal, end := readUntil(characters, i+1, c)
			if end < 0 {
				return "", nil, fmt.Errorf("the string that starts with %c at character %d is not terminated", c, i+1)
			}
			name := fmt.Sprintf("\x00%d", len(literals))
			literals[name] = literal
			replaced.WriteString("[" + name + "]")
			i = end
		case '[':
			_, end := readUntil(characters, i+1, ']')
			if end < 0 {
				return "", nil, fmt.Errorf("the [ at character %d has no closing ]", i+1)
			}
			replaced.WriteString(string(characters[i : end+1]))
			i = end
		default:
			replaced.WriteRune(c)
		}
	}
	return replaced.String(), literals, nil
}

// readUntil returns the unescaped text before the end character and the index of the end character, or -1 if there is
// none.
func readUntil(characters []rune, from int, end rune) (string, int) {
	var content strings.Builder
	for i := from; i < len(characters); i++ {
		switch characters[i] {
		case end:
			return content.String(), i
		case '\\':
			if i++; i == len(characters) {
				return "", -1
			}
		}
		content.WriteRune(characters[i])
	}
	return "", -1
}

// completeLists adds a second element, which equals nothing, to every IN list of one element, because the parser would
// read a list of one element as a value in parentheses.
func completeLists(tokens []govaluate.ExpressionToken) []govaluate.ExpressionToken {
	completed := make([]govaluate.ExpressionToken, 0, len(tokens)+2)
	ends := make(map[int]bool)
	for i, token := range tokens {
		if token.Kind == govaluate.COMPARATOR && token.Value == "in" {
			if end, single := singleElementEnd(tokens, i+1); single {
				ends[end] = true
			}
		}
		if ends[i] {
			completed = append(completed,
				govaluate.ExpressionToken{Kind: govaluate.SEPARATOR, Value: ","},
				govaluate.ExpressionToken{Kind: govaluate.VARIABLE, Value: noElement})
		}
		completed = append(completed, token)
	}
	return completed
}

// singleElementEnd returns the index of the closing parenthesis of the list that starts at start, if the list has
// exactly one element.
func singleElementEnd(tokens []govaluate.ExpressionToken, start int) (int, bool) {
	depth := 0
	for i := start; i < len(tokens); i++ {
		switch tokens[i].Kind {
		case govaluate.CLAUSE:
			depth++
		case govaluate.CLAUSE_CLOSE:
			if depth--; depth == 0 {
				return i, i > start+1
			}
		case govaluate.SEPARATOR:
			if depth == 1 {
				return 0, false
			}
		}
		if depth == 0 {
			return 0, false
		}
	}
	return 0, false
}
