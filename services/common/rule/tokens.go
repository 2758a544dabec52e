package rule

import (
	"errors"
	"fmt"
	"strings"

	"github.com/Knetic/govaluate"
)

// noElement is a name that has no value in any check, so that it equals nothing. Together with the
// marker of a literal it starts with a character that no rule may contain.
const noElement = "\x00none"

// tokenize splits a rule. Each string literal goes through the parser as a name that stands for it, because
// the parser would read some texts as dates.
func tokenize(text string) ([]govaluate.ExpressionToken, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("it is empty")
	}
	if strings.ContainsRune(text, 0) {
		return nil, errors.New("it contains a NUL character")
	}
	withoutLiterals, literals, err := extractLiterals(text)
	if err != nil {
		return nil, err
	}
	expression, err := govaluate.NewEvaluableExpression(withoutLiterals)
	if err != nil {
		return nil, plain(err)
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

// extractLiterals replaces every quoted text by a bracketed name and returns the texts by
// these names. A literal ends at the quote that it began with; a backslash makes the next
// character plain. Names in brackets are left as they are.
func extractLiterals(text string) (string, map[string]string, error) {
	var replaced strings.Builder
	literals := make(map[string]string)
	characters := []rune(text)
	for i := 0; i < len(characters); i++ {
		switch c := characters[i]; c {
		case '\'', '"':
			literal, end := readUntil(characters, i+1, c)
			if end < 0 {
				return "", nil, fmt.Errorf("the text that starts with %c at character %d has no end", c, i+1)
			}
			name := fmt.Sprintf("\x00%d", len(literals))
			literals[name] = literal
			replaced.WriteString("[" + name + "]")
			i = end
		case '[':
			_, end := readUntil(characters, i+1, ']')
			if end < 0 {
				return "", nil, fmt.Errorf("the [ at character %d has no ]", i+1)
			}
			replaced.WriteString(string(characters[i : end+1]))
			i = end
		default:
			replaced.WriteRune(c)
		}
	}
	return replaced.String(), literals, nil
}

// readUntil reads up to the end character and returns what is before it, unescaped, and its place, -1 if
// there is none.
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

// completeLists adds to every IN list of one element a second one that equals nothing, because
// the parser takes a single one for a value in parentheses.
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

// singleElementEnd finds the closing parenthesis of the list that opens at start, if it has
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
