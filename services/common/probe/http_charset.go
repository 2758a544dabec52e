package probe

import (
	"context"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"

	"nanomon/services/common/memory"
)

// toUTF8 returns the content in UTF-8, without a byte order mark. It reserves the memory of the copy. It keeps invalid
// UTF-8. The error is an [undecodableError], a [memory.ShortageError] or the error of ctx.
func (b body) toUTF8(ctx context.Context) (string, error) {
	if b.undecodable != nil {
		return "", b.undecodable
	}
	text := b.text
	from, err := b.charset()
	if err == nil && from != nil {
		// A character has at most three bytes for each byte of another charset.
		reader := transform.NewReader(strings.NewReader(text), from.NewDecoder())
		text, err = readText(ctx, reader, 3*len(text))
	}
	return strings.TrimPrefix(text, "\uFEFF"), err
}

// charset returns the charset of the content, or nil if the content can be used as UTF-8. As in a browser, a byte order
// mark takes precedence over the header, and the header over a declaration in the content. UTF-16 needs no declaration.
func (b body) charset() (encoding.Encoding, error) {
	start := b.text[:min(len(b.text), 1024)]
	found, name, certain := charset.DetermineEncoding([]byte(start), b.contentType)
	label := declaredCharset(b.contentType, start)
	switch {
	case strings.HasPrefix(start, "\xff\xfe\x00\x00"), strings.HasPrefix(start, "\x00\x00\xfe\xff"):
		found, name, label = nil, "", "utf-32"
	case certain:
	case label != "":
		found, name = charset.Lookup(label)
	case utf16LE.MatchString(start):
		found, name = charset.Lookup("utf-16le")
	case utf16BE.MatchString(start):
		found, name = charset.Lookup("utf-16be")
	case !isText(b.contentType), name == "windows-1252" && b.isUTF8():
		return nil, nil
	}
	doubtful := found == nil || strings.HasPrefix(name, "utf-16") // Many programs declare UTF-16 and send UTF-8.
	switch {
	case name == "utf-8", doubtful && b.isUTF8() && !strings.Contains(b.text, "\x00"):
		return nil, nil
	case found == nil, name == "replacement":
		return nil, undecodableError("the charset " + quote(label) + " is not supported")
	}
	return found, nil
}

// utf16LE and utf16BE match content that begins with two ASCII characters in UTF-16.
var (
	utf16LE = regexp.MustCompile(`^(?:[\t-\r -~]\x00){2}`)
	utf16BE = regexp.MustCompile(`^(?:\x00[\t-\r -~]){2}`)
)

var xmlCharset = regexp.MustCompile(`^<\?xml[^>]*\sencoding\s*=\s*["']([^"'>]+)["']`)

// declaredCharset returns the charset in the header, or else in the XML declaration at the start of the content.
func declaredCharset(contentType, start string) string {
	_, parameters, _ := mime.ParseMediaType(contentType)
	label := parameters["charset"]
	if match := xmlCharset.FindStringSubmatch(start); label == "" && match != nil {
		return match[1]
	}
	return label
}

// isText reports whether the content may be in a charset that is not declared in the header.
func isText(contentType string) bool {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	return strings.HasPrefix(mediaType, "text/") || mediaType == "application/xhtml+xml"
}

// isUTF8 reports whether the content is valid UTF-8. Its last character may be incomplete if it is truncated.
func (b body) isUTF8() bool {
	text := b.text
	for n := 1; b.truncated && n < utf8.UTFMax && n <= len(text); n++ {
		if last := text[len(text)-n:]; utf8.RuneStart(last[0]) && !utf8.FullRuneInString(last) {
			text = text[:len(text)-n]
			break
		}
	}
	return utf8.ValidString(text)
}

// validText returns text as valid UTF-8. It reserves the memory of the copy, of which the largest part is a buffer that
// grows.
func validText(ctx context.Context, text string) (string, error) {
	if utf8.ValidString(text) {
		return text, nil
	}
	if len(text) > chunkSize {
		if err := memory.FromContext(ctx).Grow(ctx, 3*len(text)); err != nil {
			return "", err
		}
	}
	return validUTF8(text), nil
}
