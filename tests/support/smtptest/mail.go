package smtptest

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
)

// Mail is an e-mail that the server received.
type Mail struct {
	// Recipients lists the recipients of the envelope.
	Recipients []string
	Header     mail.Header
	// Subject, Text and HTML are decoded.
	Subject, Text, HTML string
}

// ID returns the Message-ID.
func (m Mail) ID() string { return m.Header.Get("Message-ID") }

func parse(data []byte) (Mail, error) {
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return Mail{}, err
	}
	m := Mail{Header: message.Header}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return m, err
	}
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return m, err
	}
	if kind != "multipart/alternative" {
		return m, fmt.Errorf("content type %s, want multipart/alternative", kind)
	}
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := parts.NextPart() // decodes quoted-printable
		if err == io.EOF {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		if err := m.read(part); err != nil {
			return m, err
		}
	}
}

func (m *Mail) read(part *multipart.Part) error {
	content, err := io.ReadAll(part)
	if err != nil {
		return err
	}
	kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	switch kind {
	case "text/plain":
		m.Text = string(content)
	case "text/html":
		m.HTML = string(content)
	}
	return err
}
