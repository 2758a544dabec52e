package statuspage

import (
	"crypto/sha256"
	"net/http"

	"nanomon/services/common/web"
)

// Body is the content of a public response in each encoding that clients accept. The zero value is no content.
type Body struct {
	ContentType string

	sum                 [sha256.Size]byte
	plain, gzip, brotli *web.Document
}

// NewBody compresses data as well as possible, because bars that are nearly alike become half as large as with a lower
// level. An encoding that does not make it smaller is left out.
func NewBody(contentType string, data []byte) Body {
	return Body{
		ContentType: contentType, sum: sha256.Sum256(data), plain: encoded(contentType, data, web.Plain),
		gzip: encoded(contentType, data, web.Gzip), brotli: encoded(contentType, data, web.Brotli),
	}
}

func encoded(contentType string, data []byte, e web.Encoding) *web.Document {
	document, err := web.NewFile(contentType, data, e)
	if err != nil {
		panic(err) // Impossible: the levels are constant, and a buffer does not fail.
	}
	return document
}

// with returns b if it has the given content, else a new body.
func (b Body) with(contentType string, data []byte) Body {
	if !b.IsEmpty() && b.ContentType == contentType && b.sum == sha256.Sum256(data) {
		return b
	}
	return NewBody(contentType, data)
}

// IsEmpty reports whether there is no content.
func (b Body) IsEmpty() bool { return b.plain == nil }

// Serve sends the smallest content that the client accepts with its strong entity tag, or 304 without a body if the
// client has it. It sets all headers that depend on the content; the caller sets the others before.
func (b Body) Serve(w http.ResponseWriter, r *http.Request) {
	switch web.AcceptedEncoding(r) {
	case web.Brotli:
		b.brotli.Serve(w, r)
	case web.Gzip:
		b.gzip.Serve(w, r)
	default:
		b.plain.Serve(w, r)
	}
}
