package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// changesPath is the address of the status changes of monitor A.
const changesPath = "/api/monitors/" + idA + "/results?changes=true"

// changeLog stores results and status changes of monitor A, one minute apart.
type changeLog struct {
	*api
	minute int
}

// next stores a status change with its result, and the following result, which changes nothing.
func (l *changeLog) next(from, to string) {
	l.t.Helper()
	at := base.Add(time.Duration(l.minute) * time.Minute)
	l.minute++
	batch := store.Batch{StatusChanges: []store.StatusChange{{MonitorID: idA, Date: at, Kind: store.ChangeStatus, From: from, To: to}}}
	if status, ofResult := statusOf(to); ofResult {
		for i := range 2 {
			r := resultN(1000*l.minute + i)
			r.Date, r.Status, r.Message = at.Add(time.Duration(i)*time.Second), status, fmt.Sprint("message ", l.minute)
			batch.Results = append(batch.Results, r)
		}
	}
	must(l.t, l.store.AppendBatch(l.t.Context(), batch))
}

// entry stores an entry of another kind.
func (l *changeLog) entry(kind store.ChangeKind, from, to string) {
	l.t.Helper()
	at := base.Add(time.Duration(l.minute) * time.Minute)
	l.minute++
	must(l.t, l.store.AppendBatch(l.t.Context(), store.Batch{StatusChanges: []store.StatusChange{
		{MonitorID: idA, Date: at, Kind: kind, From: from, To: to},
	}}))
}

// describe returns the changes of a response as text: the minute, both statuses, the minute of the end, and the message.
func describe(changes []changedResult) []string {
	minute := func(at time.Time) string { return fmt.Sprint(at.Sub(base).Minutes()) }
	texts := []string{}
	for _, c := range changes {
		end, message := "now", "expired"
		if c.Until != nil {
			end = minute(*c.Until)
		}
		if c.Result != nil {
			message = c.Message
		}
		texts = append(texts, fmt.Sprintf("%s %s-%s until %s: %s", minute(c.Date), c.Previous, c.Status, end, message))
	}
	return texts
}

func (a *api) changes(query string) []string {
	a.t.Helper()
	return describe(decodeAs[[]changedResult](a.t, a.do("GET", changesPath+query, "")))
}

// startChanges starts the API with a log that has every kind of entry.
func startChanges(t *testing.T) *changeLog {
	t.Helper()
	l := &changeLog{api: startAPI(t, nil)}
	l.seed(0)
	l.next("", "ok")                                            // 0
	l.next("ok", "failed")                                      // 1
	l.next("failed", "error")                                   // 2
	l.next("error", "ok")                                       // 3
	l.entry(store.ChangeIgnored, store.Counted, "maintenance")  // 4
	l.next("ok", "error")                                       // 5
	l.next("error", "ok")                                       // 6
	l.next("ok", "ok")                                          // 7: the clock was set back
	l.next("ok", "unchecked")                                   // 8
	l.next("unchecked", "ok")                                   // 9
	l.entry(store.ChangeEnabled, store.Enabled, store.Disabled) // 10
	l.entry(store.ChangeEnabled, store.Disabled, store.Enabled) // 11
	l.next("ok", "failed")                                      // 12
	return l
}

func TestListStatusChanges(t *testing.T) {
	a := startChanges(t)
	all := []string{
		"12 ok-failed until now: message 13", "9 unchecked-ok until 12: message 10", "6 error-ok until 8: message 7",
		"5 ok-error until 6: message 6", "3 error-ok until 5: message 4", "2 failed-error until 3: message 3",
		"1 ok-failed until 2: message 2", "0 unchecked-ok until 1: message 1",
	}
	same(t, "all", a.changes(""), all)
	date := func(minute int) string { return base.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339) }
	for query, want := range map[string][]string{
		"&status=0":                                      {all[1], all[2], all[4], all[7]},
		"&status=1,2":                                    {all[0], all[3], all[5], all[6]},
		"&from=" + date(2) + "&to=" + date(6):            all[3:6],
		"&from=" + date(2) + "&to=" + date(3):            {all[5]},
		"&to=" + date(8):                                 all[2:],
		"&from=" + date(10) + "&to=" + date(12):          {},
		"&to=" + date(1) + "&max=1":                      {all[7]},
		"&from=" + date(12) + "&to=2099-01-01T00:00:00Z": {all[0]},
	} {
		same(t, query, a.changes(query), want)
	}
	plain := decodeAs[[]monitor.Result](t, a.do("GET", strings.Replace(changesPath, "true", "false", 1), ""))
	same(t, "number of results with changes=false", len(plain), 18)
	other := a.do("GET", strings.Replace(changesPath, idA, idOther, 1), "")
	other.wantJSON(t, 200, "[]")
}

// TestStatusChangesAreResults checks that a change has all fields of its result.
func TestStatusChangesAreResults(t *testing.T) {
	a := startChanges(t)
	got := decodeAs[[]changedResult](t, a.do("GET", changesPath+"&max=1", ""))[0]
	results := decodeAs[[]monitor.Result](t, a.do("GET", "/api/monitors/"+idA+"/results?max=2", ""))
	want := results[1] // the second of the two at the last change
	got.Result.Date, got.Result.Status, got.Result.MonitorID = got.Date, got.Status, got.MonitorID
	same(t, "result", *got.Result, want)
}

func TestPagesOfStatusChanges(t *testing.T) {
	a := startChanges(t)
	for _, query := range []string{"&max=1", "&max=3", "&max=2&status=0", "&max=1&from=2026-01-15T10:02:00Z&to=2026-01-15T10:10:00Z"} {
		want := a.changes(strings.Replace(query, "max", "ignored", 1))
		var got []string
		for next, n := changesPath+query, 0; next != ""; n++ {
			if n > 20 {
				t.Fatal("too many pages")
			}
			page := a.do("GET", next, "")
			got = append(got, describe(decodeAs[[]changedResult](t, page))...)
			next, _ = strings.CutSuffix(strings.TrimPrefix(page.header.Get("Link"), "<"), `>; rel="next"`)
		}
		same(t, query, got, want)
	}
}

// TestExpiredStatusChanges lists a change whose result is not stored any more.
func TestExpiredStatusChanges(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	must(t, a.store.AppendBatch(t.Context(), store.Batch{StatusChanges: []store.StatusChange{
		{MonitorID: idA, Date: base, Kind: store.ChangeStatus, To: "failed"},
		{MonitorID: idA, Date: base.Add(time.Minute), Kind: store.ChangeStatus, From: "failed", To: "ok"},
	}}))
	a.do("GET", changesPath, "").wantJSON(t, 200, `[
		{"date":"2026-01-15T10:01:00Z","status":0,"monitor_id":"`+idA+`","previous":"failed","expired":true},
		{"date":"2026-01-15T10:00:00Z","status":2,"monitor_id":"`+idA+`","previous":"unchecked","until":"2026-01-15T10:01:00Z","expired":true}]`)
}

func TestInvalidChanges(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	for _, value := range []string{"", "yes", "1"} {
		a.do("GET", "/api/monitors/"+idA+"/results?changes="+value, "").wantProblem(t, 400, "changes must be true or false")
	}
	a.do("GET", changesPath+"&max=0", "").wantProblem(t, 400, "max must be between 1 and 1000")
	a.do("GET", changesPath+"&status=7", "").wantProblem(t, 400, "status must be 0, 1 or 2, or a list such as 1,2")
}

// logOf is a log of status changes, newest first. It counts the entries that are read.
type logOf struct {
	*sqlite.Store
	log  []store.StatusChange
	read int
}

func (l *logOf) StatusChanges(_ context.Context, _ string, from, to time.Time, limit int) ([]store.StatusChange, error) {
	selected := slices.DeleteFunc(slices.Clone(l.log), func(c store.StatusChange) bool { return c.Date.Before(from) || !c.Date.Before(to) })
	selected = selected[:min(limit, len(selected))]
	l.read += len(selected)
	return selected, nil
}

// TestSearchForStatusChangesIsLimited searches a log for a status that only its oldest entries have.
func TestSearchForStatusChangesIsLimited(t *testing.T) {
	s := openStore(t)
	l := &logOf{Store: s}
	for i := range maxStatusChanges + 500 {
		c := store.StatusChange{MonitorID: idA, Date: base.Add(-time.Duration(i) * time.Minute), Kind: store.ChangeStatus, From: "failed", To: "ok"}
		if i%2 == 1 {
			c.From, c.To = c.To, c.From
		}
		if i >= maxStatusChanges+100 {
			c.To = "error"
		}
		l.log = append(l.log, c)
	}
	a := startAPI(t, l)
	a.store = s
	a.seed(0)
	first := a.do("GET", changesPath+"&status=1&max=50", "")
	first.wantJSON(t, 200, "[]")
	same(t, "number of read entries", l.read, maxStatusChanges)
	next, _ := strings.CutSuffix(strings.TrimPrefix(first.header.Get("Link"), "<"), `>; rel="next"`)
	second := decodeAs[[]changedResult](t, a.do("GET", next, ""))
	same(t, "number of changes on the next page", len(second), 50)
	same(t, "first change", second[0].Date, l.log[maxStatusChanges+100].Date)
	same(t, "its end", *second[0].Until, l.log[maxStatusChanges+99].Date)
}

// TestSearchForStatusChangesContinues follows the pages through a log that has only entries of another kind for longer than
// a search.
func TestSearchForStatusChangesContinues(t *testing.T) {
	s := openStore(t)
	l := &logOf{Store: s}
	for i := range 2*maxStatusChanges + 100 {
		c := store.StatusChange{MonitorID: idA, Date: base.Add(-time.Duration(i) * time.Minute), Kind: store.ChangeIgnored, From: "blocked", To: "counted"}
		if i%2 == 1 {
			c.From, c.To = c.To, c.From
		}
		l.log = append(l.log, c)
	}
	last := &l.log[len(l.log)-1]
	last.Kind, last.From, last.To = store.ChangeStatus, "ok", "failed"
	a := startAPI(t, l)
	a.store = s
	a.seed(0)
	path, pages := changesPath+"&max=50", 0
	for path != "" {
		if pages++; pages > 5 {
			t.Fatalf("%d pages, and still no end: %s", pages, path)
		}
		response := a.do("GET", path, "")
		found := decodeAs[[]changedResult](t, response)
		path, _ = strings.CutSuffix(strings.TrimPrefix(response.header.Get("Link"), "<"), `>; rel="next"`)
		same(t, "number of changes", len(found), map[bool]int{true: 0, false: 1}[path != ""])
	}
	same(t, "number of pages", pages, 3)
}
