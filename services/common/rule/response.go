package rule

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Knetic/govaluate"
	"golang.org/x/net/http/httpguts"

	"nanomon/services/common/jsonbody"
	"nanomon/services/common/memory"
	"nanomon/services/common/probe"
)

// list is a list of values in JSON. It is not a []any, because govaluate would add the next argument of a function to
// that. Errors of govaluate do not quote it.
type list []any

func (list) String() string { return "" }

// object is an object in JSON.
type object map[string]any

func (object) String() string { return "" }

// bindJSON binds the argument of the function json: a path. If it consists of names and indexes, the value of json is
// the value at the path. Otherwise it is a list of all values at the path.
func bindJSON(arguments []tokens, _ Outputs) (func(p *parameters) (any, error), error) {
	text, isText := literalText(arguments[0])
	if !isText {
		return nil, errors.New("the path must be a text in quotes")
	}
	path, err := jsonbody.Compile(text)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("value for json('%s')", text)
	return func(p *parameters) (any, error) {
		document, err := p.parsedBody()
		if err != nil {
			return nil, err
		}
		selected, err := document.Select(p.ctx, path)
		switch {
		case err != nil:
			return nil, err
		case !path.Single:
			return list(selected), nil
		case len(selected) == 0 || selected[0] == nil:
			return p.noValue(name), nil
		}
		return p.jsonValue(selected[0])
	}, nil
}

// parsedBody returns the body, which is parsed once in an evaluation.
func (p *parameters) parsedBody() (*jsonbody.Document, error) {
	if p.Document == nil && p.NoDocument == nil {
		body, _ := p.Outputs["body"].(string)
		truncated, _ := p.Outputs["bodyTruncated"].(bool)
		p.Document, p.NoDocument = jsonbody.Parse(p.ctx, body, truncated)
		if p.Parsed != nil {
			p.Parsed(p.Document, p.NoDocument)
		}
	}
	return p.Document, p.NoDocument
}

// jsonValue returns a value of a document as rules use it.
func (p *parameters) jsonValue(value any) (any, error) {
	switch value := value.(type) {
	case []any:
		return list(value), nil
	case map[string]any:
		return object(value), nil
	case string:
		return value, p.reserveQuote(value)
	}
	return value, nil
}

// reserveQuote reserves the memory of an error of govaluate that quotes a text. An evaluation ends with the first
// error, so it is reserved once for the longest text.
func (p *parameters) reserveQuote(text string) error {
	more := 3*len(text) - p.quote
	if len(text) <= freeJoined || more <= 0 {
		return nil
	}
	p.quote += more
	return memory.FromContext(p.ctx).Grow(p.ctx, more)
}

// bindHeader binds the argument of the function header: the name of a header of the response in any case. Several
// values are joined with a comma and a blank.
func bindHeader(arguments []tokens, _ Outputs) (func(p *parameters) (any, error), error) {
	name, _ := literalText(arguments[0])
	if !httpguts.ValidHeaderFieldName(name) {
		return nil, errors.New("the name of the header must be a text in quotes, without blanks")
	}
	return func(p *parameters) (any, error) {
		headers, _ := p.Outputs[probe.Headers].(http.Header)
		values := headers.Values(name)
		if len(values) == 0 {
			return p.noValue("header " + name), nil
		}
		text := strings.ToValidUTF8(strings.Join(values, ", "), "�")
		return text, p.reserveQuote(text)
	}, nil
}

// literalText returns the text that an argument is, if it is a text in quotes.
func literalText(argument tokens) (string, bool) {
	if len(argument) != 1 || argument[0].Kind != govaluate.STRING {
		return "", false
	}
	text, isText := argument[0].Value.(string)
	return text, isText
}
