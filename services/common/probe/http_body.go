package probe

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"nanomon/services/common/memory"
)

// errSlowRegex means that the check ended before the search in the body.
var errSlowRegex = errors.New("bodyRegex did not finish in time: use a simpler regular expression, a smaller maxBody " +
	"or a longer timeout")

// body is the part of a response body that was read, after decompression.
type body struct {
	// text is the content, if the rule or a property needs it.
	text string
	// length is the number of bytes.
	length    int
	truncated bool
	// contentType is the header Content-Type.
	contentType string
	// undecodable is the reason why the content has an unknown encoding, or nil.
	undecodable error
}

// chunkSize is the size of the buffers for reading bodies. A body up to this size is not counted in the memory budget.
const chunkSize = 16 << 10

// chunks holds buffers for reading bodies.
var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// needsText reports whether the rule or a property needs the content of the body.
func (p *httpProbe) needsText() bool { return p.keepBody || p.bodyRegex != nil || len(p.captures) > 0 }

// readBody reads at most maxBody bytes of the decoded body. It keeps them only if they are needed. The memory is
// reserved in the reservation of ctx. The error may be a [memory.ShortageError] or an [undecodableError].
func (p *httpProbe) readBody(ctx context.Context, response *http.Response) (body, error) {
	got := body{contentType: response.Header.Get("Content-Type")}
	var from io.Reader
	from, got.undecodable = decoded(ctx, response)
	limited := &limitedReader{from: from, limit: p.maxBody}
	var err error
	if p.needsText() {
		got.text, err = readText(ctx, limited, p.maxBody)
	} else {
		_, err = io.Copy(io.Discard, limited)
	}
	got.length, got.truncated = limited.length, limited.truncated
	return got, err
}

// limitedReader reads at most limit bytes and reports whether there are more.
type limitedReader struct {
	from          io.Reader
	limit, length int
	truncated     bool
}

func (r *limitedReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if r.length += n; r.length > r.limit {
		n -= r.length - r.limit
		r.length, r.truncated, err = r.limit, true, io.EOF
	}
	return n, err
}

// readText reads all of from, which should be at most limit bytes. If there is an error, it also returns the part that
// was read before.
func readText(ctx context.Context, from io.Reader, limit int) (string, error) {
	chunk := chunks.Get().(*[chunkSize]byte)
	defer chunks.Put(chunk)
	kept := keptText{Builder: &strings.Builder{}, reservation: memory.FromContext(ctx), limit: limit}
	for {
		n, err := from.Read(chunk[:])
		if err := kept.append(ctx, chunk[:n]); err != nil {
			return "", err
		}
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return kept.String(), ignoreEOF(err)
		}
	}
}

// keptText collects a body in a buffer that grows, up to limit bytes.
type keptText struct {
	*strings.Builder
	limit       int
	reservation *memory.Reservation
	// reserved is the part of the reservation for the present buffer.
	reserved int
}

// append appends data. While the content moves to a larger buffer, both buffers are reserved.
func (k *keptText) append(ctx context.Context, data []byte) error {
	needed := k.Len() + len(data)
	if needed > k.Cap() {
		size := max(needed, min(2*k.Cap(), k.limit))
		if err := k.grow(ctx, size); err != nil {
			return err
		}
	}
	k.Write(data)
	return nil
}

func (k *keptText) grow(ctx context.Context, size int) error {
	reserve := size
	if size <= chunkSize {
		reserve = 0
	}
	if err := k.reservation.Grow(ctx, reserve); err != nil {
		return err
	}
	larger := &strings.Builder{}
	larger.Grow(size)
	larger.WriteString(k.String())
	k.reservation.Shrink(k.reserved)
	k.Builder, k.reserved = larger, reserve
	return nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
