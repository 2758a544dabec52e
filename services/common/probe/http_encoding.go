package probe

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"nanomon/services/common/memory"
)

const (
	// maxEncodings is the maximum number of times that a body may be encoded.
	maxEncodings = 3
	// minZstdWindow and maxZstdWindow limit the window of zstd, in bytes. A larger one is not allowed in HTTP.
	minZstdWindow = 1 << 20
	maxZstdWindow = 8 << 20
)

// undecodableError means that the body of a response can't be decoded. Its text is shown to users.
type undecodableError string

func (e undecodableError) Error() string { return "can't decode the response body: " + string(e) }

// encodingsOf returns the content encodings of a response in the order in which the server has applied them. It skips
// names that mean that the body is not encoded.
func encodingsOf(response *http.Response) []string {
	var names []string
	header := strings.ToLower(strings.Join(response.Header.Values("Content-Encoding"), ","))
	for name := range strings.SplitSeq(header, ",") {
		switch name = strings.TrimSpace(name); name {
		case "", "identity", "none", "binary", "utf-8", "aws-chunked":
		default:
			names = append(names, name)
		}
	}
	return names
}

// decoded returns a reader of the decoded body of response. If it returns an [undecodableError], which means that an
// encoding is unknown, it also returns a reader of the body as it is.
func decoded(ctx context.Context, response *http.Response) (io.Reader, error) {
	names := encodingsOf(response)
	source := &source{ctx: ctx, from: response.Body}
	if len(names) > maxEncodings {
		return source, undecodableError(fmt.Sprintf("it is encoded more than %d times", maxEncodings))
	}
	var reader io.Reader = source
	for _, name := range slices.Backward(names) {
		decoder := decoders[name]
		if decoder == nil {
			return source, undecodableError("the encoding " + quote(name) + " is not supported")
		}
		reader = &lazyDecoder{ctx: ctx, new: decoder, from: bufio.NewReader(reader)}
	}
	return &decodedBody{Reader: reader, source: source}, nil
}

// source is a response body. It stores the error of reading it.
type source struct {
	ctx  context.Context
	from io.Reader
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// decodedBody is a body whose decoding errors are [undecodableError].
type decodedBody struct {
	io.Reader
	source *source
}

func (b *decodedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	var shortage *memory.ShortageError
	switch {
	case err == nil || errors.Is(err, io.EOF) || errors.As(err, &shortage):
		return n, err
	case b.source.err != nil:
		return n, b.source.err
	case b.source.ctx.Err() != nil:
		return n, b.source.ctx.Err()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, undecodableError("it ends too early")
	}
	return n, undecodableError(err.Error())
}

// lazyDecoder decodes one encoding. It starts with the first Read, because decoders read when they are created.
type lazyDecoder struct {
	ctx     context.Context
	new     func(ctx context.Context, from *bufio.Reader) (io.Reader, error)
	from    *bufio.Reader
	decoder io.Reader
}

// Read returns the error of the context when it ends, because a small body may take a decoder long.
func (d *lazyDecoder) Read(p []byte) (int, error) {
	err := d.ctx.Err()
	if err == nil && d.decoder == nil {
		err = d.start()
	}
	if err != nil {
		return 0, err
	}
	return d.decoder.Read(p)
}

func (d *lazyDecoder) start() error {
	_, err := d.from.Peek(1)
	if err == nil { // An empty body is not encoded.
		d.decoder, err = d.new(d.ctx, d.from)
	}
	return err
}

// decoders maps the names of content encodings to their decoders.
var decoders = map[string]func(ctx context.Context, from *bufio.Reader) (io.Reader, error){
	"gzip": gunzip, "x-gzip": gunzip, "deflate": inflate, "br": unbrotli, "zstd": unzstd,
}

func gunzip(_ context.Context, from *bufio.Reader) (io.Reader, error) { return gzip.NewReader(from) }

// inflate decodes the zlib format, or deflate without a header, which some servers send.
func inflate(_ context.Context, from *bufio.Reader) (io.Reader, error) {
	header, _ := from.Peek(2)
	if len(header) == 2 && header[0]&0x0f == 8 && (int(header[0])<<8|int(header[1]))%31 == 0 {
		return zlib.NewReader(from)
	}
	return flate.NewReader(from), nil
}

// unbrotli reserves the window, whose size is in the first byte of the body.
func unbrotli(ctx context.Context, from *bufio.Reader) (io.Reader, error) {
	header, err := from.Peek(1)
	if err != nil {
		return nil, err
	}
	bits := 16
	if header[0]&1 == 1 {
		bits = 17 + int(header[0]>>1&7)
	}
	if err := memory.FromContext(ctx).Grow(ctx, 1<<bits); err != nil {
		return nil, err
	}
	return brotli.NewReader(from), nil
}

// unzstd reserves the window of the first frame. Other frames may not need a larger one.
func unzstd(ctx context.Context, from *bufio.Reader) (io.Reader, error) {
	start, _ := from.Peek(zstd.HeaderMaxSize)
	var header zstd.Header
	if err := header.Decode(start); err != nil {
		return nil, err
	}
	window := header.WindowSize
	if header.SingleSegment {
		window = header.FrameContentSize
	}
	window = min(max(window, minZstdWindow), maxZstdWindow)
	if err := memory.FromContext(ctx).Grow(ctx, int(window)); err != nil {
		return nil, err
	}
	// Without concurrency, the decoder starts no goroutines and need not be closed.
	return zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window))
}
