package render

import (
	"encoding/xml"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/statuspage"
)

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	Titles    []string   `xml:"title"`
	IDs       []string   `xml:"id"`
	Published []string   `xml:"published"`
	Updated   []string   `xml:"updated"`
	Links     []atomLink `xml:"link"`
	Contents  []struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	} `xml:"content"`
}

type atomFeed struct {
	XMLName    xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Titles     []string    `xml:"title"`
	IDs        []string    `xml:"id"`
	Updated    []string    `xml:"updated"`
	Authors    []string    `xml:"author>name"`
	Generators []string    `xml:"generator"`
	Links      []atomLink  `xml:"link"`
	Entries    []atomEntry `xml:"entry"`
}

var uuid = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// parseFeed checks a feed against the rules of RFC 4287.
func parseFeed(t *testing.T, data []byte) atomFeed {
	t.Helper()
	var feed atomFeed
	if err := xml.Unmarshal(data, &feed); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	if len(feed.Titles) != 1 || len(feed.IDs) != 1 || len(feed.Updated) != 1 || len(feed.Authors) != 1 || len(feed.Generators) != 1 {
		t.Errorf("the feed has not exactly one title, id, date, author and generator: %+v", feed)
	}
	expectLinks(t, feed.Links, "self", "alternate")
	ids := map[string]bool{}
	newest := date3339(t, feed.Updated[0])
	for _, e := range feed.Entries {
		if len(e.Titles) != 1 || len(e.IDs) != 1 || len(e.Updated) != 1 || len(e.Published) > 1 || len(e.Contents) != 1 || e.Contents[0].Type != "html" {
			t.Fatalf("an entry has not exactly one of each element: %+v", e)
		}
		expectLinks(t, e.Links, "alternate")
		if !uuid.MatchString(e.IDs[0]) || ids[e.IDs[0]] || e.IDs[0] == feed.IDs[0] {
			t.Errorf("the id %s is not unique or no URN", e.IDs[0])
		}
		ids[e.IDs[0]] = true
		updated := date3339(t, e.Updated[0])
		if updated.After(newest) || len(e.Published) == 1 && updated.Before(date3339(t, e.Published[0])) {
			t.Errorf("the dates of %q are not in order", e.Titles[0])
		}
		expectNestedText(t, e.Contents[0].Text)
	}
	return feed
}

func expectNestedText(t *testing.T, content string) {
	t.Helper()
	if strings.Contains(content, "details") {
		t.Errorf("the content hides something: %s", content)
	}
	expectNested(t, []byte(content))
}

func expectLinks(t *testing.T, links []atomLink, rels ...string) {
	t.Helper()
	if len(links) != len(rels) {
		t.Errorf("links are %+v, want %v", links, rels)
		return
	}
	for i, link := range links {
		if to, err := url.Parse(link.Href); err != nil || !strings.HasPrefix(to.Path, "/status/acme") || link.Rel != rels[i] || !strings.Contains(link.Type, "/") {
			t.Errorf("unexpected link %+v", link)
		}
	}
}

func date3339(t *testing.T, text string) time.Time {
	t.Helper()
	date, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Error(err)
	}
	return date
}

func TestFeeds(t *testing.T) {
	for name, v := range samples() {
		t.Run(name, func(t *testing.T) {
			parseFeed(t, Atom(v))
		})
	}
	parseFeed(t, Atom(&view.Page{Slug: "acme"}))
}

func TestFeedNeverEndsXML(t *testing.T) {
	v := partial()
	v.Title, v.Messages[0].Title, v.Messages[0].Updates[0].Text = "a\x00\x1b<b>&amp;\xff", "]]>", "<script>\x00\ufffe"
	feed := parseFeed(t, Atom(v))
	if got := feed.Titles[0]; got != "a\uFFFD\uFFFD<b>&amp;\uFFFD" {
		t.Errorf("title is %q", got)
	}
}

// TestIdentityInFeed checks that an incident keeps its id when it ends, and a message when it is renamed.
func TestIdentityInFeed(t *testing.T) {
	v := partial()
	before := parseFeed(t, Atom(v))
	ended := v.Incidents[0]
	ended.End = now
	v.Incidents = nil
	v.Past[0].Events = []view.Event{{Incident: &ended}}
	v.Slug, v.Messages[0].Title = "acme", "New title"
	v.Messages[0].Updates = append([]statuspage.Update{{Date: now, State: statuspage.Resolved, Text: "Done."}}, v.Messages[0].Updates...)
	after := parseFeed(t, Atom(v))
	if len(after.Entries) != len(before.Entries) {
		t.Fatalf("%d entries became %d", len(before.Entries), len(after.Entries))
	}
	ids := map[string]bool{}
	for _, e := range before.Entries {
		ids[e.IDs[0]] = true
	}
	for _, e := range after.Entries {
		if !ids[e.IDs[0]] {
			t.Errorf("%q has a new id", e.Titles[0])
		}
	}
}

// expectBoth checks that the HTML and the feed of a page contain a text, or do not.
func expectBoth(t *testing.T, v *view.Page, text string, want bool) {
	t.Helper()
	for name, data := range map[string][]byte{"HTML": Page(v), "feed": Atom(v)} {
		if strings.Contains(html.UnescapeString(string(data)), text) != want {
			t.Errorf("%s: contains %q is not %v", name, text, want)
		}
	}
}

func TestOpenIncidentsHaveTheLevelOfTheirEntry(t *testing.T) {
	v := partial()
	expectBoth(t, v, "Partial outage: Payments", true)
	if page := string(Page(v)); !strings.Contains(page, `class="card event incident partial"`) {
		t.Error("the incident has not the color of a partial outage")
	}
	v.Sections[0].Entries[1].Level, v.Overall.Text = view.Down, ""
	expectBoth(t, v, "Partial outage: Payments", false)
	// The past of an incident is not known, even if the entry fails again.
	v = partial()
	v.Incidents, v.Overall.Text = nil, ""
	expectBoth(t, v, "Partial outage: Payments", false)
	expectBoth(t, v, "Outage: Payments", true)
}

func TestEventsNameThreeEntries(t *testing.T) {
	v := partial()
	v.Messages[0].Entries = []string{"A", "B", "C", "D"}
	v.Maintenance[0].Entries = []string{"A", "B", "C"}
	expectBoth(t, v, "Affects A, B, C and 1 more<", true)
	expectBoth(t, v, "Affects A, B, C<", true)
	if !strings.Contains(string(JSON(v)), `"entries":["A","B","C","D"]`) {
		t.Error("the data does not name all entries")
	}
}

// TestMaintenanceInFeed checks that the date of maintenance is its own, also after a change of the page.
func TestMaintenanceInFeed(t *testing.T) {
	v := fine()
	v.Maintenance = []view.Maintenance{
		{ID: "a", Name: "Planned maintenance", Start: now.Add(time.Hour), End: now.Add(2 * time.Hour), Updated: now.Add(-4 * time.Hour)},
		{ID: "b", Name: "New servers", Start: now.AddDate(0, 0, 9), End: now.AddDate(0, 0, 10), Updated: now.AddDate(0, 0, -5)},
		{ID: "c", Name: "Planned maintenance", Start: now.Add(-3 * time.Hour), End: now.Add(time.Hour), Active: true, Updated: now.Add(-3 * time.Hour)},
	}
	for _, v.Updated = range []time.Time{now.AddDate(0, 0, -9), now} {
		entries := parseFeed(t, Atom(v)).Entries
		for i, want := range []struct {
			title   string
			updated time.Time
		}{
			{"Planned maintenance (in progress)", now.Add(-3 * time.Hour)}, {"Planned maintenance", now.Add(-4 * time.Hour)},
			{"Maintenance: New servers (planned)", now.AddDate(0, 0, -5)},
		} {
			got := entries[i]
			if got.Titles[0] != want.title || !date3339(t, got.Updated[0]).Equal(want.updated) || len(got.Published) > 0 {
				t.Errorf("entry %d is %+v, want %+v", i, got, want)
			}
		}
	}
}

func TestPlannedMaintenanceIsBelowEntries(t *testing.T) {
	page := string(Page(inMaintenance()))
	active, entries := strings.Index(page, "Upgrade of our servers"), strings.Index(page, `class="card entries"`)
	if planned := strings.Index(page, "Move to a new data centre"); active < 0 || active > entries || planned < entries {
		t.Errorf("active maintenance is at %d, entries at %d, planned maintenance at %d", active, entries, planned)
	}
}

func TestFeedIsLimited(t *testing.T) {
	v := fine()
	for i := range 300 {
		start := now.Add(-time.Duration(i) * time.Hour)
		v.Past[0].Events = append(v.Past[0].Events, view.Event{Incident: &view.Incident{ID: string(rune('a' + i)), Entry: "Website", Start: start, End: start.Add(time.Minute)}})
	}
	feed := parseFeed(t, Atom(v))
	if len(feed.Entries) != maxFeedEntries || date3339(t, feed.Entries[0].Updated[0]).Before(date3339(t, feed.Entries[99].Updated[0])) {
		t.Errorf("the feed has %d entries", len(feed.Entries))
	}
}
