package statuspage

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/hostname"
	"nanomon/services/common/monitor"
)

// Normalize converts the page to its stored form: lists are not nil, ids and host names are in lower case, international
// host names are in ASCII, labels have no spaces around key and value, visibility and zone are set, and the date is in
// UTC and whole milliseconds.
func (p *Page) Normalize() {
	p.ID = strings.ToLower(p.ID)
	p.Visibility, p.Zone = cmp.Or(p.Visibility, Public), cmp.Or(p.Zone, "UTC")
	hosts := make([]string, len(p.Hosts))
	for i, host := range p.Hosts {
		hosts[i] = strings.ToLower(strings.TrimSuffix(hostname.ToASCII(strings.TrimSpace(host)), "."))
	}
	p.Hosts = hosts
	sections := make([]Section, len(p.Sections))
	for i, section := range p.Sections {
		section.Entries = append([]Entry{}, section.Entries...)
		for n := range section.Entries {
			entry := &section.Entries[n]
			entry.Monitor, entry.Label = strings.ToLower(entry.Monitor), trimLabel(entry.Label)
		}
		sections[i] = section
	}
	p.Sections = sections
	p.Updated = storedDate(p.Updated)
}

// trimLabel removes the spaces around the key and the value, as they are removed from the labels of monitors.
func trimLabel(label string) string {
	key, value, found := strings.Cut(label, "=")
	if !found {
		return strings.TrimSpace(label)
	}
	return strings.TrimSpace(key) + "=" + strings.TrimSpace(value)
}

// SetEntryIDs gives each entry without an id a new one.
func (p *Page) SetEntryIDs() {
	used := make(map[string]bool)
	for _, section := range p.Sections {
		for _, entry := range section.Entries {
			used[entry.ID] = true
		}
	}
	for _, section := range p.Sections {
		for n := range section.Entries {
			for entry := &section.Entries[n]; entry.ID == ""; {
				if id := newEntryID(); !used[id] {
					entry.ID, used[id] = id, true
				}
			}
		}
	}
}

func newEntryID() string {
	var id [4]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// Normalize converts the message to its stored form: lists are not nil, ids are in lower case, dates are in UTC and whole
// milliseconds, and updates are ordered by date.
func (m *Message) Normalize() {
	m.ID, m.PageID = strings.ToLower(m.ID), strings.ToLower(m.PageID)
	m.Entries = append([]string{}, m.Entries...)
	m.Updates = append([]Update{}, m.Updates...)
	for i := range m.Updates {
		m.Updates[i].Date = storedDate(m.Updates[i].Date)
	}
	slices.SortStableFunc(m.Updates, func(a, b Update) int { return a.Date.Compare(b.Date) })
	m.Updated = storedDate(m.Updated)
}

// storedDate returns a date in UTC and whole milliseconds; the zero date stays.
func storedDate(date time.Time) time.Time {
	if date.IsZero() {
		return time.Time{}
	}
	return monitor.Date(date)
}
