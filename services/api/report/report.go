package report

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/plain"
	"nanomon/services/common/store"
	"nanomon/services/common/uptime"
)

const (
	// batchSize is the number of monitors whose history is read at once. It limits the memory.
	batchSize = 250
	// maxChanges is the maximum number of status changes of a batch.
	maxChanges = 200_000
	// maxMonitors is the maximum number of monitors in a report.
	maxMonitors = 10_000
	// maxMonitorDays limits the number of monitors times the number of days.
	maxMonitorDays = 400_000
	// maxListed is the maximum number of incidents that a report lists.
	maxListed = 1000
)

// Accounting is the rule by which the times of a report are computed, for people.
const Accounting = "Uptime is the time with the status OK, in percent of the time with the status OK, error or " +
	"failed. A status lasts from its first result to the first result with another status, or " +
	"until the latest result is older than three intervals and than one interval and a minute. " +
	"Time in maintenance, blocked by a dependency, disabled or not checked counts neither as up " +
	"nor as down. Not checked is also the time before the first result, and the time whose " +
	"history is deleted. An incident lasts from the first result that is not OK to the recovery, " +
	"however short. The error budget is the share of the checked time, and of the rest of the " +
	"period, that may be down."

// Store is the part of the store that reports read; [store.Store] documents the methods.
type Store interface {
	StatesOf(ctx context.Context, monitorIDs []string) ([]store.State, error)
	StatusChangesOf(
		ctx context.Context, monitorIDs []string, from, to time.Time, limit int,
	) ([]store.StatusChange, error)
	StatusChangesExpired(ctx context.Context) (time.Time, error)
	EachRollup(
		ctx context.Context, monitorIDs []string, p store.Period, from, to time.Time, each func(store.Rollup),
	) error
}

// Report describes monitors in a period. All durations are in seconds.
type Report struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// End is the requested end if it is after To, because it is in the future.
	End  *time.Time `json:"end,omitempty"`
	Zone string     `json:"zone"`
	// Accounting is the constant of this name.
	Accounting string `json:"accounting"`
	// Total adds up all monitors.
	Total    Total     `json:"total"`
	Monitors []Monitor `json:"monitors"`
}

// Total adds up the figures of monitors.
type Total struct {
	Times Times `json:"seconds"`
	// Uptime is a percentage, nil if no time was checked.
	Uptime    *float64  `json:"uptime"`
	Incidents Incidents `json:"incidents"`
}

// Times divides the period by the status of a monitor. The fields add up to the length of the period.
type Times struct {
	OK          float64 `json:"ok"`
	Error       float64 `json:"error"`
	Failed      float64 `json:"failed"`
	Maintenance float64 `json:"maintenance"`
	Blocked     float64 `json:"blocked"`
	Disabled    float64 `json:"disabled"`
	NotChecked  float64 `json:"notChecked"`
}

// Monitor contains the figures of one monitor.
type Monitor struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Group string `json:"group,omitempty"`
	Total
	// CheckedFrom is the start of the first time that counts if that is after the start of the period.
	CheckedFrom *time.Time `json:"checkedFrom,omitempty"`
	// Budget is nil if the monitor has no service level objective.
	Budget *Budget `json:"budget,omitempty"`
	// Latency is nil if there are no values.
	Latency *Latency `json:"latency"`
}

// Budget compares the time that was not OK with the service level objective.
type Budget struct {
	// SLO is a percentage.
	SLO float64 `json:"slo"`
	// Allowed, Used and Left are seconds. Left is negative if more was used than is allowed.
	Allowed float64 `json:"allowed"`
	Used    float64 `json:"used"`
	Left    float64 `json:"left"`
	// BurnRate is 1 if the budget is used up exactly at the end of the period at this rate. It is nil if the objective is
	// 100 % or if no time was checked.
	BurnRate *float64 `json:"burnRate"`
}

// Read returns the report on monitors, in their order. listed is true if incidents are listed. The error is a
// [monitor.InvalidError] if the report would be too large.
func Read(
	ctx context.Context, s Store, monitors []monitor.Monitor, span Span, listed bool, now time.Time,
) (Report, error) {
	if err := checkSize(len(monitors), span); err != nil {
		return Report{}, err
	}
	report := Report{From: span.From, To: span.To, Zone: span.Zone, Accounting: Accounting, Monitors: []Monitor{}}
	if span.End.After(span.To) {
		report.End = &span.End
	}
	for batch := range slices.Chunk(monitors, batchSize) {
		history, err := readHistory(ctx, s, batch, span, now)
		if err != nil {
			return Report{}, err
		}
		for _, m := range batch {
			row, err := history.monitor(m, span, listed)
			if err != nil {
				return Report{}, err
			}
			report.Monitors = append(report.Monitors, row)
			report.Total.add(row.Total)
		}
	}
	return report, nil
}

func checkSize(monitors int, span Span) error {
	days := int(math.Ceil(span.To.Sub(span.From).Hours() / 24))
	if monitors <= maxMonitors && monitors*days <= maxMonitorDays {
		return nil
	}
	return monitor.Invalid(
		fmt.Sprintf("the report is too large: %s and %s; at most %d monitors, and %d as the product of "+
			"both, are possible", plain.Count(monitors, "monitor"), plain.Count(days, "day"), maxMonitors, maxMonitorDays),
		"select a group, or a shorter period")
}

// history contains the stored history of a batch of monitors.
type history struct {
	states  map[string]*store.State
	changes map[string][]store.StatusChange
	// expired is the date before which status changes have expired.
	expired time.Time
	latency latencies
}

func readHistory(
	ctx context.Context, s Store, batch []monitor.Monitor, span Span, now time.Time,
) (history, error) {
	h := history{states: make(map[string]*store.State), changes: make(map[string][]store.StatusChange)}
	ids := make([]string, len(batch))
	for i, m := range batch {
		ids[i] = m.ID
	}
	// The changes after the span show the status at its end. A state must not be older than the changes.
	changes, err := s.StatusChangesOf(ctx, ids, span.From, monitor.Date(now).Add(time.Millisecond), maxChanges)
	if err != nil {
		return h, err
	}
	if len(changes) == maxChanges {
		return h, tooManyChanges()
	}
	for _, change := range changes {
		h.changes[change.MonitorID] = append(h.changes[change.MonitorID], change)
	}
	states, err := s.StatesOf(ctx, ids)
	if err != nil {
		return h, err
	}
	for i := range states {
		h.states[states[i].MonitorID] = &states[i]
	}
	if h.expired, err = s.StatusChangesExpired(ctx); err != nil {
		return h, err
	}
	h.latency, err = readLatencies(ctx, s, ids, span, now)
	return h, err
}

func tooManyChanges() error {
	return monitor.Invalid(
		fmt.Sprintf("from is too early: since then, the statuses have changed more than %d times", maxChanges),
		"use a later from or month, or select a group with fewer monitors")
}

// monitor returns the figures of m.
func (h history) monitor(m monitor.Monitor, span Span, listed bool) (Monitor, error) {
	periods := uptime.Periods(span.From, span.To, m, h.states[m.ID], h.changes[m.ID], h.expired)
	zone := span.From.Location()
	spent, checkedFrom := uptime.Sum(periods)
	incidents := uptime.Incidents(periods)
	row := Monitor{ID: m.ID, Name: m.Name, Group: m.Group, Total: newTotal(spent, incidents)}
	if checkedFrom.After(span.From) {
		checkedFrom = checkedFrom.In(zone)
		row.CheckedFrom = &checkedFrom
	}
	if slo, valid := monitor.ParsePercent(strings.TrimSpace(m.Properties[monitor.SLO])); valid {
		row.Budget = newBudget(slo, spent, span)
	}
	if listed {
		row.Incidents.list(incidents, zone)
	}
	var err error
	row.Latency, err = h.latency.of(m.ID)
	return row, err
}

func newBudget(slo float64, spent uptime.Breakdown, span Span) *Budget {
	share := (100 - slo) / 100
	period := spent.Checked() + span.End.Sub(span.To)
	allowed := time.Duration(math.Round(share*float64(period.Milliseconds()))) * time.Millisecond
	b := &Budget{
		SLO: slo, Allowed: allowed.Seconds(), Used: spent.Down().Seconds(), Left: (allowed - spent.Down()).Seconds(),
	}
	if checked := spent.Checked(); share > 0 && checked > 0 {
		rate := float64(spent.Down()) / float64(checked) / share
		rate = math.Round(rate*1e4) / 1e4
		b.BurnRate = &rate
	}
	return b
}
