package render

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"testing"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/statuspage"
)

var now = time.Date(2026, 11, 30, 22, 3, 12, 0, time.UTC)

func samplePage() *view.Page {
	uptime, response := 99.98, 120.4
	entry := view.Entry{ID: "0a1b2c3d", Name: "Payments", Level: view.Operational, Uptimes: map[string]float64{"90d": uptime}, Response: &response}
	for i := range view.Days {
		entry.Days = append(entry.Days, view.Day{Date: now.AddDate(0, 0, i-view.Days+1).Format(time.DateOnly), Uptime: &uptime, Length: 24 * time.Hour})
	}
	message := view.Message{ID: "m1", Title: "Slow <payments>", State: statuspage.Identified, Entries: []string{"Payments"}, Updates: []statuspage.Update{
		{Date: now, State: statuspage.Identified, Text: "We **found** it."}, {Date: now.Add(-time.Hour), State: statuspage.Investigating, Text: "We look into it."},
	}}
	return &view.Page{
		ID: "page", Slug: "acme", Title: "Acme & Co", Introduction: "Hello", Show: statuspage.Show{Uptime: true, ResponseTime: true, Incidents: true},
		Zone: time.UTC, Updated: now, Overall: view.Overall{Level: view.Operational, Text: "All systems operational"},
		Sections: []view.Section{{Title: "Services", Entries: []view.Entry{entry}}}, Messages: []view.Message{message},
		Incidents:   []view.Incident{{ID: "i1", Entry: "Payments", Start: now.Add(-time.Hour)}},
		Maintenance: []view.Maintenance{{ID: "w1", Name: "Move", Entries: []string{"Payments"}, Start: now, End: now.Add(time.Hour)}},
		Past:        []view.Month{{Start: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Events: []view.Event{{Incident: &view.Incident{ID: "i2", Entry: "Payments", Start: now.Add(-9 * time.Hour), End: now.Add(-8 * time.Hour)}}}}},
	}
}

func TestOutputsAreWellFormed(t *testing.T) {
	v := samplePage()
	if !json.Valid(JSON(v)) {
		t.Errorf("invalid JSON: %s", JSON(v))
	}
	var any struct{}
	if err := xml.Unmarshal(Atom(v), &any); err != nil {
		t.Errorf("invalid feed: %v\n%s", err, Atom(v))
	}
	badge := StatusBadge(v.Sections[0].Entries[0])
	if err := xml.Unmarshal(badge, &any); err != nil {
		t.Errorf("invalid badge: %v\n%s", err, badge)
	}
	if !bytes.Contains(Page(v), []byte("All systems operational")) {
		t.Error("the page does not contain the overall sentence")
	}
}
