package notify

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/plain"
	"nanomon/services/common/store"
)

// The maximum lengths of the texts in a notification, in characters. Names in a title are short because it is the
// subject of an e-mail.
const (
	maxTitleName = 80
	maxName      = 300
	maxText      = 1000
)

// Content is the text of a notification, the same for all channels. Each text is one line of valid UTF-8 and is not
// escaped.
type Content struct {
	// Title summarizes the event, such as: Payments API failed.
	Title string
	// Status is the status as a word.
	Status string
	// Tone selects the colour: failed, error, warning, ok or test, which is neutral.
	Tone string
	// Text is the message of the result or another explanation; it may be empty.
	Text string
	Rows []Row
	// Link is the address of the monitor's page, LinkText its label.
	Link, LinkText string
}

// Row is a detail with its label.
type Row struct{ Label, Value string }

// Formatter creates the messages that channels send.
type Formatter struct {
	// BaseURL is the address of the page, for links.
	BaseURL string
	// TimeZone is the time zone of displayed times.
	TimeZone *time.Location
}

func (f Formatter) content(n store.Notification) Content {
	base := strings.TrimRight(f.BaseURL, "/")
	if n.Kind == store.KindTest {
		return Content{
			Title: "Test message", Status: "Test", Tone: "test", Link: base + "/", LinkText: "Open NanoMon",
			Text: "This is a test. Notifications of this channel reach you.",
			Rows: []Row{{"Sent", f.date(n.Date)}},
		}
	}
	if n.Kind.AboutRunner() {
		return f.runnerContent(n)
	}
	c := Content{
		Title: title(n), Text: plain.Line(n.Message, maxText), Rows: f.rows(n),
		Link: base + "/#monitor/" + url.PathEscape(n.MonitorID), LinkText: "Open the monitor",
	}
	switch {
	case n.Kind == store.KindAcknowledged:
		c.Status, c.Tone, c.Text = "Acknowledged", "test", acknowledged(n)
	case n.Kind == store.KindResolved:
		c.Status, c.Tone, c.Text = "OK", "ok", "The monitor is OK again after "+formatDuration(n.Date.Sub(n.Opened))+"."
	case n.Kind == store.KindWarning:
		c.Status, c.Tone = "Warning", "warning"
	case n.Status == monitor.StatusError:
		c.Status, c.Tone = "Error", "error"
	default:
		c.Status, c.Tone = "Failed", "failed"
	}
	return c
}

// runnerContent returns the content of a notification about a runner.
func (f Formatter) runnerContent(n store.Notification) Content {
	runner := "Runner " + plain.Line(n.Runner, maxTitleName)
	c := Content{
		Title: runner + " may be offline", Status: "Failed", Tone: "failed", Text: plain.Line(n.Message, maxText),
		Rows: []Row{{"Since", f.date(n.Opened)}},
		Link: strings.TrimRight(f.BaseURL, "/") + "/", LinkText: "Open NanoMon",
	}
	switch n.Kind {
	case store.KindRunnerProblem:
		c.Title = runner + " has a problem"
	case store.KindRunnerOnline:
		c.Title, c.Status, c.Tone = runner+" is online again", "OK", "ok"
		c.Rows = []Row{{"Offline since", f.date(n.Opened)}, {"Online since", f.date(n.Date)}}
	case store.KindStoreUnavailable:
		c.Title = runner + " can't use the database"
	case store.KindStoreAvailable:
		c.Title, c.Status, c.Tone = runner+" can use the database again", "OK", "ok"
		c.Rows = []Row{{"Store unavailable since", f.date(n.Opened)}, {"Store available since", f.date(n.Date)}}
	}
	return c
}

// acknowledged returns who acknowledged an incident, what it means, and the note.
func acknowledged(n store.Notification) string {
	by := plain.Line(n.By, maxName)
	if by == "" {
		by = "Somebody"
	}
	text := by + " takes care of it. There are no further reminders and escalations."
	if note := plain.Line(n.Message, maxText); note != "" {
		text += " Note: " + note
	}
	return text
}

func title(n store.Notification) string {
	name := plain.Line(n.MonitorName, maxTitleName)
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
	case store.KindWarning:
		return name + " has a warning"
	case store.KindAcknowledged:
		return name + ": incident acknowledged"
	case store.KindEscalated:
		return name + " went from error to failed"
	case store.KindReminder:
		return fmt.Sprintf("%s%s (reminder %d)", name, stillFailed, n.Reminder())
	}
	return name + failed
}

func (f Formatter) rows(n store.Notification) []Row {
	var rows []Row
	if name := plain.Line(n.MonitorName, maxName); name != plain.Line(name, maxTitleName) {
		rows = append(rows, Row{"Monitor", name})
	}
	for _, r := range []Row{{"Target", plain.Line(n.MonitorTarget, maxName)}, {"Group", plain.Line(n.Group, maxName)}} {
		if r.Value != "" {
			rows = append(rows, r)
		}
	}
	if n.Dependents > 0 {
		rows = append(rows, Row{"Dependent monitors", strconv.Itoa(n.Dependents)})
	}
	if n.Status != monitor.StatusFailed && n.Kind != store.KindAcknowledged {
		rows = append(rows, Row{"Value", strconv.FormatFloat(n.Value, 'g', 6, 64)})
	}
	if n.Kind == store.KindResolved {
		return append(rows, Row{"Not OK since", f.date(n.Opened)}, Row{"OK since", f.date(n.Date)})
	}
	since := f.date(n.Opened)
	if d := n.Date.Sub(n.Opened); d >= time.Second {
		since += ", for " + formatDuration(d)
	}
	return append(rows, Row{"Since", since})
}

func (f Formatter) date(t time.Time) string {
	return t.In(f.TimeZone).Format("Mon 2 Jan 2006, 15:04:05 MST")
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
