package rule

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/Knetic/govaluate"
)

// noElement is the name of an output that no check produces, so that it equals nothing. It starts with a character that
// no rule may contain, like the names of literals.
const noElement = "\x00none"

// tokenize splits a rule into tokens. It hides string literals from the parser behind names, because the parser would
// read some of them as dates.
func tokenize(text string) (tokens, error) {
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
	expression, err := govaluate.NewEvaluableExpressionWithFunctions(withoutLiterals, parserFunctions())
	if err != nil {
		return nil, syntaxError(err, literals)
	}
	parsed := expression.Tokens()
	for i, t := range parsed {
		name, isName := t.Value.(string)
		if literal, isLiteral := literals[name]; isName && isLiteral && t.Kind == govaluate.VARIABLE {
			parsed[i] = token{Kind: govaluate.STRING, Value: literal}
		}
		if function, isFunction := t.Value.(govaluate.ExpressionFunction); isFunction {
			name, _ := function()
			parsed[i].Value = name
		}
	}
	return parsed, nil
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
		if name, isUndefined := strings.CutPrefix(err.Error(), "undefined function "); isUndefined {
			return undefinedFunction(name)
		}
		return err
	}
	show := func(kind, value string) string {
		literal, isLiteral := literals[value]
		switch {
		case isLiteral:
			return "'" + literal + "'"
		case kind == govaluate.FUNCTION.String():
			return "function"
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

// undefinedFunction returns the error about a call of a function that does not exist.
func undefinedFunction(name string) error {
	if f, isOtherCase := functions[strings.ToLower(name)]; isOtherCase {
		return fmt.Errorf("undefined function %s: write it as in %s", name, f.form)
	}
	return fmt.Errorf("undefined function %s: the functions are %s", name, functionNames())
}

// checkOrder returns an error for expressions of which the parser ignores a part: it accepts a value after a
// parenthesis, parentheses that are closed before they are opened, and operators without an operand.
func checkOrder(expression tokens) error {
	open := []int{0} // the number of ? without a : at each level of parentheses
	for i, t := range expression {
		var previous token
		if i > 0 {
			previous = expression[i-1]
		}
		afterValue := i > 0 && precedence(previous) == 0 && previous.Kind != govaluate.PREFIX &&
			previous.Kind != govaluate.CLAUSE && previous.Kind != govaluate.FUNCTION
		top := len(open) - 1
		switch {
		case t.Kind == govaluate.CLAUSE_CLOSE && previous.Kind == govaluate.CLAUSE:
			if i > 1 && expression[i-2].Kind == govaluate.FUNCTION {
				return wrongArguments(shown(expression[i-2]), 0)
			}
			return errors.New("the parentheses ( ) are empty")
		case i > 0 && afterValue != (precedence(t) > 0 || t.Kind == govaluate.CLAUSE_CLOSE):
			return fmt.Errorf("unexpected %s after %s", shown(t), shown(previous))
		case t.Kind == govaluate.CLAUSE:
			open = append(open, 0)
		case t.Kind == govaluate.CLAUSE_CLOSE && top == 0:
			return errors.New("unbalanced parenthesis")
		case t.Kind == govaluate.CLAUSE_CLOSE:
			open = open[:top]
		case t.Kind == govaluate.TERNARY && t.Value == "?":
			open[top]++
		case t.Kind == govaluate.TERNARY && t.Value == ":":
			if open[top]--; open[top] < 0 {
				return errors.New("unexpected : without ?")
			}
		}
	}
	return nil
}

// shown returns a token as the user wrote it.
func shown(t token) string {
	switch t.Kind {
	case govaluate.CLAUSE:
		return "("
	case govaluate.CLAUSE_CLOSE:
		return ")"
	case govaluate.STRING:
		return fmt.Sprintf("'%s'", t.Value)
	}
	return fmt.Sprint(t.Value)
}

// extractLiterals replaces every string literal by a name in brackets, and returns the literals by name. A literal
// starts and ends with the same quote; a backslash escapes the next character. Names in brackets stay unchanged. The
// name of a function without a parenthesis after it is put into brackets, which makes it the name of an output.
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
			end := i + wordLength(characters[i:])
			if end == i {
				replaced.WriteRune(c)
				break
			}
			replaced.WriteString(outputName(string(characters[i:end]), characters[end:]))
			i = end - 1
		}
	}
	return replaced.String(), literals, nil
}

// wordLength returns the length of the name with which characters start, or 0.
func wordLength(characters []rune) int {
	end := slices.IndexFunc(characters, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' })
	if end < 0 {
		end = len(characters)
	}
	if end > 0 && !unicode.IsLetter(characters[0]) {
		return 0
	}
	return end
}

// outputName returns a name in brackets if it is a function that is not called. next are the characters after the name.
func outputName(name string, next []rune) string {
	if _, isFunction := functions[name]; !isFunction {
		return name
	}
	for len(next) > 0 && unicode.IsSpace(next[0]) {
		next = next[1:]
	}
	if len(next) > 0 && next[0] == '(' {
		return name
	}
	return "[" + name + "]"
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
func completeLists(expression tokens) tokens {
	completed := make(tokens, 0, len(expression)+2)
	ends := make(map[int]bool)
	for i, t := range expression {
		if t.Kind == govaluate.COMPARATOR && t.Value == "in" {
			if end, single := singleElementEnd(expression, i+1); single {
				ends[end] = true
			}
		}
		if ends[i] {
			completed = append(completed,
				token{Kind: govaluate.SEPARATOR, Value: ","},
				token{Kind: govaluate.VARIABLE, Value: noElement})
		}
		completed = append(completed, t)
	}
	return completed
}

// singleElementEnd returns the index of the closing parenthesis of the list that starts at start, if the list has
// exactly one element.
func singleElementEnd(expression tokens, start int) (int, bool) {
	depth := 0
	for i := start; i < len(expression); i++ {
		switch expression[i].Kind {
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
