package server

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/statuspage"
)

func (a *api) messages(pageID string) []statuspage.Message {
	a.t.Helper()
	list, err := a.store.StatusMessages(a.t.Context(), []string{pageID}, time.Time{})
	must(a.t, err)
	return list
}

func TestStatusMessageLifeCycle(t *testing.T) {
	a := startAPI(t, nil)
	path := a.createPage(pageJSON) + "/messages"
	pageID := strings.Split(path, "/")[3]
	a.do("GET", path, "").wantJSON(t, 200, "[]")

	created := decodeAs[statuspage.Message](t, a.do("POST", "/api/status-pages/"+strings.ToUpper(pageID)+"/messages", messageJSON))
	want := statuspage.Message{
		ID: created.ID, PageID: pageID, Title: "Cards fail", Entries: []string{"0000000a"}, Updated: created.Updated,
		Updates: []statuspage.Update{
			{Date: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), State: statuspage.Investigating, Text: "We look."},
			{Date: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), State: statuspage.Identified, Text: "We know *why*."},
		},
	}
	same(t, "created", created, want)
	same(t, "stored", a.messages(pageID), []statuspage.Message{want})
	if !monitor.ValidID(created.ID) || time.Since(created.Updated).Abs() > time.Minute {
		t.Errorf("created is %+v", created)
	}
	one := path + "/" + created.ID
	same(t, "list", decodeAs[[]statuspage.Message](t, a.do("GET", path, "")), []statuspage.Message{want})
	same(t, "one", decodeAs[statuspage.Message](t, a.do("GET", path+"/"+strings.ToUpper(created.ID), "")), want)

	added := decodeAs[statuspage.Message](t, a.do("POST", one+"/updates", updateJSON))
	if n := len(added.Updates); n != 3 || added.Updates[2].State != statuspage.Resolved || time.Since(added.Updates[2].Date).Abs() > time.Minute {
		t.Errorf("with another update: %+v", added)
	}
	early := decodeAs[statuspage.Message](t, a.do("POST", one+"/updates", `{"state": "monitoring", "text": "", "date": "2026-03-01T09:30:00Z"}`))
	var states []statuspage.State
	for _, update := range early.Updates {
		states = append(states, update.State)
	}
	same(t, "states", states, []statuspage.State{statuspage.Investigating, statuspage.Monitoring, statuspage.Identified, statuspage.Resolved})

	replaced := decodeAs[statuspage.Message](t, a.do("PUT", one,
		`{"id": 5, "page_id": "`+idOther+`", "updated": 7, "title": "T", "entries": null, "updates": [{"state": "resolved", "text": "x", "date": null}]}`))
	if replaced.ID != created.ID || replaced.PageID != pageID || replaced.Title != "T" || len(replaced.Updates) != 1 {
		t.Errorf("replaced is %+v", replaced)
	}
	same(t, "stored", a.messages(pageID), []statuspage.Message{replaced})

	a.do("DELETE", one, "").wantJSON(t, 204, "")
	same(t, "stored", a.messages(pageID), []statuspage.Message{})
}

// TestUnknownMessages uses wrong ids of pages and messages.
func TestUnknownMessages(t *testing.T) {
	a := startAPI(t, nil)
	page, other := a.createPage(pageJSON), a.createPage(`{"slug": "other", "title": "Other"}`)
	message := decodeAs[statuspage.Message](t, a.do("POST", page+"/messages", messageJSON))
	before := a.messages(message.PageID)
	for _, method := range []string{"GET", "PUT", "DELETE", "POST"} {
		body, updates := messageJSON, ""
		if method == "POST" {
			body, updates = updateJSON, "/updates"
		}
		for _, of := range []string{page + "/messages/" + idOther, other + "/messages/" + message.ID, "/api/status-pages/" + idOther + "/messages/" + message.ID} {
			id := of[len(of)-24:]
			for _, tags := range [][]string{nil, {"*"}, {`"x"`}} {
				a.doIf(method, of+updates, body, tags...).wantProblem(t, 404, "there is no message with the id "+id)
			}
		}
		a.do(method, page+"/messages/7"+updates, body).wantProblem(t, 400, `invalid message id "7": an id has 24 hexadecimal digits`)
		a.do(method, "/api/status-pages/7/messages/"+message.ID+updates, body).wantProblem(t, 400, `invalid id "7": an id has 24 hexadecimal digits`)
	}
	for _, method := range []string{"GET", "POST"} {
		a.do(method, "/api/status-pages/"+idOther+"/messages", messageJSON).wantProblem(t, 404, "there is no status page with the id "+idOther)
		a.do(method, "/api/status-pages/7/messages", messageJSON).wantProblem(t, 400, `invalid id "7": an id has 24 hexadecimal digits`)
	}
	same(t, "messages", a.messages(message.PageID), before)
	a.do("GET", other+"/messages", "").wantJSON(t, 200, "[]")

	a.do("DELETE", page, "").wantJSON(t, 204, "")
	same(t, "messages of the deleted page", a.messages(message.PageID), []statuspage.Message{})
}

// TestConcurrentUpdates adds updates to a message at the same time. None is lost.
func TestConcurrentUpdates(t *testing.T) {
	a := startAPI(t, nil)
	path := a.createPage(pageJSON) + "/messages"
	message := decodeAs[statuspage.Message](t, a.do("POST", path, messageJSON))
	var clients sync.WaitGroup
	const added = 5
	for n := range added {
		clients.Go(func() {
			body := fmt.Sprintf(`{"state": "monitoring", "text": "text %d"}`, n)
			if got := a.do("POST", path+"/"+message.ID+"/updates", body); got.status != 200 {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	clients.Wait()
	if stored := a.messages(message.PageID)[0]; len(stored.Updates) != len(message.Updates)+added {
		t.Errorf("stored is %+v", stored)
	}
}

// TestUpdateOfOneVersion adds an update under the condition that nobody has changed the message.
func TestUpdateOfOneVersion(t *testing.T) {
	a := startAPI(t, nil)
	path := a.createPage(pageJSON) + "/messages"
	path += "/" + decodeAs[statuspage.Message](t, a.do("POST", path, messageJSON)).ID
	tag := a.tag(path)
	a.wantStatus(t, 200, "POST", path+"/updates", updateJSON)
	a.wantChanged(t, a.doIf("POST", path+"/updates", updateJSON, tag), path, "message")
	got := a.doIf("POST", path+"/updates", updateJSON, a.tag(path))
	if message := decodeAs[statuspage.Message](t, got); len(message.Updates) != 4 || got.header.Get("ETag") != a.tag(path) {
		t.Errorf("%s with %v", got.body, got.header)
	}
}

func TestInvalidMessages(t *testing.T) {
	a := startAPI(t, nil)
	path := a.createPage(pageJSON) + "/messages"
	message := decodeAs[statuspage.Message](t, a.do("POST", path, messageJSON))
	one := path + "/" + message.ID
	before := a.messages(message.PageID)
	long, full := strings.Repeat("ü", 5001), make([]any, 101)
	for i := range full {
		full[i] = map[string]any{"state": "monitoring", "text": "x"}
	}
	for _, c := range []struct {
		field  string
		value  any
		detail string
	}{
		{"title", nil, "title is missing"},
		{"title", " ", "title is missing"},
		{"title", 5, `field "title" must be a string, not a number`},
		{"title", long, "title has 5001 characters, at most 100 are allowed"},
		{"title", "a\u202eb", "title contains the control character U+202E"},
		{"entries", "0000000a", `field "entries" must be an array, not a string`},
		{"entries", []any{5}, `field "entries" must be a string, not a number`},
		{"entries", []string{"0000000A"}, `entries must be ids of 8 lower-case hexadecimal digits, not "0000000A"`},
		{"entries", []string{"0000000a", "0000000a"}, "entries contains 0000000a twice"},
		{"updates", nil, "updates must contain at least one element"},
		{"updates", []any{}, "updates must contain at least one element"},
		{"updates", map[string]any{}, `field "updates" must be an array, not an object`},
		{"updates", []any{"x"}, `field "updates" must be an object, not a string`},
		{"updates", full, "updates has 101 elements, at most 100 are allowed"},
	} {
		body := map[string]any{"title": "T", "updates": []any{map[string]any{"state": "resolved", "text": "x"}}, c.field: c.value}
		for _, route := range [][2]string{{"POST", path}, {"PUT", one}} {
			a.do(route[0], route[1], toJSON(t, body)).wantProblem(t, 400, c.detail)
		}
	}
	for _, c := range []struct {
		field string
		value any
		// detail is the detail for an update in a message, and alone that for an update that is added.
		detail, alone string
	}{
		{"state", nil, `updates[0].state must be investigating, identified, monitoring or resolved, not ""`, `updates[2].state must be investigating, identified, monitoring or resolved, not ""`},
		{"state", "fine", `updates[0].state must be investigating, identified, monitoring or resolved, not "fine"`, `updates[2].state must be investigating, identified, monitoring or resolved, not "fine"`},
		{"state", 5, `field "updates.state" must be a string, not a number`, `field "state" must be a string, not a number`},
		{"text", long, "updates[0].text has 5001 characters, at most 5000 are allowed", "updates[2].text has 5001 characters, at most 5000 are allowed"},
		{"text", []string{}, `field "updates.text" must be a string, not an array`, `field "text" must be a string, not an array`},
		{"date", "today", `field "updates[0].date" must be a date in RFC 3339, such as 2026-01-31T22:00:00Z`, `field "date" must be a date in RFC 3339, such as 2026-01-31T22:00:00Z`},
		{"date", 7, `field "updates.date" must be a string, not a number`, `field "date" must be a string, not a number`},
		{"date", "1969-12-31T23:59:59Z", "updates[0].date must be between the years 1970 and 9999", "updates[2].date must be between the years 1970 and 9999"},
		{"date", "9999-12-31T23:59:59-01:00", "updates[0].date must not be in the future", "date must not be in the future"},
		{"date", time.Now().Add(6 * time.Minute).Format(time.RFC3339), "updates[0].date must not be in the future", "date must not be in the future"},
	} {
		update := map[string]any{"state": "resolved", "text": "x", c.field: c.value}
		body := toJSON(t, map[string]any{"title": "T", "updates": []any{update}})
		a.do("POST", path, body).wantProblem(t, 400, c.detail)
		a.do("PUT", one, body).wantProblem(t, 400, c.detail)
		a.do("POST", one+"/updates", toJSON(t, update)).wantProblem(t, 400, c.alone)
	}
	const early, late = `{"state": "resolved", "text": "x", "date": "2026-01-01T00:00:00Z"}`, `{"state": "fine", "text": "x"}`
	a.do("PUT", one, `{"title": "T", "updates": [`+late+","+early+"]}").wantProblem(t, 400,
		`updates[0].state must be investigating, identified, monitoring or resolved, not "fine"`) // As in the request, not by date.
	a.do("PUT", one, `{"title": "T", "updates": [`+early+`, {"state": "resolved", "text": "x", "date": "2999-01-01T00:00:00Z"}]}`).
		wantProblem(t, 400, "updates[1].date must not be in the future")
	same(t, "messages", a.messages(message.PageID), before)
}

// TestTooManyUpdates adds updates until a message is full.
func TestTooManyUpdates(t *testing.T) {
	a := startAPI(t, nil)
	path := a.createPage(pageJSON) + "/messages"
	full := `{"title": "T", "updates": [` + strings.TrimSuffix(strings.Repeat(updateJSON+",", statuspage.MaxUpdates), ",") + "]}"
	message := decodeAs[statuspage.Message](t, a.do("POST", path, full))
	a.do("POST", path+"/"+message.ID+"/updates", updateJSON).wantProblem(t, 400, "updates has 101 elements, at most 100 are allowed")
	same(t, "messages", a.messages(message.PageID), []statuspage.Message{message})
}
