package render

import (
	"fmt"
	"strings"
	"time"

	"nanomon/services/api/statuspage/view"
	"nanomon/services/common/statuspage"
)

// now is the time at which the samples were made.
var now = time.Date(2026, 11, 30, 22, 3, 12, 0, time.UTC)

func floored(percent float64) float64 { return float64(int(percent*100)) / 100 }

// sampleDays returns days on which everything was fine.
func sampleDays() []view.Day {
	days := make([]view.Day, view.Days)
	for i := range days {
		length := 24 * time.Hour
		if i == view.Days-1 {
			length = 22*time.Hour + 3*time.Minute
		}
		days[i] = view.Day{Date: now.AddDate(0, 0, i-view.Days+1).Format(time.DateOnly), Uptime: new(100.0), Length: length}
	}
	return days
}

// fail makes an entry fail on a day for a while. The last day is 0.
func fail(e *view.Entry, ago int, down time.Duration) {
	d := &e.Days[len(e.Days)-1-ago]
	d.Down, d.Incidents = down, 1
	d.Uptime = new(floored(100 * float64(d.Length-down) / float64(d.Length)))
	total := floored(100 - 100*down.Hours()/(24*view.Days))
	e.Uptimes["90d"], e.Uptimes["30d"] = total, floored(total-0.02)
}

// unchecked removes the checks before the last days.
func unchecked(e *view.Entry, days int) {
	for i := range e.Days[:len(e.Days)-days] {
		d := &e.Days[i]
		d.Uptime, d.NotChecked = nil, d.Length
	}
}

func maintain(e *view.Entry, ago int, length time.Duration) {
	d := &e.Days[len(e.Days)-1-ago]
	d.Maintenance = length
	if length == d.Length {
		d.Uptime = nil
	}
}

func sampleEntry(id int, name string, response float64) view.Entry {
	e := view.Entry{
		ID: fmt.Sprintf("%08x", id), Name: name, Level: view.Operational, Days: sampleDays(),
		Uptimes: map[string]float64{"24h": 100, "7d": 100, "30d": 100, "90d": 100},
	}
	if response > 0 {
		e.Response = &response
	}
	return e
}

// fine returns a page without a problem.
func fine() *view.Page {
	web := []view.Entry{sampleEntry(1, "Website", 84), sampleEntry(2, "Payments", 212.6), sampleEntry(3, "API for partners", 9.2)}
	mail := []view.Entry{sampleEntry(4, "Incoming e-mail", 0), sampleEntry(5, "Newsletter", 0)}
	fail(&web[1], 44, 12*time.Minute)
	fail(&web[2], 71, 4*time.Hour)
	maintain(&web[2], 20, 90*time.Minute)
	maintain(&mail[0], 7, 24*time.Hour)
	month := func(month time.Month, events ...view.Event) view.Month {
		return view.Month{Start: time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC), Events: events}
	}
	outage := func(id, entry string, start time.Time, length time.Duration) view.Event {
		return view.Event{Incident: &view.Incident{ID: id, Entry: entry, Start: start, End: start.Add(length)}}
	}
	return &view.Page{
		ID: "page", Slug: "acme", Title: "Acme Shop", Show: statuspage.Show{Uptime: true, ResponseTime: true, Incidents: true},
		Introduction: "This page shows whether our services work. Questions? Write to <help@acme.example> or read our [help pages](https://help.acme.example).",
		Zone:         time.UTC, Updated: now.Add(-2 * time.Hour),
		Overall:  view.Overall{Level: view.Operational, Text: "All systems operational"},
		Sections: []view.Section{{Title: "Shop", Entries: web}, {Title: "E-mail", Entries: mail}},
		Past: []view.Month{
			month(time.November), month(time.October, view.Event{Message: resolvedMessage()}, outage("i2", "Payments", now.AddDate(0, 0, -44), 12*time.Minute)),
			month(time.September, outage("i1", "API for partners", now.AddDate(0, 0, -71), 4*time.Hour)),
		},
	}
}

func resolvedMessage() *view.Message {
	at := now.AddDate(0, 0, -44)
	return &view.Message{ID: "m1", Title: "Card payments fail", State: statuspage.Resolved, Entries: []string{"Payments"}, Updates: []statuspage.Update{
		{Date: at.Add(2 * time.Hour), State: statuspage.Resolved, Text: "All payments work again. No order was lost."},
		{Date: at.Add(30 * time.Minute), State: statuspage.Monitoring, Text: "We have switched to our second provider."},
		{Date: at.Add(10 * time.Minute), State: statuspage.Investigating, Text: "Some card payments fail. We are looking into it."},
	}}
}

func openMessage() view.Message {
	return view.Message{ID: "m2", Title: "Payments are slow or fail", State: statuspage.Identified, Entries: []string{"Payments", "API for partners"}, Updates: []statuspage.Update{
		{Date: now.Add(-20 * time.Minute), State: statuspage.Identified, Text: "Our **payment provider** has a disruption. You can follow it at <https://status.provider.example>.\n\nOrders are kept, and you will get a confirmation later:\n\n- by e-mail\n- in your account"},
		{Date: now.Add(-50 * time.Minute), State: statuspage.Investigating, Text: "Some payments fail. We are looking into it."},
	}}
}

// partial returns a page with an outage of one entry and a message about it.
func partial() *view.Page {
	v := fine()
	e := &v.Sections[0].Entries[1]
	e.Level, e.Uptimes["24h"], e.Uptimes["7d"] = view.Partial, 96.21, 99.45
	fail(e, 0, 50*time.Minute)
	v.Overall = view.Overall{Level: view.Partial, Text: "Partial outage: Payments"}
	v.Messages = []view.Message{openMessage()}
	v.Incidents = []view.Incident{{ID: "i3", Entry: "Payments", Start: now.Add(-50 * time.Minute)}}
	v.Maintenance = []view.Maintenance{{ID: "w1", Name: "Move to a new data centre", Entries: []string{"Website", "Payments"}, Start: now.Add(50 * time.Hour), End: now.Add(53 * time.Hour), Updated: now.AddDate(0, 0, -6)}}
	return v
}

// major returns a page on which everything is down.
func major() *view.Page {
	v := fine()
	for s := range v.Sections {
		for i := range v.Sections[s].Entries {
			e := &v.Sections[s].Entries[i]
			e.Level, e.Uptimes["24h"] = view.Down, 91.2
			fail(e, 0, 2*time.Hour)
			v.Incidents = append(v.Incidents, view.Incident{ID: "i" + e.ID, Entry: e.Name, Start: now.Add(-2 * time.Hour)})
		}
	}
	v.Overall = view.Overall{Level: view.Down, Text: "Major outage"}
	return v
}

func inMaintenance() *view.Page {
	v := fine()
	v.Sections[0].Entries[0].Level = view.InMaintenance
	maintain(&v.Sections[0].Entries[0], 0, 40*time.Minute)
	v.Overall = view.Overall{Level: view.InMaintenance, Text: "Maintenance: Website"}
	v.Maintenance = []view.Maintenance{
		{ID: "w0", Name: "Upgrade of our servers", Entries: []string{"Website"}, Start: now.Add(-40 * time.Minute), End: now.Add(80 * time.Minute), Active: true},
		{ID: "w1", Name: "Move to a new data centre", Start: now.Add(50 * time.Hour), End: now.Add(76 * time.Hour)},
	}
	return v
}

func oldPage() *view.Page {
	v := partial()
	v.Since = now
	return v
}

// unknown returns a page whose entries were never checked.
func unknown() *view.Page {
	v := fine()
	v.Introduction, v.Past = "", v.Past[:1]
	for s := range v.Sections {
		for i := range v.Sections[s].Entries {
			e := &v.Sections[s].Entries[i]
			e.Level, e.Uptimes, e.Response = view.Unknown, nil, nil
			e.Days = sampleDays()
			unchecked(e, 0)
		}
	}
	v.Overall = view.Overall{Level: view.Unknown, Text: "No current data"}
	return v
}

// oneDay returns a page that began today, without titles of sections.
func oneDay() *view.Page {
	v := fine()
	v.Past = v.Past[:1]
	v.Sections = v.Sections[:1]
	v.Sections[0].Title = ""
	for i := range v.Sections[0].Entries {
		e := &v.Sections[0].Entries[i]
		e.Days = sampleDays()
		e.Uptimes = map[string]float64{"24h": 100, "7d": 100, "30d": 100, "90d": 100}
		unchecked(e, 1)
	}
	return v
}

// longNames returns a page with the longest texts, in a zone without an abbreviation.
func longNames() *view.Page {
	v := partial()
	v.Zone, _ = time.LoadLocation("America/Argentina/Buenos_Aires")
	long := strings.Repeat("Donaudampfschifffahrtsgesellschaft", 3)[:100]
	v.Title = "Status of all services of the Association for the Advancement of Very Long Names and Related Subjects"
	v.Sections[0].Title = "Services for customers in Europe, the Middle East and Africa, with everything that belongs to them"
	v.Sections[0].Entries[0].Name = long
	v.Sections[0].Entries[1].Name = "Payments by credit card, direct debit, bank transfer, invoice, gift card and everything else we offer"
	v.Sections[0].Entries[2].Name = "واجهة برمجة التطبيقات للشركاء"
	v.Overall.Text = "Partial outage: " + v.Sections[0].Entries[1].Name + ", " + long + " and 2 more"
	v.Messages[0].Title = "Payments by credit card, direct debit, bank transfer, invoice, gift card and everything else are slow"
	v.Messages[0].Entries = []string{long, v.Sections[0].Entries[1].Name}
	v.Maintenance[0].Name = long
	return v
}

// manyPage returns a page with n entries in sections of 10.
func manyPage(n int) *view.Page {
	v := partial()
	v.Sections = nil
	for i := range n {
		if i%10 == 0 {
			v.Sections = append(v.Sections, view.Section{Title: fmt.Sprint("Region ", i/10+1)})
		}
		e := sampleEntry(i, fmt.Sprint("Service ", i+1), float64(20+i*7))
		fail(&e, (i*7)%89, time.Duration(i%9)*40*time.Minute+time.Minute)
		if i%6 == 0 {
			maintain(&e, (i*13)%88, time.Hour)
		}
		s := &v.Sections[len(v.Sections)-1]
		s.Entries = append(s.Entries, e)
	}
	return v
}

// busy returns a page with many messages and updates and a long history.
func busy() *view.Page {
	v := partial()
	for i := range 6 {
		v.Messages[0].Updates = append(v.Messages[0].Updates, statuspage.Update{Date: now.Add(-time.Duration(i+2) * time.Hour), State: statuspage.Investigating, Text: fmt.Sprint("Earlier update ", i)})
	}
	v.Messages = append(v.Messages, view.Message{ID: "m3", Title: "Delayed newsletters", State: statuspage.Monitoring, Updates: []statuspage.Update{
		{Date: now.Add(-26 * time.Hour), State: statuspage.Monitoring, Text: "> Newsletters of today are late.\n\n1. first\n2. second\n\n```\nqueue: 1200\n```\n\n# Details\n\nMore about `SMTP`."},
	}})
	for i := range 14 {
		start := now.AddDate(0, 0, -i-1)
		v.Past[0].Events = append(v.Past[0].Events, view.Event{Incident: &view.Incident{ID: fmt.Sprint("p", i), Entry: "Website", Start: start, End: start.Add(time.Duration(i*i*7+1) * time.Minute)}})
	}
	return v
}

// plainPage returns a page that shows only the current status.
func plainPage() *view.Page {
	v := fine()
	v.Show, v.Past = statuspage.Show{}, nil
	return v
}

// short returns a page with its first two entries and the last 7 of their days.
func short(v *view.Page) *view.Page {
	v.Sections = v.Sections[:1]
	v.Sections[0].Entries = v.Sections[0].Entries[:2]
	for i := range v.Sections[0].Entries {
		e := &v.Sections[0].Entries[i]
		e.Days = e.Days[view.Days-7:]
	}
	return v
}

// samples returns all sample pages by name.
func samples() map[string]*view.Page {
	return map[string]*view.Page{
		"fine": fine(), "partial": partial(), "major": major(), "maintenance": inMaintenance(), "old": oldPage(), "unknown": unknown(),
		"one-day": oneDay(), "long-names": longNames(), "many": manyPage(60), "busy": busy(), "status-only": plainPage(),
	}
}
