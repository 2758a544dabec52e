package web

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzhttp"

	"nanomon/services/common/monitor"
)

// EntityTag returns a strong entity tag for a document. It depends on the JSON of the document only, so all replicas of a
// service have the same.
func EntityTag(document any) (string, error) {
	data, err := Encode(document)
	if err != nil {
		return "", fmt.Errorf("encode document: %w", err)
	}
	sum := sha256.Sum256(data)
	return fmt.Sprintf(`"%x"`, sum[:16]), nil
}

// SetEntityTag sets the header ETag of a response. [Compress] does not compress the response then, because compressed
// content needs another strong tag.
func SetEntityTag(w http.ResponseWriter, tag string) {
	w.Header().Set("ETag", tag)
	w.Header().Set(gzhttp.HeaderNoCompression, "1")
}

// NotModified responds with 304 and reports true if the client has the content with the given tag. The header ETag must be
// set already.
func NotModified(w http.ResponseWriter, r *http.Request, tag string) bool {
	for known := range strings.SplitSeq(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

// IfMatch is the condition that the header If-Match of a request contains. The zero value is always met.
type IfMatch struct {
	// OfVersion reports whether the client names versions. Otherwise it sends no condition, or only the condition that the
	// document exists.
	OfVersion bool
	// tags are the strong entity tags.
	tags []string
}

var (
	// nextTag matches the first entity tag of a list, or an empty element, and the comma after it.
	nextTag = regexp.MustCompile(`^[ \t]*(?:(W/)?("[\x21\x23-\x7e\x80-\xff]*"))?[ \t]*(?:,|$)`)
	// malformedIfMatch is the error for any other text.
	malformedIfMatch = monitor.Invalid("the header If-Match is malformed",
		`Send the ETag of the document with its quotes, such as If-Match: "0123abcd".`)
)

// ParseIfMatch parses the header If-Match. The error is a [monitor.InvalidError].
func ParseIfMatch(r *http.Request) (IfMatch, error) {
	values := r.Header.Values("If-Match")
	list := strings.Join(values, ",")
	if len(values) == 0 || strings.Trim(list, " \t") == "*" {
		return IfMatch{}, nil
	}
	condition, found := IfMatch{OfVersion: true}, false
	for rest := list; rest != ""; {
		match := nextTag.FindStringSubmatch(rest)
		if match == nil {
			return IfMatch{}, malformedIfMatch
		}
		rest, found = rest[len(match[0]):], found || match[2] != ""
		if match[1] == "" && match[2] != "" { // A weak tag never matches.
			condition.tags = append(condition.tags, match[2])
		}
	}
	if !found {
		return IfMatch{}, malformedIfMatch
	}
	return condition, nil
}

// Names reports whether the client names the version with one of the given tags.
func (c IfMatch) Names(tags ...string) bool {
	return slices.ContainsFunc(tags, func(tag string) bool { return slices.Contains(c.tags, tag) })
}
