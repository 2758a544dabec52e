package server

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/maintenance"
	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const weeklyJSON = `{"name": "backup", "monitors": ["` + idOther + `"], "groups": ["web"],
	"weekly": {"days": ["sunday", "monday"], "at": "02:30", "duration": "1h30m", "zone": "Europe/Amsterdam"}}`

// onceJSON returns a window that starts and ends at the given offsets from now.
func onceJSON(name string, from, to time.Duration) string {
	now := time.Now().Truncate(time.Second)
	return fmt.Sprintf(`{"name": %q, "groups": ["web"], "start": %q, "end": %q}`,
		name, now.Add(from).Format(time.RFC3339), now.Add(to).In(time.FixedZone("", 5400)).Format(time.RFC3339))
}

func (a *api) windows() []maintenance.Window {
	a.t.Helper()
	list, err := a.store.MaintenanceWindows(a.t.Context())
	must(a.t, err)
	return list
}

func TestWindowLifeCycle(t *testing.T) {
	a := startAPI(t, nil)
	a.do("GET", "/api/maintenance", "").wantJSON(t, 200, "[]")

	created := decodeAs[windowResponse](t, a.do("POST", "/api/maintenance", weeklyJSON))
	want := maintenance.Window{
		ID: created.ID, Name: "backup", Monitors: []string{idOther}, Groups: []string{"web"}, Updated: created.Updated,
		Weekly: &maintenance.Weekly{Days: []string{"sunday", "monday"}, At: "02:30", Duration: "1h30m", Zone: "Europe/Amsterdam"},
	}
	same(t, "created", created.Window, want)
	same(t, "stored", a.windows(), []maintenance.Window{want})
	if !monitor.ValidID(created.ID) || time.Since(created.Updated).Abs() > time.Minute {
		t.Errorf("created is %+v", created)
	}

	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	body := `{"id": "7", "updated": 5, "active": "no", "next": [], "name": "once", "monitors": ["` + strings.ToUpper(idA) + `"], "weekly": null,
		"start": "2026-03-01T11:00:00.0009+01:00", "end": "2026-03-01T10:00:00.002Z"}`
	replaced := decodeAs[windowResponse](t, a.do("PUT", "/api/maintenance/"+strings.ToUpper(created.ID), body))
	want = maintenance.Window{
		ID: created.ID, Name: "once", Monitors: []string{idA}, Groups: []string{}, Start: start, End: start.Add(2 * time.Millisecond), Updated: replaced.Updated,
	}
	same(t, "replaced", replaced.Window, want)
	same(t, "stored", a.windows(), []maintenance.Window{want})
	a.do("GET", "/api/maintenance/"+created.ID, "").wantJSON(t, 200, fmt.Sprintf(
		`{"id": %q, "name": "once", "monitors": [%q], "groups": [], "start": "2026-03-01T10:00:00Z", "end": "2026-03-01T10:00:00.002Z", "updated": %q, "active": false}`,
		created.ID, idA, replaced.Updated.Format(time.RFC3339Nano)))

	for _, method := range []string{"GET", "DELETE", "PUT"} {
		a.do(method, "/api/maintenance/"+idOther, body).wantProblem(t, 404, "there is no maintenance window with the id "+idOther)
		a.do(method, "/api/maintenance/7", body).wantProblem(t, 400, `invalid id "7": an id has 24 hexadecimal digits`)
	}
	same(t, "stored", a.windows(), []maintenance.Window{want})
	a.do("DELETE", "/api/maintenance/"+created.ID, "").wantJSON(t, 204, "")
	same(t, "stored", a.windows(), []maintenance.Window{})
}

// TestWindowOccurrences lists a past window, an active one, a future one and a weekly one.
func TestWindowOccurrences(t *testing.T) {
	a := startAPI(t, nil)
	for _, body := range []string{
		onceJSON("d past", -2*time.Hour, -time.Hour), onceJSON("b active", -time.Hour, time.Hour), onceJSON("c future", time.Hour, 2*time.Hour), weeklyJSON,
	} {
		if got := a.do("POST", "/api/maintenance", body); got.status != 200 {
			t.Fatalf("%s: %d %s", body, got.status, got.body)
		}
	}
	list := decodeAs[[]windowResponse](t, a.do("GET", "/api/maintenance", ""))
	for i, want := range []struct {
		name         string
		active, next bool
	}{{"b active", true, true}, {"backup", false, true}, {"c future", false, true}, {"d past", false, false}} {
		got := list[i]
		if got.Name != want.name || (got.Next != nil) != want.next || got.Weekly == nil && got.Active != want.active {
			t.Errorf("window %d is %+v, want %+v", i, got, want)
			continue
		}
		if got.Next == nil {
			continue
		}
		now := time.Now()
		if got.Active != (!now.Before(got.Next.Start) && now.Before(got.Next.End)) {
			t.Errorf("%s: active is %v, from %s to %s", got.Name, got.Active, got.Next.Start, got.Next.End)
		}
		if got.Weekly == nil && (!got.Next.Start.Equal(got.Start) || !got.Next.End.Equal(got.End)) {
			t.Errorf("%s: next is from %s to %s, want from %s to %s", got.Name, got.Next.Start, got.Next.End, got.Start, got.End)
		}
	}
}

// TestInvalidWindows sends each invalid window to both routes that accept one.
func TestInvalidWindows(t *testing.T) {
	a := startAPI(t, nil)
	id := decodeAs[windowResponse](t, a.do("POST", "/api/maintenance", weeklyJSON)).ID
	before := a.windows()
	weekly := func(field string, value any) map[string]any {
		w := map[string]any{"days": []string{"sunday"}, "at": "02:30", "duration": "1h", "zone": "UTC", field: value}
		return map[string]any{"weekly": w, "start": nil, "end": nil}
	}
	for _, c := range []struct {
		change map[string]any
		detail string
	}{
		{map[string]any{"name": nil}, "name is missing: describe the maintenance"},
		{map[string]any{"name": 5}, `field "name" must be a string, not a number`},
		{map[string]any{"groups": nil}, "monitors or groups must contain at least one element"},
		{map[string]any{"groups": "web"}, `field "groups" must be an array of strings, not a string`},
		{map[string]any{"monitors": []any{5}}, `field "monitors" must be an array of strings, not a number`},
		{map[string]any{"monitors": []any{nil}}, `monitors must be ids of 24 hexadecimal digits, not ""`},
		{map[string]any{"start": nil}, "start is missing: set start and end, or weekly"},
		{map[string]any{"start": "tomorrow"}, `field "start" must be a date in RFC 3339, such as 2026-01-31T22:00:00Z`},
		{map[string]any{"end": "", "start": nil, "weekly": map[string]any{"days": []string{"monday"}, "at": "02:30", "duration": "1h", "zone": "UTC"}},
			`field "end" must be a date in RFC 3339, such as 2026-01-31T22:00:00Z`},
		{map[string]any{"end": 7}, `field "end" must be a string, not a number`},
		{map[string]any{"end": "2026-03-01T10:00:00.0009Z"}, "end must be after start"},
		{map[string]any{"end": "9999-12-31T23:59:59-01:00"}, "end must be between the years 1970 and 9999"},
		{map[string]any{"weekly": []string{}}, `field "weekly" must be an object, not an array`},
		{map[string]any{"weekly": map[string]any{}}, "start and end can't be combined with weekly"},
		{weekly("days", "monday"), `field "weekly.days" must be an array of strings, not a string`},
		{weekly("days", []any{map[string]any{}}), `field "weekly.days" must be an array of strings, not an object`},
		{weekly("days", []string{}), "weekly.days must contain at least one day"},
		{weekly("at", "25:00"), `weekly.at must be a time from 00:00 to 23:59, such as 02:30, not "25:00"`},
		{weekly("duration", 60), `field "weekly.duration" must be a string, not a number`},
		{weekly("duration", "8d"), `weekly.duration must be a duration from 1m to 168h, such as 1h30m, not "8d"`},
		{weekly("zone", "Mars"), `weekly.zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not "Mars"`},
	} {
		body := map[string]any{"name": "n", "groups": []string{"web"}, "start": "2026-03-01T10:00:00Z", "end": "2026-03-01T11:00:00Z"}
		for field, value := range c.change {
			body[field] = value
		}
		text := toJSON(t, body)
		a.do("POST", "/api/maintenance", text).wantProblem(t, 400, c.detail)
		a.do("PUT", "/api/maintenance/"+id, text).wantProblem(t, 400, c.detail)
	}
	for body, detail := range map[string]string{
		"":     "request body is empty",
		"{":    "request body is not valid JSON: unexpected end of JSON input",
		"null": "expected a JSON object, not null",
		"[]":   "expected a JSON object, not an array",
	} {
		a.do("POST", "/api/maintenance", body).wantProblem(t, 400, detail)
		a.do("PUT", "/api/maintenance/"+id, body).wantProblem(t, 400, detail)
	}
	same(t, "windows", a.windows(), before)
}

// TestIgnoredResults reads ignored results and the time that uptime excludes.
func TestIgnoredResults(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	now := monitor.Date(time.Now())
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	r := resultN(2)
	r.Date, r.Ignored = now, monitor.IgnoredBlocked
	must(t, a.store.AppendBatch(t.Context(), store.Batch{
		Results: []monitor.Result{r},
		States: []store.State{{MonitorID: idA, Latest: r, Streak: 9, Since: ago(60), History: []store.Point{
			{Date: ago(1), Status: monitor.StatusFailed, Value: 1, Ignored: monitor.IgnoredMaintenance},
			{Date: r.Date, Status: r.Status, Value: r.Value, Ignored: r.Ignored},
		}}},
		StatusChanges: []store.StatusChange{
			{MonitorID: idA, Date: ago(60), Kind: store.ChangeStatus, From: "ok", To: "failed"},
			{MonitorID: idA, Date: ago(40), Kind: store.ChangeIgnored, From: store.Counted, To: "maintenance"},
			{MonitorID: idA, Date: ago(30), Kind: store.ChangeIgnored, From: "maintenance", To: store.Counted},
			{MonitorID: idA, Date: ago(5), Kind: store.ChangeIgnored, From: store.Counted, To: "blocked"},
		},
	}))
	type shown struct {
		Latest  monitor.Result
		History []store.Point
	}
	got := decodeAs[shown](t, a.do("GET", "/api/monitors/"+idA+"?include=latest,history", ""))
	same(t, "latest", got.Latest, r)
	same(t, "history", []monitor.IgnoreReason{got.History[0].Ignored, got.History[1].Ignored}, []monitor.IgnoreReason{"maintenance", "blocked"})
	var listed []map[string]any
	must(t, json.Unmarshal(a.do("GET", "/api/results?status=2", "").body, &listed))
	same(t, "excluded of a listed result", listed[0]["excluded"], any("blocked"))

	stats := decodeAs[statsResponse](t, a.do("GET", "/api/monitors/"+idA+"/stats?window=2h", ""))
	if stats.Maintenance != 600 || stats.Blocked < 300 || stats.Blocked > 360 {
		t.Errorf("%v s of maintenance and %v s blocked, want 600 and a little more than 300", stats.Maintenance, stats.Blocked)
	}
	earlier := decodeAs[statsResponse](t, a.do("GET", fmt.Sprintf("/api/monitors/%s/stats?from=%s&to=%s", idA, ago(35).Format(time.RFC3339), ago(20).Format(time.RFC3339)), ""))
	if earlier.Maintenance < 240 || earlier.Maintenance > 360 || earlier.Blocked != 0 {
		t.Errorf("%v s of maintenance and %v s blocked in the past, want about 300 and 0", earlier.Maintenance, earlier.Blocked)
	}
}

// TestPublicWindows creates windows that status pages show.
func TestPublicWindows(t *testing.T) {
	a := startAPI(t, nil)
	const rest = `"name": "n", "groups": ["web"], "start": "2026-03-01T10:00:00Z", "end": "2026-03-01T11:00:00Z"}`
	created := decodeAs[windowResponse](t, a.do("POST", "/api/maintenance", `{"public": true, "publicName": "New disks", `+rest))
	if !created.Public || created.PublicName != "New disks" {
		t.Errorf("created is %+v", created)
	}
	path := "/api/maintenance/" + created.ID
	before := a.windows()
	for body, detail := range map[string]string{
		`{"public": "yes", ` + rest:                                                  `field "public" must be a bool, not a string`,
		`{"publicName": 5, ` + rest:                                                  `field "publicName" must be a string, not a number`,
		`{"publicName": "x", ` + rest:                                                "publicName needs public to be true",
		`{"public": true, "publicName": " ", ` + rest:                                "publicName contains only spaces",
		`{"public": true, "publicName": "a\u202eb", ` + rest:                         "publicName contains the control character U+202E",
		`{"public": true, "publicName": "` + strings.Repeat("x", 301) + `", ` + rest: "publicName has 301 characters, at most 300 are allowed",
	} {
		a.do("POST", "/api/maintenance", body).wantProblem(t, 400, detail)
		a.do("PUT", path, body).wantProblem(t, 400, detail)
	}
	same(t, "windows", a.windows(), before)
	for body, want := range map[string]maintenance.Window{
		`{"public": true, ` + rest:                     {Public: true},
		`{"public": null, "publicName": null, ` + rest: {},
		`{"public": true, "publicName": "P", ` + rest:  {Public: true, PublicName: "P"},
		`{"public": false, "publicName": "", ` + rest:  {},
	} {
		replaced := decodeAs[windowResponse](t, a.do("PUT", path, body))
		if replaced.Public != want.Public || replaced.PublicName != want.PublicName {
			t.Errorf("%s: %+v", body, replaced)
		}
	}
}
