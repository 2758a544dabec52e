package secret

import (
	"fmt"
	"net/url"
	"strings"
)

// urlParts holds byte offsets in the text of a URL.
type urlParts struct {
	// userStart and userEnd bound the user information, without the @; they are equal if there is none.
	userStart, userEnd int
	// hostEnd is the end of the host, where the path, query or fragment begins.
	hostEnd int
	// queryStart and queryEnd bound the query, without the ?.
	queryStart, queryEnd int
	// fragmentStart and fragmentEnd bound the fragment, without the #.
	fragmentStart, fragmentEnd int
}

// splitURL returns the parts of an absolute URL, which need not be valid, or false if text is not an absolute URL.
// References may contain any character.
func splitURL(text string) (urlParts, bool) {
	text = hideReferences(text)
	scheme := strings.Index(text, "://")
	if scheme < 0 {
		return urlParts{}, false
	}
	p := urlParts{userStart: scheme + 3}
	p.userEnd, p.hostEnd = p.userStart, len(text)
	if end := strings.IndexAny(text[p.userStart:], "/?#"); end >= 0 {
		p.hostEnd = p.userStart + end
	}
	if at := strings.LastIndexByte(text[p.userStart:p.hostEnd], '@'); at >= 0 {
		p.userEnd = p.userStart + at
	}
	p.queryEnd, p.fragmentStart, p.fragmentEnd = len(text), len(text), len(text)
	if fragment := strings.IndexByte(text[p.hostEnd:], '#'); fragment >= 0 {
		p.queryEnd = p.hostEnd + fragment
		p.fragmentStart = p.queryEnd + 1
	}
	p.queryStart = p.queryEnd
	if query := strings.IndexByte(text[p.hostEnd:p.queryEnd], '?'); query >= 0 {
		p.queryStart = p.hostEnd + query + 1
	}
	return p, true
}

// escape escapes a text for any part of a URL.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// EscapeURL escapes the characters that a path or a query may not contain, such as blanks, quotes and letters outside of
// ASCII. It keeps escapes.
func EscapeURL(text string) string {
	var escaped strings.Builder
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&escaped, "%%%02X", c)
		} else {
			escaped.WriteByte(c)
		}
	}
	return escaped.String()
}

// fillTarget replaces the references in a target; see fill. In a URL it escapes the values, except in the host.
func fillTarget(target string, value func(part) (string, error)) (string, error) {
	parts, isURL := splitURL(target)
	return fill(target, func(p part) (string, error) {
		text, err := value(p)
		if isURL && (p.at >= parts.userStart && p.at < parts.userEnd || p.at >= parts.hostEnd) {
			text = escape(text)
		}
		return text, err
	})
}

// userText returns the user information of a URL, or an empty string.
func userText(target string) string {
	parts, _ := splitURL(target)
	return target[parts.userStart:parts.userEnd]
}
