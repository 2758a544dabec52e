package rule

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// length is the function len: the number of characters of a text, of elements of a list or of members of an object. It
// is 0 for an output without a value.
func length(p *parameters, arguments []any) (any, error) {
	switch value := arguments[0].(type) {
	case string:
		return float64(utf8.RuneCountInString(value)), nil
	case list:
		return float64(len(value)), nil
	case []any:
		return float64(len(value)), nil
	case object:
		return float64(len(value)), nil
	case *noValue:
		p.accept(value)
		return 0.0, nil
	}
	return nil, plainError("len needs a text, a list or an object")
}

// contains is the function contains: whether a text contains another one, or a list a value. An output without a value
// contains nothing.
func contains(p *parameters, arguments []any) (any, error) {
	in, value := arguments[0], arguments[1]
	if found, isList, err := p.isElement(value, in); isList || err != nil {
		return found, err
	}
	p.accept(in, value)
	_, hasNoValue := in.(*noValue)
	_, isNoValue := value.(*noValue)
	if hasNoValue || isNoValue {
		return false, nil
	}
	text, isText := in.(string)
	part, areTexts := value.(string)
	if !isText || !areTexts {
		return nil, plainError("contains needs two texts, or a list and a value")
	}
	return strings.Contains(text, part), nil
}

// lower is the function lower: a text in lower case.
func lower(p *parameters, arguments []any) (any, error) {
	text, isText := arguments[0].(string)
	if _, hasNoValue := arguments[0].(*noValue); hasNoValue {
		return arguments[0], nil
	}
	if !isText {
		return nil, plainError("lower needs a text")
	}
	if err := p.reserveText(len(text), "the rule makes more than 16 MiB of text with lower"); err != nil {
		return nil, err
	}
	return strings.ToLower(text), p.reserveQuote(text)
}

// dateLayouts lists the forms of dates that days reads. Without a time zone, a date is in UTC. Other names of zones
// than GMT are not read, because they have no fixed meaning.
var dateLayouts = []string{
	time.RFC3339, time.DateOnly, time.DateTime, "2006-01-02T15:04:05",
	"Mon, 02 Jan 2006 15:04:05 GMT", time.RFC1123Z, "Jan _2 15:04:05 2006 GMT",
}

// days is the function days: the days from the check until a date, negative if it has passed. The date is a text in one
// of [dateLayouts], or the seconds since 1970.
func days(p *parameters, arguments []any) (any, error) {
	now := float64(p.Date.UnixMilli()) / 1000
	switch value := arguments[0].(type) {
	case *noValue:
		return value, nil
	case float64:
		return (value - now) / secondsPerDay, nil
	case string:
		if date, ok := parseDate(value); ok {
			return (float64(date.UnixMilli())/1000 - now) / secondsPerDay, nil
		}
		return nil, plainError("days can't read the date: it needs one such as 2026-12-31 or 2026-12-31T23:59:59Z")
	}
	return nil, plainError("days needs a date")
}

const secondsPerDay = 24 * 60 * 60

func parseDate(text string) (time.Time, bool) {
	if len(text) > 100 {
		return time.Time{}, false
	}
	var date time.Time
	return date, slices.ContainsFunc(dateLayouts, func(layout string) bool {
		var err error
		date, err = time.Parse(layout, strings.TrimSpace(text))
		return err == nil
	})
}

// wholeNumber returns the number that a literal is, if it is a whole one.
func wholeNumber(literal tokens) (int, bool) {
	value, isNumber := number(literal)
	if !isNumber || value != math.Trunc(value) || math.Abs(value) > math.MaxInt32 {
		return 0, false
	}
	return int(value), true
}
