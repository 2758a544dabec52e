package pattern

import (
	"errors"
	"fmt"
	"regexp/syntax"
)

const (
	// maxText is the maximum length of a pattern in bytes. It limits the memory of the parser.
	maxText = 16 << 10
	// maxSize is the maximum number of instructions of a compiled pattern. It limits its memory and the time per character.
	maxSize = 10_000
	// maxRanges is the maximum number of ranges in all character classes of a pattern. \pL has about 650.
	maxRanges = 100_000
)

// parse parses a pattern. It refuses a pattern that is too large before it is compiled, because the compiler may need
// several hundred MiB for a short text.
func parse(text string) (*syntax.Regexp, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("the regular expression is too long: it has %d bytes, at most %d are allowed",
			len(text), maxText)
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	if size := instructions(parsed); size > maxSize {
		return nil, fmt.Errorf("the regular expression is too large: it has %d instructions, at most %d are allowed; "+
			"use fewer or smaller repetitions such as {100}", size, maxSize)
	}
	if ranges(parsed) > maxRanges {
		return nil, errors.New(`the regular expression has too many character classes: use fewer classes such as \pL`)
	}
	return parsed, nil
}

// instructions returns about the number of instructions of the compiled pattern, never fewer than it has.
func instructions(re *syntax.Regexp) int {
	inner := 0
	for _, sub := range re.Sub {
		inner += instructions(sub)
	}
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCapture, syntax.OpStar:
		return inner + 2
	case syntax.OpPlus, syntax.OpQuest:
		return inner + 1
	case syntax.OpAlternate:
		return inner + len(re.Sub) - 1
	case syntax.OpConcat:
		return inner
	case syntax.OpRepeat:
		if re.Max < 0 {
			return max(re.Min, 1)*inner + 2
		}
		return re.Max*inner + re.Max - re.Min
	}
	return 1
}

// ranges returns the number of ranges in all character classes of a pattern.
func ranges(re *syntax.Regexp) int {
	count := 0
	if re.Op == syntax.OpCharClass {
		count = len(re.Rune) / 2
	}
	for _, sub := range re.Sub {
		count += ranges(sub)
	}
	return count
}
