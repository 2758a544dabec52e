package statuspage

import (
	"net/http"

	"nanomon/services/common/web"
)

// Body is the content of a public response in each encoding that clients accept. The zero value is no content.
type Body struct {
	ContentType string

	plain, gzip, brotli *web.Document
}

// NewBody compresses data. An encoding that does not make it smaller is left out.
func NewBody(contentType string, data []byte) (Body, error) {
	b := Body{ContentType: contentType}
	for encoding, document := range map[web.Encoding]**web.Document{
		web.Plain: &b.plain, web.Gzip: &b.gzip, web.Brotli: &b.brotli,
	} {
		var err error
		if *document, err = web.NewDocument(contentType, data, encoding); err != nil {
			return Body{}, err
		}
	}
	return b, nil
}

// IsEmpty reports whether there is no content.
func (b Body) IsEmpty() bool { return b.plain == nil }

// Serve sends the smallest content that the client accepts with its strong entity tag, or 304 without a body if the
// client has it. It sends all headers that depend on the content; the caller sets the others before.
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
