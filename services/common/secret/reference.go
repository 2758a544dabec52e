// Package secret keeps secrets where they belong: monitors name them by references that only a runner resolves, what a check
// finds goes on without them, and who may not see a monitor's own sees a mask.
package secret

import (
	"errors"
	"regexp"
	"strings"
)

// A reference is ${env:NAME} or ${file:/path}. Any other ${ is plain text, and $${ is a plain ${.

// part is a piece of a text: plain text, or a reference.
type part struct {
	// text is the plain text, or the reference as it is written.
	text string
	// name is what a reference is to, such as env:NAME; empty for plain text.
	name string
	// at is where a reference begins in the whole text.
	at int
}

var wellFormed = regexp.MustCompile(`^(env:[A-Za-z_][A-Za-z0-9_]*|file:(/[^/}]+)+)$`)

// parse splits a text.
func parse(text string) ([]part, error) {
	var parts []part
	plain, whole := "", len(text)
	for {
		dollar := strings.IndexByte(text, '$')
		if dollar < 0 {
			break
		}
		plain, text = plain+text[:dollar], text[dollar:]
		switch {
		case strings.HasPrefix(text, "$${"):
			plain, text = plain+"${", text[3:]
			continue
		case !strings.HasPrefix(text, "${env:") && !strings.HasPrefix(text, "${file:"):
			plain, text = plain+"$", text[1:]
			continue
		}
		end := strings.IndexByte(text, '}')
		name := text[2:max(end, 2)]
		if !wellFormed.MatchString(name) || strings.Contains(name+"/", "/../") || strings.Contains(name+"/", "/./") {
			return nil, errForm
		}
		parts = append(parts, part{text: plain}, part{text: text[:end+1], name: name, at: whole - len(text)})
		plain, text = "", text[end+1:]
	}
	return append(parts, part{text: plain + text}), nil
}

// errForm doesn't repeat what was written, which may be a secret.
var errForm = errors.New("a reference to a secret is ${env:NAME} or ${file:/path}; write $${ for a plain ${")

// fill replaces the references in a text by what value gives for them, and $${ by ${.
func fill(text string, value func(part) (string, error)) (string, error) {
	parts, err := parse(text)
	if err != nil {
		return "", err
	}
	var filled strings.Builder
	for _, p := range parts {
		if p.name != "" {
			if p.text, err = value(p); err != nil {
				return "", err
			}
		}
		filled.WriteString(p.text)
	}
	return filled.String(), nil
}

var referenceText = regexp.MustCompile(`\$\{(env|file):[^}]*\}`)

// opaque is a text of the same length in which what stands in references can't be mistaken for parts of a URL.
func opaque(text string) string {
	return referenceText.ReplaceAllStringFunc(text, func(reference string) string { return strings.Repeat("x", len(reference)) })
}
