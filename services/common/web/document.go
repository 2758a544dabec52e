package web

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/andybalholm/brotli/matchfinder"
	"github.com/klauspost/compress/gzip"
)

// Encoding is a content coding; empty for none.
type Encoding string

// The encodings, as Accept-Encoding names them.
const (
	Plain  Encoding = ""
	Gzip   Encoding = "gzip"
	Brotli Encoding = "br"
)

// The levels of compression. A file is compressed once, so that may take longer.
const (
	gzipLevel     = 8
	gzipFileLevel = gzip.BestCompression
)

// AcceptedEncoding returns the encoding with the smallest result that the client accepts.
func AcceptedEncoding(r *http.Request) Encoding {
	for _, e := range []Encoding{Brotli, Gzip} {
		if Accepts(r, e) {
			return e
		}
	}
	return Plain
}

// Accepts reports whether the client names an encoding in Accept-Encoding, with a weight above 0.
func Accepts(r *http.Request, e Encoding) bool {
	header := strings.Join(r.Header.Values("Accept-Encoding"), ",")
	for item := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(name), string(e)) {
			q, given := strings.CutPrefix(strings.ToLower(strings.TrimSpace(params)), "q=")
			weight, err := strconv.ParseFloat(q, 64)
			return !given || err == nil && weight > 0
		}
	}
	return false
}

// Document is a response that is encoded once and sent often.
type Document struct {
	contentType, tag string
	encoding         Encoding
	data             []byte
}

// NewDocument compresses data quickly and keeps only the result. The entity tag depends on the data and the encoding only,
// so all replicas of a service have the same. Data that compression does not make smaller is not encoded.
func NewDocument(contentType string, data []byte, e Encoding) (*Document, error) {
	return compressed(contentType, data, e, gzipLevel)
}

// NewFile is like [NewDocument], for data that never changes: compression takes longer, and the result is smaller.
func NewFile(contentType string, data []byte, e Encoding) (*Document, error) {
	return compressed(contentType, data, e, gzipFileLevel)
}

// NewBrotliFile is like [NewFile] with [Brotli], for data that is already compressed.
func NewBrotliFile(contentType string, data, brotli []byte) *Document {
	return newDocument(contentType, data, Brotli, brotli)
}

func compressed(contentType string, data []byte, e Encoding, gzipLevel int) (*Document, error) {
	if e == Plain {
		return newDocument(contentType, data, e, nil), nil
	}
	var encoded bytes.Buffer
	writer, err := newCompressor(&encoded, e, gzipLevel)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(data); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return newDocument(contentType, data, e, encoded.Bytes()), nil
}

func newDocument(contentType string, data []byte, e Encoding, encoded []byte) *Document {
	sum := sha256.Sum256(data)
	d := &Document{contentType: contentType, tag: fmt.Sprintf(`"%x"`, sum[:16])}
	if e != Plain && len(encoded) < len(data) {
		d.tag, d.encoding, data = fmt.Sprintf(`"%x-%s"`, sum[:16], e), e, encoded
	}
	d.data = bytes.Clone(data) // without the unused rest of the buffer
	return d
}

// newCompressor does not use brotli.NewWriter, which needs 0.7 MB in the programs.
func newCompressor(w io.Writer, e Encoding, gzipLevel int) (io.WriteCloser, error) {
	if e == Brotli {
		// This is level 5 with larger blocks and a smaller distance.
		return &matchfinder.Writer{
			Dest: w, MatchFinder: &matchfinder.Bargain1{MaxDistance: 1 << 16}, Encoder: &brotli.Encoder{}, BlockSize: 1 << 18,
		}, nil
	}
	return gzip.NewWriterLevel(w, gzipLevel)
}

// Serve sends the document, or 304 without a body if the client has it.
func (d *Document) Serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	h.Set("ETag", d.tag)
	if NotModified(w, r, d.tag) {
		return
	}
	if d.encoding != Plain {
		h.Set("Content-Encoding", string(d.encoding))
	}
	h.Set("Content-Length", strconv.Itoa(len(d.data)))
	write(w, http.StatusOK, d.contentType, d.data)
}
