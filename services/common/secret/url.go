package secret

import (
	"net/url"
	"strings"
)

// urlParts are offsets in the text of a URL.
type urlParts struct {
	// userStart and userEnd bound the user information, without its @; they are the same where there is none.
	userStart, userEnd int
	// hostEnd is where path, query or fragment begin.
	hostEnd int
	// queryStart and queryEnd bound the query, without its ?.
	queryStart, queryEnd int
}

// splitURL finds the parts of an absolute URL, be it valid or not; false when text is none. References count as letters.
func splitURL(text string) (urlParts, bool) {
	text = opaque(text)
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
	p.queryEnd = len(text)
	if fragment := strings.IndexByte(text[p.hostEnd:], '#'); fragment >= 0 {
		p.queryEnd = p.hostEnd + fragment
	}
	p.queryStart = p.queryEnd
	if query := strings.IndexByte(text[p.hostEnd:p.queryEnd], '?'); query >= 0 {
		p.queryStart = p.hostEnd + query + 1
	}
	return p, true
}

// escape is a text as any part of a URL may hold it.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// fillTarget is fill, but in a URL what stands before or after the host is escaped.
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

// userText is the user information of a URL, empty where there is none.
func userText(target string) string {
	parts, _ := splitURL(target)
	return target[parts.userStart:parts.userEnd]
}
