package statuspage

import "time"

// Limits of a message.
const (
	MaxUpdates    = 100
	MaxUpdateText = 5_000 // in characters
	// MaxMessages is the maximum number of messages of a page.
	MaxMessages = 1_000
)

// State is the state of the work on the subject of a message.
type State string

// The states of messages. A resolved message is history.
const (
	Investigating State = "investigating"
	Identified    State = "identified"
	Monitoring    State = "monitoring"
	Resolved      State = "resolved"
)

// Message is a text by an operator on a status page. All of it is public except the ids.
type Message struct {
	// ID is 24 lower-case hexadecimal digits.
	ID string `json:"id"`
	// PageID is the id of the page.
	PageID string `json:"page_id"`
	Title  string `json:"title"`
	// Entries lists the ids of the affected entries; empty if there are none. Unknown ids are ignored.
	Entries []string `json:"entries"`
	// Updates has at least one element, oldest first.
	Updates []Update `json:"updates"`
	// Updated is the time of the last change.
	Updated time.Time `json:"updated"`
}

// Update is one text of a message.
type Update struct {
	Date  time.Time `json:"date"`
	State State     `json:"state"`
	// Text is Markdown.
	Text string `json:"text"`
}

// State returns the state of the newest update.
func (m Message) State() State { return m.Updates[len(m.Updates)-1].State }

// LastUpdate returns the date of the newest update.
func (m Message) LastUpdate() time.Time { return m.Updates[len(m.Updates)-1].Date }
