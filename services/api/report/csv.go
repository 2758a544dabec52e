package report

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"time"
)

// column is a column of the CSV form.
type column struct {
	name string
	text func(r Report, m Monitor) string
}

// columns returns the columns in their order. New ones are added at the end, before the accounting rule.
func columns() []column {
	return []column{
		{"from", func(r Report, _ Monitor) string { return date(r.From) }},
		{"to", func(r Report, _ Monitor) string { return date(r.To) }},
		{"zone", func(r Report, _ Monitor) string { return r.Zone }},
		{"id", func(_ Report, m Monitor) string { return m.ID }},
		{"name", func(_ Report, m Monitor) string { return plainCell(m.Name) }},
		{"group", func(_ Report, m Monitor) string { return plainCell(m.Group) }},
		{"ok_seconds", func(_ Report, m Monitor) string { return number(m.Times.OK) }},
		{"error_seconds", func(_ Report, m Monitor) string { return number(m.Times.Error) }},
		{"failed_seconds", func(_ Report, m Monitor) string { return number(m.Times.Failed) }},
		{"maintenance_seconds", func(_ Report, m Monitor) string { return number(m.Times.Maintenance) }},
		{"blocked_seconds", func(_ Report, m Monitor) string { return number(m.Times.Blocked) }},
		{"disabled_seconds", func(_ Report, m Monitor) string { return number(m.Times.Disabled) }},
		{"not_checked_seconds", func(_ Report, m Monitor) string { return number(m.Times.NotChecked) }},
		{"uptime_percent", func(_ Report, m Monitor) string { return optional(m.Uptime, number) }},
		{"checked_from", func(_ Report, m Monitor) string { return optional(m.CheckedFrom, date) }},
		{"slo_percent", budget(func(b Budget) string { return number(b.SLO) })},
		{"budget_allowed_seconds", budget(func(b Budget) string { return number(b.Allowed) })},
		{"budget_used_seconds", budget(func(b Budget) string { return number(b.Used) })},
		{"budget_left_seconds", budget(func(b Budget) string { return number(b.Left) })},
		{"burn_rate", budget(func(b Budget) string { return optional(b.BurnRate, number) })},
		{"incidents", func(_ Report, m Monitor) string { return strconv.Itoa(m.Incidents.Count) }},
		{"incidents_seconds", func(_ Report, m Monitor) string { return number(m.Incidents.Total) }},
		{"longest_incident_seconds", func(_ Report, m Monitor) string { return number(m.Incidents.Longest) }},
		{"latency_avg", latency(func(l Latency) string { return number(l.Avg) })},
		{"latency_p50", latency(func(l Latency) string { return number(l.P50) })},
		{"latency_p95", latency(func(l Latency) string { return number(l.P95) })},
		{"latency_p99", latency(func(l Latency) string { return number(l.P99) })},
		{"latency_max", latency(func(l Latency) string { return number(l.Max) })},
		{"latency_resolution", latency(func(l Latency) string { return l.Resolution })},
		{"latency_from", latency(func(l Latency) string { return date(l.From) })},
		{"latency_to", latency(func(l Latency) string { return date(l.To) })},
		{"accounting", func(r Report, _ Monitor) string { return r.Accounting }},
	}
}

// CSV returns the report with one row per monitor, below a row with the names of the columns. A missing figure is an
// empty cell.
func (r Report) CSV() ([]byte, error) {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	columns := columns()
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.name
	}
	err := w.Write(row)
	for _, m := range r.Monitors {
		for i, c := range columns {
			row[i] = c.text(r, m)
		}
		if err == nil {
			err = w.Write(row)
		}
	}
	w.Flush()
	return text.Bytes(), err
}

// plainCell returns a text that no spreadsheet takes for a formula: an apostrophe before it makes it text.
func plainCell(text string) string {
	if strings.IndexAny(text, "=+-@＝＋－＠\t\r\n") == 0 {
		return "'" + text
	}
	return text
}

func number(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

func date(t time.Time) string { return t.Format(time.RFC3339Nano) }

func optional[T any](value *T, format func(T) string) string {
	if value == nil {
		return ""
	}
	return format(*value)
}

func budget(format func(Budget) string) func(Report, Monitor) string {
	return func(_ Report, m Monitor) string { return optional(m.Budget, format) }
}

func latency(format func(Latency) string) func(Report, Monitor) string {
	return func(_ Report, m Monitor) string { return optional(m.Latency, format) }
}
