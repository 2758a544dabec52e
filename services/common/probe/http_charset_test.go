package probe

import (
	"errors"
	"strings"
	"testing"

	"nanomon/services/common/memory"
)

func TestHTTPCharsets(t *testing.T) {
	utf16 := func(text string, low, high int) string {
		var encoded strings.Builder
		for _, c := range text {
			pair := [2]byte{}
			pair[low], pair[high] = byte(c), byte(c>>8)
			encoded.Write(pair[:])
		}
		return encoded.String()
	}
	const text = "Größe: FATAL €"
	for _, c := range []struct{ data, contentType, want string }{
		{text, "", text},
		{text, "text/html", text},
		{"\xEF\xBB\xBF" + text, "text/plain", text},
		{"\xEF\xBB\xBF" + text, "text/plain; charset=iso-8859-1", text},
		{utf16("\uFEFF"+text, 0, 1), "", text},
		{utf16("\uFEFF"+text, 1, 0), "text/plain; charset=utf-8", text},
		{utf16(text, 0, 1), "text/plain; charset=UTF-16LE", text},
		{utf16(text, 0, 1), "application/json; charset=\"utf-16\"", text},
		{utf16(text, 1, 0), "text/plain; charset=utf-16be", text},
		{utf16(text, 0, 1), "text/plain", text},
		{utf16(`{"FATAL": 1}`, 0, 1), "application/json", `{"FATAL": 1}`},
		{utf16(`{"FATAL": 1}`, 1, 0), "", `{"FATAL": 1}`},
		{utf16(`<?xml version="1.0" encoding="utf-16"?>`+text, 0, 1), "application/xml", `<?xml version="1.0" encoding="utf-16"?>` + text},
		{"\x00asm\x01\x00\x00\x00", "application/wasm", "\x00asm\x01\x00\x00\x00"},
		{"Gr\xf6\xdfe: FATAL \x80", "text/html; charset=iso-8859-1", text},
		{"Gr\xf6\xdfe: FATAL \xa4", "text/html; charset=ISO-8859-15", text},
		{"Gr\xf6\xdfe: FATAL \x80", "text/html", text}, // as in a browser
		{`<meta charset="iso-8859-15">Gr` + "\xf6\xdfe", "text/html", `<meta charset="iso-8859-15">Größe`},
		{`<?xml version="1.0" encoding='ISO-8859-1'?>Gr` + "\xf6\xdfe", "application/rss+xml", `<?xml version="1.0" encoding='ISO-8859-1'?>Größe`},
		{`<?xml version="1.0" encoding="utf-16"?>Größe`, "application/xml", `<?xml version="1.0" encoding="utf-16"?>Größe`},
		{`<a>Größe</a>`, "application/xml; charset=utf-16", `<a>Größe</a>`},
		{`<meta charset="utf-16">Größe`, "text/html", `<meta charset="utf-16">Größe`},
		{"\x93\xfa\x96\x7b", "text/html; charset=Shift_JIS", "日本"},
		{"\xcd\xcf\xd0", "text/plain; charset=koi8-r", "моп"},
		{"Gr\xf6", "application/octet-stream", "Gr\uFFFD"},
		{"Gr\xf6", "text/html; charset=utf-8", "Gr\uFFFD"},
		{text, "text/html; charset=unknown", text},
		{text, "text/html; charset=utf-8; charset=x", text},
		{"", "text/html; charset=utf-16", ""},
	} {
		server := serveBody(t, []byte(c.data), "Content-Type: "+c.contentType)
		outcome := runHTTP(t, server.URL, props{"bodyRegex": "FATAL"})
		wantOK(t, "http", outcome)
		o := outcome.Outputs
		if o["body"] != c.want || o["bodyLen"] != float64(len(c.data)) {
			t.Errorf("%q as %s: body %q of %v bytes, want %q", c.data, c.contentType, o["body"], o["bodyLen"], c.want)
		}
		if found := o["regexMatch"] == "FATAL"; found != strings.Contains(c.want, "FATAL") {
			t.Errorf("%q as %s: regexMatch is %v", c.data, c.contentType, o["regexMatch"])
		}
	}
	// The limit cuts a character in two. The rest is still UTF-8.
	cut := runHTTP(t, serveBody(t, []byte(text), "Content-Type: text/html").URL, props{"maxBody": "5"})
	if cut.Err != nil || cut.Outputs["body"] != "Grö\uFFFD" {
		t.Errorf("a truncated body: %v, %q", cut.Err, cut.Outputs["body"])
	}
}

func TestHTTPUnknownCharset(t *testing.T) {
	for _, c := range []struct{ data, contentType, message string }{
		{"Gr\xf6", "text/html; charset=unknown", `can't decode the response body: the charset "unknown" is not supported`},
		{"F\x00A\x00", "text/html; charset=utf-16x", `the charset "utf-16x" is not supported`},
		{"F\x00\x00\x00", "text/html; charset=utf-32", `the charset "utf-32" is not supported`},
		{"\xff\xfe\x00\x00F\x00\x00\x00", "text/html", `the charset "utf-32" is not supported`},
		{"~{<:Ky2;VJ)~}", "text/html; charset=hz-gb-2312", `the charset "hz-gb-2312" is not supported`},
	} {
		server := serveBody(t, []byte(c.data), "Content-Type: "+c.contentType)
		wantFailure(t, "http", runHTTP(t, server.URL, nil), c.message)
		wantOK(t, "http", runUnused(t, server.URL))
	}
}

func TestHTTPCharsetReservesMemory(t *testing.T) {
	const size = 300_000
	server := serveBody(t, []byte(strings.Repeat("\xf6", size)), "Content-Type: text/plain; charset=iso-8859-1")
	for limit, enough := range map[int64]bool{2 * size: false, 10 * size: true} {
		ctx, reservation := memory.Reserve(memory.NewBudget(limit).Context(t.Context()))
		outcome := newProbe(t, "http", server.URL, nil).Run(ctx)
		reservation.Release()
		var notChecked *NotCheckedError
		if errors.As(outcome.Err, &notChecked) == enough || enough && outcome.Err != nil {
			t.Errorf("with %d bytes: %v", limit, outcome.Err)
		}
	}
}
