// Package secret protects secrets in monitors. Monitors contain references to secrets, which only runners resolve.
// Results contain no secrets. Clients without permission see placeholders for the secrets that a monitor contains.
package secret

import (
	"errors"
	"regexp"
	"strings"
)

// A reference is ${env:NAME} or ${file:/path}. Any other ${ is plain text; $${ is an escaped ${.

// part is a part of a text: plain text or a reference.
type part struct {
	// text is the plain text, or the whole reference.
	text string
	// name is the name of the secret, such as env:NAME; empty for plain text.
	name string
	// at is the offset of a reference in the whole text.
	at int
}

var validName = regexp.MustCompile(`^(env:[A-Za-z_][A-Za-z0-9_]*|file:(/[^/}]+)+)$`)

// parse splits a text into parts.
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
		if !validName.MatchString(name) || strings.Contains(name+"/", "/../") || strings.Contains(name+"/", "/./") {
			return nil, errInvalidReference
		}
		parts = append(parts, part{text: plain}, part{text: text[:end+1], name: name, at: whole - len(text)})
		plain, text = "", text[end+1:]
	}
	return append(parts, part{text: plain + text}), nil
}

// errInvalidReference doesn't quote the reference, which may contain a secret.
var errInvalidReference = errors.New(
	"invalid reference to a secret: use ${env:NAME} or ${file:/path}, and $${ for a literal ${")

// fill replaces each reference in a text by the result of value, and $${ by ${.
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

// hideReferences replaces references by the same number of letters, so that their characters are not parsed as parts of
// a URL.
func hideReferences(text string) string {
	return referenceText.ReplaceAllStringFunc(text, func(reference string) string {
		return strings.Repeat("x", len(reference))
	})
}
