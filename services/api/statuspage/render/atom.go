package render

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	g "maragu.dev/gomponents"

	"nanomon/services/api/statuspage/view"
)

// maxFeedEntries is the maximum number of entries of a feed.
const maxFeedEntries = 100

// feedEntry is an event in a feed.
type feedEntry struct {
	id, title string
	// published is zero if it is not known.
	published, updated time.Time
	// content is HTML.
	content []byte
}

// Atom returns the messages, incidents and maintenance of a status page as an Atom feed, newest first.
func Atom(v *view.Page) []byte {
	entries := feedEntries(v)
	slices.SortStableFunc(entries, func(a, b *feedEntry) int { return b.updated.Compare(a.updated) })
	entries = entries[:min(len(entries), maxFeedEntries)]
	updated := v.Updated
	if updated.IsZero() {
		updated = time.Unix(0, 0)
	}
	for _, e := range entries {
		if e.updated.After(updated) {
			updated = e.updated
		}
	}
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n")
	b.Write(markup(el("feed", attr("xmlns", "http://www.w3.org/2005/Atom"), attr("xml:lang", "en"),
		element("title", v.Title),
		element("id", urn(identity(v))),
		element("updated", stamp(updated)),
		el("author", element("name", v.Title)),
		element("generator", "NanoMon"),
		feedLink("self", "application/atom+xml", path(v)+".atom"),
		feedLink("alternate", "text/html", path(v)),
		g.Map(entries, func(e *feedEntry) g.Node { return e.node(v) }),
	)))
	return b.Bytes()
}

// identity returns a text that identifies the page, if possible also after its address has changed.
func identity(v *view.Page) string { return cmp.Or(v.ID, v.Slug) }

func (e *feedEntry) node(v *view.Page) g.Node {
	return el("entry",
		element("title", e.title),
		element("id", urn(identity(v), e.id)),
		g.If(!e.published.IsZero(), element("published", stamp(e.published))),
		element("updated", stamp(e.updated)),
		feedLink("alternate", "text/html", path(v)+"#"+anchor(e.id)),
		el("content", attr("type", "html"), words(plainXML(string(e.content)))),
	)
}

// feedEntries returns pointers, because the compiler needs no code of its own to sort them.
func feedEntries(v *view.Page) []*feedEntry {
	var entries []*feedEntry
	for _, m := range v.Messages {
		entries = append(entries, messageEntry(v, m))
	}
	for _, i := range v.Incidents {
		entries = append(entries, incidentEntry(v, i))
	}
	for _, m := range v.Maintenance {
		entries = append(entries, maintenanceEntry(v, m))
	}
	for _, month := range v.Past {
		for _, event := range month.Events {
			if event.Message != nil {
				entries = append(entries, messageEntry(v, *event.Message))
			} else {
				entries = append(entries, incidentEntry(v, *event.Incident))
			}
		}
	}
	return entries
}

func messageEntry(v *view.Page, m view.Message) *feedEntry {
	first, last := m.Updates[len(m.Updates)-1], m.Updates[0]
	return &feedEntry{m.ID, m.Title + " (" + strings.ToLower(stateText(m.State)) + ")", first.Date, last.Date, markup(g.Group{
		affected(m.Entries), updates(v, currentText, m.Updates),
	})}
}

func incidentEntry(v *view.Page, i view.Incident) *feedEntry {
	updated, state := i.Start, " (open)"
	if !i.End.IsZero() {
		updated, state = i.End, " (resolved)"
	}
	return &feedEntry{i.ID, incidentTitle(v, i) + state, i.Start, updated, markup(incidentTime(v, i))}
}

func maintenanceEntry(v *view.Page, m view.Maintenance) *feedEntry {
	return &feedEntry{
		id: m.ID, title: maintenanceTitle(m), updated: m.Updated,
		content: markup(g.Group{el("p", period(v, m.Start, m.End)), affected(m.Entries)}),
	}
}

// maintenanceTitle does not say twice that maintenance is planned.
func maintenanceTitle(m view.Maintenance) string {
	title, state := "Maintenance: "+m.Name, " ("+strings.ToLower(maintenanceState(m))+")"
	if strings.HasPrefix(m.Name, "Planned maintenance") {
		title = m.Name
		if !m.Active {
			state = ""
		}
	}
	return title + state
}

func element(name, text string) g.Node { return el(name, words(plainXML(text))) }

// feedLink does not use g.El, which writes links as HTML does, without an end.
func feedLink(rel, contentType, href string) g.Node {
	var b bytes.Buffer
	b.WriteString("<link")
	for _, attribute := range []g.Node{attr("rel", rel), attr("type", contentType), attr("href", href)} {
		_ = attribute.Render(&b) // a buffer does not fail
	}
	b.WriteString("/>")
	return raw(b.String())
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// plainXML replaces the characters that XML does not allow, even escaped.
func plainXML(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}
