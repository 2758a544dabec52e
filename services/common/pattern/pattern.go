// Package pattern compiles regular expressions that monitors contain. Their size is limited, and a search stops when
// its context ends.
package pattern

import (
	"context"
	"io"
	"regexp"
	"regexp/syntax"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"
)

const (
	// quickSteps is the maximum product of pattern size and text length for which a search does not watch its context.
	// The worst pattern takes about 5 ns for each step.
	quickSteps = 1 << 22
	// stepsPerLook is about the number of steps between two looks at the context.
	stepsPerLook = 1 << 16
)

// Pattern is a compiled regular expression in Go's syntax. Several goroutines may use it at the same time.
type Pattern struct {
	re *regexp.Regexp
	// prefix is the literal text with which every match starts.
	prefix string
	// size is the number of instructions.
	size int
}

// Compile compiles text. The error does not name the property or rule that contains it.
func Compile(text string) (*Pattern, error) {
	parsed, err := parse(text)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	prefix, _ := program.Prefix() // re.LiteralPrefix ignores a ^ before the prefix
	return &Pattern{re: re, prefix: prefix, size: len(program.Inst)}, nil
}

// Match reports whether text contains a match. The error is that of ctx.
func (p *Pattern) Match(ctx context.Context, text string) (bool, error) {
	found, err := p.find(ctx, text)
	return found != nil, err
}

// FirstGroup returns the text that the first group matches or, without groups, the whole match, and whether there is a
// match. The returned text does not keep the searched text in memory. The error is that of ctx.
func (p *Pattern) FirstGroup(ctx context.Context, text string) (string, bool, error) {
	found, err := p.find(ctx, text)
	if found == nil {
		return "", false, err
	}
	group := min(1, p.re.NumSubexp()) * 2
	if found[group] < 0 {
		return "", true, nil
	}
	return text[found[group]:found[group+1]], true, nil
}

// find returns the byte positions of the first match and its groups, or nil.
func (p *Pattern) find(ctx context.Context, text string) ([]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(text) <= quickSteps/p.size {
		return p.re.FindStringSubmatchIndex(text), nil
	}
	// Package regexp searches for the prefix itself, but not in a reader.
	start := strings.Index(text, p.prefix)
	if start < 0 {
		return nil, nil
	}
	if err := processors.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	reader := &reader{ctx: ctx, text: text[start:], period: max(1, stepsPerLook/p.size)}
	found := p.re.FindReaderSubmatchIndex(reader)
	if reader.err != nil {
		return nil, reader.err
	}
	processors.Release(1)
	for i := range found {
		if found[i] >= 0 {
			found[i] += start
		}
	}
	return found, nil
}

// processors limits the number of long searches that run at the same time to half of the processors. Otherwise, many slow
// patterns would delay the checks of other monitors, the store and the API.
var processors = semaphore.NewWeighted(int64(max(1, runtime.GOMAXPROCS(0)/2)))

// reader reads text until its context ends. Its search has one of the processors, and lets other searches continue from
// time to time.
type reader struct {
	ctx  context.Context
	text string
	// period is the number of characters between two looks at the context.
	period, read int
	// err is the error of the context, if it ended before the text. The search then has no processor.
	err error
}

// ReadRune implements [io.RuneReader].
func (r *reader) ReadRune() (rune, int, error) {
	if r.read++; r.err == nil && r.read%r.period == 0 {
		processors.Release(1)
		r.err = processors.Acquire(r.ctx, 1)
	}
	if r.err != nil || r.text == "" {
		return 0, 0, io.EOF
	}
	char, size := rune(r.text[0]), 1
	if char >= utf8.RuneSelf {
		char, size = utf8.DecodeRuneInString(r.text)
	}
	r.text = r.text[size:]
	return char, size, nil
}
