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

// The maximum lengths of the texts in a notification, in characters. Names in a title are short because it is the
// subject of an e-mail.
const (
	maxTitleName = 80
	maxName      = 300
	maxText      = 1000
)

// content is the text of a notification, the same for all channels. Each text is one line of valid UTF-8 and is not
// escaped.
type content struct {
	// Title summarizes the event, such as: Payments API failed.
	Title string
	// Status is the status as a word.
	Status string
	// Tone selects the colour: failed, error, ok or test.
	Tone string
	// Text is the message of the result or another explanation; it may be empty.
	Text string
	Rows []row
	// Link is the address of the monitor's page, LinkText its label.
	Link, LinkText string
}

// colours maps a tone to the colour of the notification.
var colours = map[string]string{"failed": "#b3261e", "error": "#97500a", "ok": "#15703c", "test": "#1d4ed8"}

// row is a detail with its label.
type row struct{ Label, Value string }

// formatter creates the content of notifications.
type formatter struct {
	// baseURL is the address of the page, for links.
	baseURL string
	// timeZone is the time zone of displayed times.
	timeZone *time.Location
}

func (f formatter) content(n store.Notification) content {
	base := strings.TrimRight(f.baseURL, "/")
	if n.Kind == store.KindTest {
		return content{
			Title: "Test message", Status: "Test", Tone: "test", Link: base + "/", LinkText: "Open NanoMon",
			Text: "This is a test. Notifications of this channel reach you.",
			Rows: []row{{"Sent", f.date(n.Date)}},
		}
	}
	if n.Kind.AboutRunner() {
		return f.runnerContent(n)
	}
	c := content{
		Title: title(n), Text: singleLine(n.Message, maxText), Rows: f.rows(n),
		Link: base + "/#monitor/" + url.PathEscape(n.MonitorID), LinkText: "Open the monitor",
	}
	switch {
	case n.Kind == store.KindResolved:
		c.Status, c.Tone, c.Text = "OK", "ok", "The monitor is OK again after "+formatDuration(n.Date.Sub(n.Opened))+"."
	case n.Status == monitor.StatusError:
		c.Status, c.Tone = "Error", "error"
	default:
		c.Status, c.Tone = "Failed", "failed"
	}
	return c
}

// runnerContent returns the content of a notification about a runner.
func (f formatter) runnerContent(n store.Notification) content {
	runner := "Runner " + singleLine(n.Runner, maxTitleName)
	c := content{
		Title: runner + " may be offline", Status: "Failed", Tone: "failed", Text: singleLine(n.Message, maxText),
		Rows: []row{{"Since", f.date(n.Opened)}},
		Link: strings.TrimRight(f.baseURL, "/") + "/", LinkText: "Open NanoMon",
	}
	switch n.Kind {
	case store.KindRunnerProblem:
		c.Title = runner + " has a problem"
	case store.KindRunnerOnline:
		c.Title, c.Status, c.Tone = runner+" is online again", "OK", "ok"
		c.Rows = []row{{"Offline since", f.date(n.Opened)}, {"Online since", f.date(n.Date)}}
	case store.KindStoreUnavailable:
		c.Title = runner + " can't use the database"
	case store.KindStoreAvailable:
		c.Title, c.Status, c.Tone = runner+" can use the database again", "OK", "ok"
		c.Rows = []row{{"Store unavailable since", f.date(n.Opened)}, {"Store available since", f.date(n.Date)}}
	}
	return c
}

func title(n store.Notification) string {
	name := singleLine(n.MonitorName, maxTitleName)
	if name == "" {
		name = "Unnamed monitor"
	}
	failed, stillFailed := " failed", " still failed"
	if n.Status == monitor.StatusError {
		failed, stillFailed = " has an error", " still has an error"
	}
	switch n.Kind {
	case store.KindResolved:
		return name + " is OK again"
	case store.KindEscalated:
		return name + " went from error to failed"
	case store.KindReminder:
		return fmt.Sprintf("%s%s (reminder %d)", name, stillFailed, n.Reminder())
	}
	return name + failed
}

func (f formatter) rows(n store.Notification) []row {
	var rows []row
	if name := singleLine(n.MonitorName, maxName); name != singleLine(name, maxTitleName) {
		rows = append(rows, row{"Monitor", name})
	}
	for _, r := range []row{{"Target", singleLine(n.MonitorTarget, maxName)}, {"Group", singleLine(n.Group, maxName)}} {
		if r.Value != "" {
			rows = append(rows, r)
		}
	}
	if n.Dependents > 0 {
		rows = append(rows, row{"Dependent monitors", strconv.Itoa(n.Dependents)})
	}
	if n.Status != monitor.StatusFailed {
		rows = append(rows, row{"Value", strconv.FormatFloat(n.Value, 'g', 6, 64)})
	}
	if n.Kind == store.KindResolved {
		return append(rows, row{"Not OK since", f.date(n.Opened)}, row{"OK since", f.date(n.Date)})
	}
	since := f.date(n.Opened)
	if d := n.Date.Sub(n.Opened); d >= time.Second {
		since += ", for " + formatDuration(d)
	}
	return append(rows, row{"Since", since})
}

func (f formatter) date(t time.Time) string {
	return t.In(f.timeZone).Format("Mon 2 Jan 2006, 15:04:05 MST")
}

// formatDuration returns d in its two largest units.
func formatDuration(d time.Duration) string {
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

// singleLine returns text as one line of at most limit characters, without control characters and without marks that
// change the direction of the text.
func singleLine(text string, limit int) string {
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

// shorten cuts text to limit characters, of which the last one is an ellipsis.
func shorten(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
