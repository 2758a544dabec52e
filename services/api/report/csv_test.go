package report

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

// rows parses a CSV text. Each row maps the names of the columns to its cells.
func rows(t *testing.T, r Report) []map[string]string {
	t.Helper()
	text, err := r.CSV()
	must(t, err)
	all, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	must(t, err)
	list := []map[string]string{}
	for _, cells := range all[1:] {
		row := make(map[string]string)
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		list = append(list, row)
	}
	return list
}

func TestCSV(t *testing.T) {
	s, l, span := openStore(t), log{m: newMonitor(1, map[string]string{"slo": "99.9"})}, parse(t, "month=2026-10&zone=Europe/Amsterdam")
	l.m.Name, l.m.Group = "a \"name\",\nwith all", "Grüße"
	l.status(span.From.Add(time.Hour), "", "ok")
	l.status(span.From.Add(11*time.Hour), "ok", "failed")
	l.status(span.From.Add(11*time.Hour+90*time.Minute+500*time.Millisecond), "failed", "ok")
	l.state(now, span.From.Add(13*time.Hour), monitor.StatusOK, "")
	must(t, s.AppendBatch(t.Context(), l.batch))
	rollups{t, s, l.m}.put(store.Day, "2026-10-05T00:00:00Z", 12.5)
	same(t, "rows", rows(t, read(t, s, span, false, l.m, newMonitor(2, nil))), []map[string]string{
		{
			"from": "2026-10-01T00:00:00+02:00", "to": "2026-11-01T00:00:00+01:00", "zone": "Europe/Amsterdam", "id": l.m.ID,
			"name": "a \"name\",\nwith all", "group": "Grüße", "ok_seconds": "2672999.5", "error_seconds": "0", "failed_seconds": "5400.5",
			"maintenance_seconds": "0", "blocked_seconds": "0", "disabled_seconds": "0", "not_checked_seconds": "3600",
			"uptime_percent": "99.79836842891278", "checked_from": "2026-10-01T01:00:00+02:00", "slo_percent": "99.9",
			"budget_allowed_seconds": "2678.4", "budget_used_seconds": "5400.5", "budget_left_seconds": "-2722.1", "burn_rate": "2.0163",
			"incidents": "1", "incidents_seconds": "5400.5", "longest_incident_seconds": "5400.5",
			"latency_avg": "12.5", "latency_p50": "12.5", "latency_p95": "12.5", "latency_p99": "12.5", "latency_max": "12.5",
			"latency_resolution": "hour", "latency_from": "2026-10-01T00:00:00+02:00", "latency_to": "2026-11-01T00:00:00+01:00",
			"accounting": Accounting,
		},
		{
			"from": "2026-10-01T00:00:00+02:00", "to": "2026-11-01T00:00:00+01:00", "zone": "Europe/Amsterdam", "id": newMonitor(2, nil).ID,
			"name": "monitor 2", "group": "", "ok_seconds": "0", "error_seconds": "0", "failed_seconds": "0",
			"maintenance_seconds": "0", "blocked_seconds": "0", "disabled_seconds": "0", "not_checked_seconds": "2682000",
			"uptime_percent": "", "checked_from": "", "slo_percent": "",
			"budget_allowed_seconds": "", "budget_used_seconds": "", "budget_left_seconds": "", "burn_rate": "",
			"incidents": "0", "incidents_seconds": "0", "longest_incident_seconds": "0",
			"latency_avg": "", "latency_p50": "", "latency_p95": "", "latency_p99": "", "latency_max": "",
			"latency_resolution": "", "latency_from": "", "latency_to": "", "accounting": Accounting,
		},
	})
}

// TestNoCellIsAFormula checks that a spreadsheet takes no name for a formula.
func TestNoCellIsAFormula(t *testing.T) {
	for name, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "＝1+1": "'＝1+1",
		"": "", "a=1": "a=1", "'a": "'a", "Größe": "Größe",
	} {
		report := Report{Monitors: []Monitor{{Name: name, Group: name}}}
		if row := rows(t, report)[0]; row["name"] != want || row["group"] != want {
			t.Errorf("%q is %q and %q, want %q", name, row["name"], row["group"], want)
		}
	}
}
