// Package leaktest looks for data in the public answers of NanoMon that nobody has published. It fills a store with
// canaries: texts and ids that no public answer may contain.
package leaktest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// marker is part of all texts that are not public.
const marker = "c4n4ry"

// The slugs and custom host names of the stored pages: one for everyone, one with a password.
const (
	Open, OpenHost     = "open", "open.example.test"
	Locked, LockedHost = "locked", "locked.example.test"
	// Password is the password of the second page.
	Password = marker + " password"
)

// The public texts of the first page.
const (
	publicTitle = "Example status"
	publicEntry = "Public entry"
)

// logo returns the smallest part of an image that is recognized as one, with a text.
func logo(text string) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"+text))
}

// Canaries collects the ids that are not public.
type Canaries struct{ ids []string }

// id returns a new id of 24 hexadecimal digits that is not public.
func (c *Canaries) id() string {
	id := fmt.Sprintf("5ec4e7%018x", len(c.ids)+0xabc0)
	c.ids = append(c.ids, id)
	return id
}

// in returns a canary that is in the text, or an empty string.
func (c *Canaries) in(text string) string {
	text = strings.ToLower(text)
	for _, canary := range append([]string{marker}, c.ids...) {
		if strings.Contains(text, canary) {
			return canary
		}
	}
	return ""
}

// Seed stores monitors, their history and two status pages. Three of the monitors are published.
func Seed(t testing.TB, s store.Store) *Canaries {
	t.Helper()
	c, now := new(Canaries), monitor.Date(time.Now())
	var ids []string
	for _, name := range []string{"by id", "by group", "by label", "unpublished"} {
		ids = append(ids, c.seedMonitor(t, s, name, now))
	}
	c.seedWindows(t, s, ids, now)
	c.seedPages(t, s, ids, now)
	must(t, s.CreateKey(t.Context(), store.Key{
		ID: c.id(), Name: marker + " key", Scope: store.KeyScopeRead, Created: now, Hash: sha256.Sum256([]byte(marker)),
	}))
	return c
}

// SeedFolder does the same with a new database in the folder, for standalone.
func SeedFolder(t testing.TB, folder string) *Canaries {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(folder, "nanomon.db")})
	must(t, err)
	c := Seed(t, s)
	must(t, s.Close())
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// seedMonitor stores a monitor that has failed before and is down now, with everything that belongs to it.
func (c *Canaries) seedMonitor(t testing.TB, s store.Store, name string, now time.Time) string {
	t.Helper()
	text := func(kind string) string { return fmt.Sprintf("%s %s %s", marker, kind, name) }
	m := monitor.Monitor{
		ID: c.id(), Name: text("name"), Type: "http", Interval: "1h", Enabled: true, Updated: now,
		Target: "http://127.0.0.1:1/" + marker + "?token=" + marker, Rule: "body != '" + marker + "'", Group: text("group"),
		Labels: map[string]string{marker + "-key": strings.ReplaceAll(name, " ", "-") + marker},
		Properties: map[string]string{
			"headers": fmt.Sprintf(`{"Authorization": %q}`, text("header")), "body": text("body"), "alertFailCount": "1", "bodyRegex": marker,
		},
	}
	must(t, s.CreateMonitor(t.Context(), m))
	batch := store.Batch{StatusChanges: []store.StatusChange{
		{MonitorID: m.ID, Date: now.AddDate(0, 0, -40), Kind: store.ChangeStatus, To: "ok"},
		{MonitorID: m.ID, Date: now.AddDate(0, 0, -20), Kind: store.ChangeStatus, From: "ok", To: "failed"},
		{MonitorID: m.ID, Date: now.AddDate(0, 0, -19), Kind: store.ChangeStatus, From: "failed", To: "ok"},
		{MonitorID: m.ID, Date: now.Add(-time.Minute), Kind: store.ChangeStatus, From: "ok", To: "failed"},
	}}
	state := store.State{MonitorID: m.ID, Streak: 3, Since: now.Add(-time.Minute)}
	for i := range 3 {
		state.Latest = monitor.Result{
			ID: c.id(), Date: now.Add(time.Duration(i-3) * 20 * time.Second), Status: monitor.StatusFailed, Value: 12, Message: text("message"),
			MonitorID: m.ID, MonitorName: m.Name, MonitorTarget: m.Target, Outputs: map[string]any{marker: text("output"), "status": 500.0},
		}
		batch.Results = append(batch.Results, state.Latest)
		state.History = append(state.History, store.Point{Date: state.Latest.Date, Status: monitor.StatusFailed, Value: 12})
	}
	batch.States = []store.State{state}
	must(t, s.AppendBatch(t.Context(), batch))
	open := store.Incident{
		ID: store.IncidentID(m.ID, 2), MonitorID: m.ID, Number: 2, MonitorName: m.Name, Group: m.Group, FirstNotOK: now.Add(-time.Minute),
		Opened: now.Add(-time.Minute), Severity: monitor.StatusFailed, FirstMessage: text("first message"), Message: text("message"), Dependents: []string{c.id()},
	}
	past := open
	past.ID, past.Number = store.IncidentID(m.ID, 1), 1
	past.FirstNotOK, past.Opened, past.Resolved = now.AddDate(0, 0, -20), now.AddDate(0, 0, -20), now.AddDate(0, 0, -19)
	must(t, s.MergeIncidents(t.Context(), []store.Incident{past, open}))
	_, err := s.AcknowledgeIncident(t.Context(), open.ID, store.Acknowledgement{By: text("person"), Note: text("note"), Date: now})
	must(t, err)
	_, err = s.AddNotifications(t.Context(), []store.Notification{{
		ID: open.ID + "-opened", Kind: store.KindOpened, MonitorID: m.ID, MonitorName: m.Name, MonitorTarget: m.Target, Group: m.Group, Incident: 2,
		Message: text("notification"), Date: now, Opened: now, Deliveries: []store.Delivery{{Channel: "email", Status: store.DeliverySent, To: text("recipient"), Answer: text("answer")}},
	}})
	must(t, err)
	must(t, s.PutSilence(t.Context(), store.Silence{MonitorID: m.ID, Until: now.Add(time.Hour), By: text("silencer")}))
	return m.ID
}

func (c *Canaries) seedWindows(t testing.TB, s store.Store, monitors []string, now time.Time) {
	t.Helper()
	for i, public := range []bool{true, false} {
		w := maintenance.Window{
			ID: c.id(), Name: marker + " window", Monitors: monitors, Groups: []string{marker + " group of a window"}, Updated: now,
			Start: now.AddDate(0, 0, i+1), End: now.AddDate(0, 0, i+1).Add(time.Hour), Public: public, PublicName: "Public work",
		}
		if !public {
			w.PublicName = marker + " public name that is not shown"
		}
		must(t, s.CreateMaintenanceWindow(t.Context(), w))
	}
}

func (c *Canaries) seedPages(t testing.TB, s store.Store, monitors []string, now time.Time) {
	t.Helper()
	open := statuspage.Page{
		ID: c.id(), Slug: Open, Title: publicTitle, Introduction: "Hello **world**", Logo: logo("public"), Hosts: []string{OpenHost}, Visibility: statuspage.Public,
		Sections: []statuspage.Section{{Title: "Section", Entries: []statuspage.Entry{
			{ID: "00000001", Name: publicEntry, Monitor: monitors[0]},
			{ID: "00000002", Name: publicEntry + " 2", Group: marker + " group by group"},
			{ID: "00000003", Name: publicEntry + " 3", Label: marker + "-key=by-label" + marker},
		}}},
		Show: statuspage.Show{Uptime: true, ResponseTime: true, Incidents: true}, Zone: "UTC", Updated: now,
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(Password), bcrypt.MinCost)
	must(t, err)
	c.ids = append(c.ids, strings.ToLower(string(hash)))
	locked := open
	locked.ID, locked.Slug, locked.Title, locked.Introduction = c.id(), Locked, marker+" title", marker+" introduction"
	locked.Visibility, locked.PasswordHash, locked.Hosts = statuspage.Password, string(hash), []string{LockedHost}
	locked.Logo = logo(marker)
	locked.Sections = []statuspage.Section{{Title: marker + " section", Entries: []statuspage.Entry{
		{ID: "00000004", Name: marker + " entry", Monitor: monitors[0]}, {ID: "00000005", Name: marker + " other entry", Monitor: monitors[3]},
	}}}
	for _, p := range []statuspage.Page{open, locked} {
		must(t, s.CreateStatusPage(t.Context(), p))
		m := statuspage.Message{ID: c.id(), PageID: p.ID, Title: p.Title + " message", Entries: []string{p.Sections[0].Entries[0].ID}, Updated: now}
		for _, state := range []statuspage.State{statuspage.Investigating, statuspage.Resolved} {
			m.Updates = append(m.Updates, statuspage.Update{Date: now.Add(-time.Hour), State: state, Text: p.Introduction})
			must(t, s.CreateStatusMessage(t.Context(), m))
			m.ID = c.id()
		}
	}
}
