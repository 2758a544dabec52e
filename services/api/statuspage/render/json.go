package render

import (
	"math"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/statuspage"
	"nanomon/services/common/web"
)

type jsonPage struct {
	Slug         string            `json:"slug"`
	Title        string            `json:"title"`
	Introduction string            `json:"introduction,omitempty"`
	Zone         string            `json:"zone"`
	Updated      *time.Time        `json:"updated,omitempty"`
	Since        *time.Time        `json:"since,omitempty"`
	Overall      jsonOverall       `json:"overall"`
	Sections     []jsonSection     `json:"sections"`
	Messages     []jsonMessage     `json:"messages"`
	Incidents    []jsonIncident    `json:"incidents"`
	Maintenance  []jsonMaintenance `json:"maintenance"`
	Past         []jsonEvent       `json:"past,omitempty"`
}

type jsonOverall struct {
	Level string `json:"level"`
	Text  string `json:"text"`
}

type jsonSection struct {
	Title   string      `json:"title"`
	Entries []jsonEntry `json:"entries"`
}

type jsonEntry struct {
	ID     string             `json:"id"`
	Name   string             `json:"name"`
	Level  string             `json:"level"`
	Uptime map[string]float64 `json:"uptime,omitempty"`
	// Response is the median response time of the last 24 hours in milliseconds.
	Response *float64  `json:"response,omitempty"`
	Days     []jsonDay `json:"days,omitempty"`
}

// jsonDay has durations in seconds.
type jsonDay struct {
	Date        string   `json:"date"`
	Uptime      *float64 `json:"uptime"`
	Down        int64    `json:"down,omitempty"`
	Maintenance int64    `json:"maintenance,omitempty"`
	NotChecked  int64    `json:"notChecked,omitempty"`
	Incidents   int      `json:"incidents,omitempty"`
}

type jsonMessage struct {
	ID      string       `json:"id"`
	Title   string       `json:"title"`
	State   string       `json:"state"`
	Entries []string     `json:"entries"`
	Updates []jsonUpdate `json:"updates"`
}

type jsonUpdate struct {
	Date  time.Time `json:"date"`
	State string    `json:"state"`
	Text  string    `json:"text"`
}

type jsonIncident struct {
	ID    string     `json:"id"`
	Entry string     `json:"entry"`
	Start time.Time  `json:"start"`
	End   *time.Time `json:"end,omitempty"`
}

type jsonMaintenance struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Entries []string  `json:"entries"`
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	Active  bool      `json:"active"`
}

type jsonEvent struct {
	Message  *jsonMessage  `json:"message,omitempty"`
	Incident *jsonIncident `json:"incident,omitempty"`
}

// JSON returns the content of a status page as JSON. It changes whenever something that the page shows changes.
func JSON(v *view.Page) []byte {
	p := jsonPage{
		Slug: v.Slug, Title: v.Title, Introduction: v.Introduction, Zone: zoneName(v),
		Updated: known(v.Updated), Since: known(v.Since),
		Overall:   jsonOverall{levelOf(v.Overall.Level).name, v.Overall.Text},
		Sections:  []jsonSection{},
		Messages:  each(v.Messages, messageJSON),
		Incidents: each(v.Incidents, incidentJSON),
		Maintenance: each(v.Maintenance, func(m view.Maintenance) jsonMaintenance {
			return jsonMaintenance{publicID(m.ID), m.Name, names(m.Entries), m.Start.UTC(), m.End.UTC(), m.Active}
		}),
	}
	for _, s := range v.Sections {
		p.Sections = append(p.Sections, jsonSection{s.Title, each(s.Entries, func(e view.Entry) jsonEntry { return entryJSON(v, e) })})
	}
	p.Past = pastJSON(v)
	data, err := web.Encode(p)
	if err != nil {
		panic(err) // texts, numbers and dates always encode
	}
	return data
}

func entryJSON(v *view.Page, e view.Entry) jsonEntry {
	entry := jsonEntry{ID: e.ID, Name: e.Name, Level: levelOf(e.Level).name}
	if v.Show.ResponseTime && e.Response != nil {
		rounded := math.Round(*e.Response*10) / 10
		entry.Response = &rounded
	}
	if v.Show.Uptime {
		entry.Uptime = e.Uptimes
		entry.Days = each(e.Days, func(d view.Day) jsonDay {
			return jsonDay{d.Date, d.Uptime, seconds(d.Down), seconds(d.Maintenance), seconds(d.NotChecked), d.Incidents}
		})
	}
	return entry
}

func pastJSON(v *view.Page) []jsonEvent {
	events := []jsonEvent{}
	for _, month := range v.Past {
		for _, event := range month.Events {
			if event.Message != nil {
				m := messageJSON(*event.Message)
				events = append(events, jsonEvent{Message: &m})
			} else {
				i := incidentJSON(*event.Incident)
				events = append(events, jsonEvent{Incident: &i})
			}
		}
	}
	return events
}

func messageJSON(m view.Message) jsonMessage {
	return jsonMessage{publicID(m.ID), m.Title, string(m.State), names(m.Entries), each(m.Updates, func(u statuspage.Update) jsonUpdate {
		return jsonUpdate{u.Date.UTC(), string(u.State), u.Text}
	})}
}

func incidentJSON(i view.Incident) jsonIncident {
	return jsonIncident{publicID(i.ID), i.Entry, i.Start.UTC(), known(i.End)}
}

// each returns the results of a function for all elements. It is never nil.
func each[T, R any](list []T, f func(T) R) []R {
	results := make([]R, len(list))
	for i, element := range list {
		results[i] = f(element)
	}
	return results
}

func names(entries []string) []string { return append([]string{}, entries...) }

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// known returns a time in UTC, or nil if it is zero.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
