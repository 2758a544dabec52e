package probe

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"nanomon/services/common/memory"
)

// errSlowRegex means that the check ended before the search in the body.
var errSlowRegex = errors.New("bodyRegex did not finish in time: use a simpler regular expression, a smaller maxBody " +
	"or a longer timeout")

// body is the part of a response body that was read.
type body struct {
	// text is the content, if the rule or bodyRegex needs it.
	text string
	// length is the number of bytes.
	length    int
	truncated bool
}

// chunkSize is the size of the buffers for reading bodies. A body up to this size is not counted in the memory budget.
const chunkSize = 16 << 10

// chunks holds buffers for reading bodies.
var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// readBody reads at most maxBody bytes. It keeps them only if they are needed. The memory is reserved in the
// reservation of ctx. The error is a [memory.ShortageError] if there is not enough.
func (p *httpProbe) readBody(ctx context.Context, from io.Reader) (body, error) {
	chunk := chunks.Get().(*[chunkSize]byte)
	defer chunks.Put(chunk)
	var got body
	kept := keptText{Builder: &strings.Builder{}, reservation: memory.FromContext(ctx), limit: p.maxBody}
	for {
		n, err := from.Read(chunk[:])
		if got.length += n; got.length > p.maxBody {
			n -= got.length - p.maxBody
			got.length, got.truncated, err = p.maxBody, true, io.EOF
		}
		if p.keepBody || p.bodyRegex != nil {
			if err := kept.append(ctx, chunk[:n]); err != nil {
				return got, err
			}
		}
		if err != nil {
			got.text = kept.String()
			return got, ignoreEOF(err)
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

// validText returns the content as valid UTF-8. It reserves the memory of the copy, of which the largest part is a
// buffer that grows.
func (b body) validText(ctx context.Context) (string, error) {
	if utf8.ValidString(b.text) {
		return b.text, nil
	}
	if len(b.text) > chunkSize {
		if err := memory.FromContext(ctx).Grow(ctx, 3*len(b.text)); err != nil {
			return "", err
		}
	}
	return validUTF8(b.text), nil
}
