package server

import (
	"fmt"
	"net/http"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
)

// messageDraft is a message in a request.
type messageDraft struct {
	Title   string        `json:"title"`
	Entries []string      `json:"entries"`
	Updates []updateDraft `json:"updates"`
}

// updateDraft is an update of a message in a request.
type updateDraft struct {
	// Date is in RFC 3339; nil is now.
	Date  *string          `json:"date"`
	State statuspage.State `json:"state"`
	Text  string           `json:"text"`
}

// maxAhead is how far the clock of a client may be ahead.
const maxAhead = 5 * time.Minute

// update returns the update that a request describes. prefix precedes the names of its fields in the error.
func (d updateDraft) update(prefix string, now time.Time) (statuspage.Update, error) {
	date, err := parseDate(prefix+"date", d.Date)
	switch {
	case d.Date == nil:
		date = now
	case date.After(now.Add(maxAhead)):
		err = monitor.Invalidf("%sdate must not be in the future", prefix)
	}
	return statuspage.Update{Date: date, State: d.State, Text: d.Text}, err
}

// readMessage reads title, entries and updates of the message in the body.
func readMessage(w http.ResponseWriter, r *http.Request, now time.Time) (m statuspage.Message, err error) {
	draft, err := readObject[messageDraft](w, r)
	if err != nil {
		return m, err
	}
	m.Title, m.Entries = draft.Title, draft.Entries
	for i, d := range draft.Updates {
		update, err := d.update(fmt.Sprintf("updates[%d].", i), now)
		if err != nil {
			return m, err
		}
		m.Updates = append(m.Updates, update)
	}
	return m, nil
}

// complete validates a message that changes now, and converts it to its stored form. The error names an update by its
// position in the request, before they are sorted by date.
func complete(m *statuspage.Message, now time.Time) error {
	if err := m.Validate(); err != nil {
		return err
	}
	m.Updated = now
	m.Normalize()
	return nil
}
