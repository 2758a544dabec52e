package server

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nanomon/services/api/report"
	"nanomon/services/common/store"
)

// seedReport stores monitor A, with an objective, and B, and a month in which A failed for half an hour.
func (a *api) seedReport() {
	a.t.Helper()
	objective := monitorA
	objective.Properties = map[string]string{"slo": "99.5", "headers": `{"Authorization": "top-secret"}`}
	must(a.t, a.store.CreateMonitor(a.t.Context(), objective))
	must(a.t, a.store.CreateMonitor(a.t.Context(), monitorB))
	change := func(at time.Duration, from, to string) store.StatusChange {
		return store.StatusChange{MonitorID: idA, Date: base.Add(at), Kind: store.ChangeStatus, From: from, To: to}
	}
	must(a.t, a.store.AppendBatch(a.t.Context(), store.Batch{StatusChanges: []store.StatusChange{
		change(0, "", "ok"), change(time.Hour, "ok", "failed"), change(90*time.Minute, "failed", "ok"),
	}}))
}

func (a *api) get(path, accept string) response {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), "GET", a.url+path, http.NoBody)
	must(a.t, err)
	r.Header.Set("Accept", accept)
	return a.send(r)
}

func TestReports(t *testing.T) {
	a := startAPI(t, nil)
	a.seedReport()
	const day = "from=2026-01-15&to=2026-01-16"
	one := decodeAs[report.Report](t, a.do("GET", "/api/monitors/"+idA+"/report?"+day, ""))
	same(t, "times", one.Monitors[0].Times, report.Times{OK: 48_600, Failed: 1800, NotChecked: 36_000})
	same(t, "number of listed incidents", len(one.Monitors[0].Incidents.List), 1)
	same(t, "budget", one.Monitors[0].Budget.Allowed, 252.0)
	same(t, "accounting", one.Accounting, report.Accounting)
	all := decodeAs[report.Report](t, a.do("GET", "/api/report?"+day, ""))
	same(t, "number of monitors", len(all.Monitors), 2)
	one.Monitors[0].Incidents.List = nil
	same(t, "monitor A", all.Monitors[0], one.Monitors[0])
	same(t, "total", all.Total.Incidents, one.Total.Incidents)
	ofGroup := decodeAs[report.Report](t, a.do("GET", "/api/report?group=web&"+day, ""))
	same(t, "group", ofGroup.Monitors, all.Monitors[:1])
	withoutGroup := decodeAs[report.Report](t, a.do("GET", "/api/report?group=&"+day, ""))
	same(t, "monitors without a group", withoutGroup.Monitors, all.Monitors[1:])

	month := decodeAs[report.Report](t, a.do("GET", "/api/report", ""))
	if month.From.Day() != 1 || month.End == nil || !month.End.Equal(month.From.AddDate(0, 1, 0)) || month.To.After(time.Now()) {
		t.Errorf("the default is from %s to %s, requested %v", month.From, month.To, month.End)
	}
}

func TestInvalidReports(t *testing.T) {
	a := startAPI(t, nil)
	a.seedReport()
	for _, path := range []string{"/api/report", "/api/monitors/" + idA + "/report"} {
		a.do("GET", path+"?zone=Nowhere", "").wantProblem(t, 400, `zone must be the name of a time zone, such as Europe/Amsterdam or UTC, not "Nowhere"`)
		a.do("GET", path+"?month=9000-01", "").wantProblem(t, 400, "month must not be in the future: 9000-01 has not begun in UTC")
		a.do("GET", path+"?from=2026-01-02&to=2026-01-01", "").wantProblem(t, 400, "from must be before to")
		a.do("GET", path+"?month=January", "").wantProblem(t, 400, `month must be a month such as 2026-11, not "January"`)
	}
	a.do("GET", "/api/report?group=Web", "").wantProblem(t, 404, `there is no monitor in the group "Web"`)
	a.do("GET", "/api/monitors/"+idOther+"/report", "").wantProblem(t, 404, "there is no monitor with the id "+idOther)
	a.do("GET", "/api/monitors/x/report", "").wantProblem(t, 400, `invalid id "x": an id has 24 hexadecimal digits`)
}

func TestReportAsCSV(t *testing.T) {
	a := startAPI(t, nil)
	a.seedReport()
	for _, path := range []string{"/api/report", "/api/monitors/" + idA + "/report"} {
		path += "?" + url.Values{"month": {"2026-01"}, "zone": {"America/St_Johns"}}.Encode()
		asJSON := decodeAs[report.Report](t, a.get(path, "application/json"))
		asCSV := a.get(path, "text/csv")
		same(t, "content type", asCSV.header.Get("Content-Type"), "text/csv; charset=utf-8; header=present")
		same(t, "disposition", asCSV.header.Get("Content-Disposition"), "attachment; filename=nanomon-report-2026-01-01.csv")
		rows, err := csv.NewReader(strings.NewReader(string(asCSV.body))).ReadAll()
		must(t, err)
		same(t, "number of rows", len(rows), 1+len(asJSON.Monitors))
		for i, m := range asJSON.Monitors {
			sameFigures(t, m, rows[0], rows[i+1])
		}
		if strings.Contains(string(asCSV.body), "top-secret") {
			t.Errorf("%s contains a secret", path)
		}
	}
}

// sameFigures compares a row with a monitor of the report as JSON.
func sameFigures(t *testing.T, m report.Monitor, header, row []string) {
	t.Helper()
	figures := map[string]float64{
		"ok_seconds": m.Times.OK, "error_seconds": m.Times.Error, "failed_seconds": m.Times.Failed, "maintenance_seconds": m.Times.Maintenance,
		"blocked_seconds": m.Times.Blocked, "disabled_seconds": m.Times.Disabled, "not_checked_seconds": m.Times.NotChecked,
		"incidents": float64(m.Incidents.Count), "incidents_seconds": m.Incidents.Total, "longest_incident_seconds": m.Incidents.Longest,
	}
	if b := m.Budget; b != nil {
		figures["slo_percent"], figures["budget_allowed_seconds"], figures["budget_used_seconds"] = b.SLO, b.Allowed, b.Used
		figures["budget_left_seconds"], figures["burn_rate"], figures["uptime_percent"] = b.Left, *b.BurnRate, *m.Uptime
	}
	for i, name := range header {
		want, isFigure := figures[name]
		if !isFigure {
			continue
		}
		if got, err := strconv.ParseFloat(row[i], 64); err != nil || got != want {
			t.Errorf("%s of %s is %q, want %v", name, m.Name, row[i], want)
		}
		delete(figures, name)
	}
	if len(figures) > 0 {
		t.Errorf("the columns %v are missing", figures)
	}
}

// TestReportVariesWithAllHeaders expects that a cache does not reuse a report for another format, origin or encoding.
func TestReportVariesWithAllHeaders(t *testing.T) {
	a := startAPI(t, nil)
	a.seed(0)
	for _, accept := range []string{"application/json", "text/csv"} {
		vary := strings.Join(a.get("/api/report", accept).header.Values("Vary"), ", ")
		for _, name := range []string{"Accept", "Accept-Encoding", "Origin"} {
			if !slices.Contains(strings.Split(vary, ", "), name) {
				t.Errorf("%s: Vary is %q, without %s", accept, vary, name)
			}
		}
	}
}

func TestPrefersCSV(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "application/json": false, "text/*": false, "text/html": false,
		"text/csv": true, "TEXT/CSV; charset=utf-8": true, "text/csv, */*;q=0.1": true, "text/csv;q=0": false,
		"application/json, text/csv": false, "application/json;q=0.5, text/csv": true, "application/json, text/csv;q=0.9": false,
		"text/csv;q=x": true, ",;=,text/csv": true,
	} {
		if got := prefersCSV(accept); got != want {
			t.Errorf("%q prefers CSV: %v, want %v", accept, got, want)
		}
	}
}

func TestReportWhileStoreIsUnavailable(t *testing.T) {
	a := startAPI(t, unavailableStore{})
	for _, path := range []string{"/api/report", "/api/monitors/" + idA + "/report"} {
		if got := a.do("GET", path, ""); got.status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}
