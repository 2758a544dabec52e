package alerting

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// The longest texts that a message shows, in characters. A title goes into subjects, which are short.
const (
	maxTitleName = 80
	maxName      = 300
	maxText      = 1000
)

// notice is a message in words, for every channel the same. Its texts are one line each, valid UTF-8, and not
// escaped for anything.
type notice struct {
	// Title is what happened to what, such as: Payments API failed.
	Title string
	// Status is the word for the status, and Tone what it is coloured by: failed, error, ok or test.
	Status, Tone string
	// Text says more: what was found, or that all is well.
	Text string
	Rows []row
	// Link is the address of the monitor's page, LinkText what it is called.
	Link, LinkText string
}

// colours of messages by tone.
var colours = map[string]string{"failed": "#b3261e", "error": "#97500a", "ok": "#15703c", "test": "#1d4ed8"}

// row is one more thing to know.
type row struct{ Label, Value string }

// wording makes notices.
type wording struct {
	// base is the address of the page.
	base string
	// zone is that of the times shown.
	zone *time.Location
}

func (w wording) notice(m store.Notification) notice {
	base := strings.TrimRight(w.base, "/")
	if m.Kind == store.KindTest {
		return notice{
			Title: "Test message", Status: "Test", Tone: "test", Link: base + "/", LinkText: "Open NanoMon",
			Text: "This is a test. Since you can read it, alerts reach you this way.",
			Rows: []row{{"Sent", w.date(m.Date)}},
		}
	}
	if m.Kind == store.KindRunnerOffline || m.Kind == store.KindRunnerOnline {
		return w.ofRunner(m)
	}
	n := notice{
		Title: title(m), Text: plain(m.Message, maxText), Rows: w.rows(m),
		Link: base + "/#monitor/" + url.PathEscape(m.MonitorID), LinkText: "Open the monitor",
	}
	switch {
	case m.Kind == store.KindResolved:
		n.Status, n.Tone, n.Text = "OK", "ok", "All is well again, after "+lasted(m.Date.Sub(m.Opened))+"."
	case m.Status == monitor.StatusError:
		n.Status, n.Tone = "Error", "error"
	default:
		n.Status, n.Tone = "Failed", "failed"
	}
	return n
}

// ofRunner is the notice of a runner that may be cut off, or is connected again.
func (w wording) ofRunner(m store.Notification) notice {
	runner := "Runner " + plain(m.Runner, maxTitleName)
	n := notice{
		Title: runner + " may be cut off", Status: "Failed", Tone: "failed", Text: plain(m.Message, maxText),
		Rows: []row{{"Since", w.date(m.Opened)}},
		Link: strings.TrimRight(w.base, "/") + "/", LinkText: "Open NanoMon",
	}
	if m.Kind == store.KindRunnerOnline {
		n.Title, n.Status, n.Tone = runner+" is connected again", "OK", "ok"
		n.Rows = []row{{"Cut off from", w.date(m.Opened)}, {"Until", w.date(m.Date)}}
	}
	return n
}

func title(m store.Notification) string {
	name := plain(m.MonitorName, maxTitleName)
	if name == "" {
		name = "a monitor without a name"
	}
	bad, still := " failed", " still failed"
	if m.Status == monitor.StatusError {
		bad, still = " has an error", " still has an error"
	}
	switch m.Kind {
	case store.KindResolved:
		return name + " is OK again"
	case store.KindEscalated:
		return name + " went from error to failed"
	case store.KindReminder:
		return fmt.Sprintf("%s%s (reminder %d)", name, still, m.Reminder())
	}
	return name + bad
}

func (w wording) rows(m store.Notification) []row {
	var rows []row
	if name := plain(m.MonitorName, maxName); name != plain(name, maxTitleName) {
		rows = append(rows, row{"Monitor", name})
	}
	for _, r := range []row{{"Target", plain(m.MonitorTarget, maxName)}, {"Group", plain(m.Group, maxName)}} {
		if r.Value != "" {
			rows = append(rows, r)
		}
	}
	if m.Dependents > 0 {
		rows = append(rows, row{"Monitors behind it", strconv.Itoa(m.Dependents)})
	}
	if m.Status != monitor.StatusFailed {
		rows = append(rows, row{"Value", strconv.FormatFloat(m.Value, 'g', 6, 64)})
	}
	if m.Kind == store.KindResolved {
		return append(rows, row{"Bad from", w.date(m.Opened)}, row{"OK since", w.date(m.Date)})
	}
	since := w.date(m.Opened)
	if d := m.Date.Sub(m.Opened); d >= time.Second {
		since += ", for " + lasted(d)
	}
	return append(rows, row{"Since", since})
}

func (w wording) date(t time.Time) string {
	return t.In(w.zone).Format("Mon 2 Jan 2006, 15:04:05 MST")
}

// lasted is a duration in its two largest units.
func lasted(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	seconds, minutes, hours := int(d.Seconds())%60, int(d.Minutes())%60, int(d.Hours())
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", seconds)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", minutes, seconds)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	}
	return fmt.Sprintf("%d days %d h", hours/24, hours%24)
}

// plain makes any text one line of at most limit characters, without what can't be seen but changes how the
// line is read: control characters and marks of direction.
func plain(text string, limit int) string {
	var line strings.Builder
	for _, word := range strings.Fields(strings.ToValidUTF8(text, "\uFFFD")) {
		word = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				return -1
			}
			return r
		}, word)
		if word == "" {
			continue
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(word)
	}
	return shorten(line.String(), limit)
}

// shorten cuts text to limit characters, the last of which is then an ellipsis.
func shorten(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
