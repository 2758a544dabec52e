package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

const (
	// streamTimeout limits one write to the client of a [Stream].
	streamTimeout = 30 * time.Second
	// endTimeout limits the writes when the service stops or the stream ends.
	endTimeout = time.Second
)

// Stream is a response that can last for hours. It has taken the connection over from the server, which would keep
// buffers and two goroutines for it. The caller must close it.
type Stream struct {
	conn net.Conn
	// chunked means that the protocol marks the end of the response. In HTTP/1.0, it ends with the connection.
	chunked bool
	// ending is set when the service stops.
	ending atomic.Bool
	// detach ends the waiting for that.
	detach func() bool
}

// TakeOver sends the header of a response and returns its stream. The handler of the request may return before the
// stream ends. The deadlines of the server no longer apply.
func TakeOver(w http.ResponseWriter, r *http.Request) (*Stream, error) {
	control := http.NewResponseController(w)
	w.Header().Set("Connection", "close") // the connection serves no further request
	w.WriteHeader(http.StatusOK)
	if err := control.Flush(); err != nil {
		return nil, fmt.Errorf("send the header of a stream: %w", err)
	}
	conn, _, err := control.Hijack()
	if err != nil {
		return nil, fmt.Errorf("take over the connection of a stream: %w", err)
	}
	s := &Stream{conn: conn, chunked: r.ProtoAtLeast(1, 1)}
	service, served := r.Context().Value(stopKey{}).(context.Context)
	if !served {
		service = context.Background()
	}
	s.detach = context.AfterFunc(service, s.hurry)
	return s, nil
}

// hurry gives the client little time for the current write and for later ones.
func (s *Stream) hurry() {
	s.ending.Store(true)
	_ = s.conn.SetWriteDeadline(time.Now().Add(endTimeout))
}

// Frame is a part of a stream, encoded once for all its clients.
type Frame struct {
	chunk []byte
	// data is the part of chunk without the length before it and the line break after it.
	data []byte
}

// NewFrame returns a frame with a copy of data; nil if data is empty, because an empty chunk would end the response.
func NewFrame(data []byte) *Frame {
	if len(data) == 0 {
		return nil
	}
	chunk := fmt.Appendf(make([]byte, 0, len(data)+16), "%x\r\n%s\r\n", len(data), data)
	end := len(chunk) - len("\r\n")
	return &Frame{chunk, chunk[end-len(data) : end]}
}

// Data returns the content of the frame. The caller must not change it.
func (f *Frame) Data() []byte { return f.data }

// Send sends a frame at once. It fails if the client takes too long to receive it.
func (s *Stream) Send(f *Frame) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(streamTimeout)); err != nil {
		return err
	}
	if s.ending.Load() {
		s.hurry()
	}
	sent := f.data
	if s.chunked {
		sent = f.chunk
	}
	_, err := s.conn.Write(sent)
	return err
}

// HasLeft reports whether the client has closed the connection. It ignores what the client sends.
func (s *Stream) HasLeft() bool {
	if err := s.conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return true
	}
	_, err := s.conn.Read(make([]byte, 64))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// Close ends the response and closes the connection.
func (s *Stream) Close() error {
	s.detach()
	if s.chunked {
		s.hurry() // the client may have left
		_, _ = s.conn.Write([]byte("0\r\n\r\n"))
	}
	return s.conn.Close()
}
