package channel

import (
	"bytes"
	"flag"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
)

var update = flag.Bool("update", false, "write the golden files in place of comparing them")

func TestHeadersOfRunnerNotification(t *testing.T) {
	for kind, want := range map[store.NotificationKind][3]string{
		store.KindRunnerOffline: {"[NanoMon] Runner shop-1 may be offline", "<cutoff-1773482400000.1773482400000@example.org>", ""},
		store.KindRunnerProblem: {"[NanoMon] Runner shop-1 has a problem", "<problem-1773482400000-1.1773482400000@example.org>", ""},
		store.KindRunnerOnline:  {"[NanoMon] Runner shop-1 is online again", "<reconnected-1773482400000.1773482400000@example.org>", "<cutoff-1773482400000.1773482400000@example.org>"},
	} {
		header, _, _, _ := parsedEmail(t, alertingtest.Notification(kind))
		got := [3]string{subject(t, header), header.Get("Message-Id"), header.Get("References")}
		if got != want || header.Get("In-Reply-To") != want[2] {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

// parsedEmail returns the header and the two parts of the e-mail for n.
func parsedEmail(t *testing.T, n store.Notification) (header mail.Header, plainPart, htmlPart, raw string) {
	t.Helper()
	msg, err := emailMessages{from: &mail.Address{Name: "NanoMon", Address: "nanomon@example.org"}}.create(testFormat.Message(n), &mail.Address{Address: "a@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	var buffer bytes.Buffer
	if _, err := msg.WriteTo(&buffer); err != nil {
		t.Fatal(err)
	}
	raw = buffer.String()
	parsed := readMail(t, receivedMail{data: buffer.Bytes()})
	kind, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	var parts []string
	for reader := multipart.NewReader(parsed.Body, params["boundary"]); ; {
		part, err := reader.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part.Header.Get("Content-Type"), strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
	if len(parts) != 4 || parts[0] != "text/plain; charset=UTF-8" || parts[2] != "text/html; charset=UTF-8" {
		t.Fatalf("parts %q", parts)
	}
	return parsed.Header, parts[1], parts[3], raw
}

func subject(t *testing.T, header mail.Header) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestEmailParts(t *testing.T) {
	_, plainPart, htmlPart, _ := parsedEmail(t, alertingtest.Notification(store.KindOpened))
	for name, got := range map[string]string{"alert.txt": plainPart, "alert.html": strings.ReplaceAll(htmlPart, "><", ">\n<")} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs; run: go test ./services/runner/alerting/channel -update", path)
		}
	}
}

func TestHeaders(t *testing.T) {
	const thread = "<65f2c0ffee65f2c0ffee65f2-3-alert.1773482400000@example.org>"
	for _, c := range []struct {
		kind         store.NotificationKind
		status       monitor.Status
		subject, id  string
		partOfThread bool
	}{
		{store.KindOpened, monitor.StatusFailed, "Payments API failed", "3-alert", false},
		{store.KindOpened, monitor.StatusError, "Payments API has an error", "3-alert", false},
		{store.KindEscalated, monitor.StatusFailed, "Payments API went from error to failed", "3-escalation", true},
		{store.KindReminder, monitor.StatusFailed, "Payments API still failed (reminder 2)", "3-reminder-2", true},
		{store.KindReminder, monitor.StatusError, "Payments API still has an error (reminder 2)", "3-reminder-2", true},
		{store.KindResolved, monitor.StatusOK, "Payments API is OK again", "3-recovery", true},
		{store.KindTest, monitor.StatusOK, "Test message", "3-test", false},
	} {
		n := alertingtest.Notification(c.kind)
		n.Status = c.status
		header, _, _, _ := parsedEmail(t, n)
		if got := subject(t, header); got != "[NanoMon] "+c.subject {
			t.Errorf("subject %q, want %q", got, c.subject)
		}
		if got, want := header.Get("Message-Id"), "<65f2c0ffee65f2c0ffee65f2-"+c.id+".1773482400000@example.org>"; got != want {
			t.Errorf("Message-ID %s, want %s", got, want)
		}
		want := ""
		if c.partOfThread {
			want = thread
		}
		if header.Get("In-Reply-To") != want || header.Get("References") != want {
			t.Errorf("%s: In-Reply-To %q, References %q", c.subject, header.Get("In-Reply-To"), header.Get("References"))
		}
		date, err := header.Date()
		if err != nil || time.Since(date) > time.Minute || header.Get("Auto-Submitted") != "auto-generated" || header.Get("Mime-Version") != "1.0" ||
			header.Get("From") != `"NanoMon" <nanomon@example.org>` || header.Get("To") != "<a@example.org>" {
			t.Errorf("%s: %v", c.subject, header)
		}
	}
}

func TestHostileNames(t *testing.T) {
	for _, c := range []struct{ name, monitor, subject string }{
		{"new lines", "x\r\nBcc: evil@example.org\r\n\r\n<b>body</b>", "x Bcc: evil@example.org <b>body</b> failed"},
		{"bare CR", "x\rBcc: evil@example.org", "x Bcc: evil@example.org failed"},
		{"encoded word", "=?utf-8?q?a=0D=0ABcc:_evil@example.org?=", "= ?utf-8?q?a=0D=0ABcc:_evil@example.org?= failed"},
		{"long", strings.Repeat("long name ", 30), "long name long name long name long name long name long name long name long name… failed"},
		{"long without blanks", strings.Repeat("x", 300), strings.Repeat("x", 79) + "… failed"},
		{"emoji", "🔥 shop 👨‍👩‍👧", "🔥 shop 👨‍👩‍👧 failed"},
		{"right to left", "שלום \u202Egnp.exe\u2066", "שלום gnp.exe failed"},
		{"HTML", `<img src=x onerror="alert(1)">{{ .Link }}`, `<img src=x onerror="alert(1)">{{ .Link }} failed`},
		{"not UTF-8", "a\xff\x00b", "a\uFFFDb failed"},
		{"only invisible characters", "\u202E", "Unnamed monitor failed"},
	} {
		n := alertingtest.Notification(store.KindOpened)
		n.MonitorName, n.MonitorTarget, n.Message, n.Group = c.monitor, c.monitor, c.monitor, c.monitor
		header, plainPart, htmlPart, raw := parsedEmail(t, n)
		if got := subject(t, header); got != "[NanoMon] "+c.subject {
			t.Errorf("%s: subject %q", c.name, got)
		}
		if header.Get("Bcc") != "" || len(header) != 9 {
			t.Errorf("%s: header %v", c.name, header)
		}
		for line := range strings.Lines(raw) {
			if len(line) > 200 {
				t.Errorf("%s: a line of %d bytes", c.name, len(line))
			}
			if !strings.HasSuffix(line, "\r\n") {
				t.Errorf("%s: a line that ends in %q", c.name, line[max(0, len(line)-3):])
			}
		}
		if strings.Contains(htmlPart, "<img") || strings.Contains(htmlPart, "<b>") || strings.ContainsAny(plainPart+htmlPart, "\r\x00\u202E") {
			t.Errorf("%s: %s", c.name, htmlPart)
		}
	}
}
