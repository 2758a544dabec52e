package storetest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

var numberContracts = []contract{
	{"EachNumberOfAllResults", allNumbers},
	{"EachNumberOfASample", sampledNumbers},
	{"EachNumberOfALongSection", sampledLongSections},
	{"EachNumberOfASectionBetweenHours", sampledBetweenHours},
	{"EachNumberIsLimited", limitedNumbers},
	{"EachNumberInvalid", invalidNumbers},
}

// numbersOf returns what EachNumber passes for one result as a text: the date and the numbers.
func numbersOf(date time.Time, list []float64) string {
	return fmt.Sprint(date.Format(time.RFC3339Nano), " ", list)
}

// expectNumbers returns what EachNumber has to pass for results.
func expectNumbers(results []monitor.Result, f store.NumberFilter) []string {
	list := []string{}
	for _, r := range results {
		if r.MonitorID != f.MonitorID || r.Date.Before(f.From) || !r.Date.Before(f.To) {
			continue
		}
		found := make([]float64, len(f.Outputs))
		for i, name := range f.Outputs {
			found[i] = math.NaN()
			if number, isNumber := r.Outputs[name].(float64); isNumber {
				found[i] = number
			}
		}
		list = append(list, numbersOf(r.Date, found))
	}
	slices.Sort(list)
	return list
}

func readNumbers(ctx context.Context, t *testing.T, s store.Store, f store.NumberFilter) (list []string, sampled bool) {
	t.Helper()
	list = []string{}
	sampled, err := s.EachNumber(ctx, f, func(date time.Time, found []float64) {
		wantUTC(t, "date", date)
		list = append(list, numbersOf(date, found))
	})
	must(t, err)
	slices.Sort(list)
	return list, sampled
}

// allNumbers reads results in several forms: in old hours and in the current one, late ones, and with different outputs.
func allNumbers(ctx context.Context, t *testing.T, s store.Store) {
	all := oldHours(ctx, t, s)
	late := newResult(newID(1), 9000, base.Add(-90*time.Minute))
	mixed := newResult(newID(1), 9001, base.Add(-91*time.Minute))
	mixed.Outputs = map[string]any{"respTime": "1", "whole": 7.0, "third": -1e-9, "yes": 3.0}
	empty := newResult(newID(1), 9002, base.Add(-92*time.Minute))
	empty.Outputs = map[string]any{}
	must(t, s.AppendBatch(ctx, store.Batch{Results: []monitor.Result{late, mixed, empty}}))
	all = append(all, late, mixed, empty)
	for range 2 {
		for _, outputs := range [][]string{{"respTime"}, {"third", "unknown", "whole", "respTime", "yes"}, {}} {
			for _, from := range []time.Duration{-100 * time.Hour, -2 * time.Hour, -91 * time.Minute, -90*time.Minute + time.Millisecond, 0} {
				for _, to := range []time.Duration{100 * time.Hour, -time.Hour, -90 * time.Minute} {
					f := store.NumberFilter{
						MonitorID: newID(1), From: base.Add(from), To: base.Add(to), Outputs: outputs, Limit: 1000, Section: time.Hour,
					}
					got, sampled := readNumbers(ctx, t, s, f)
					same(t, fmt.Sprintf("%+v", f), got, expectNumbers(all, f))
					same(t, "sampled", sampled, false)
				}
			}
		}
		seal(ctx, t, s)
	}
	for _, id := range []string{newID(99), "invalid", ""} {
		got, sampled := readNumbers(ctx, t, s, store.NumberFilter{MonitorID: id, From: base, To: base.Add(time.Hour), Limit: 1, Section: time.Hour})
		same(t, "numbers of the monitor "+id, got, []string{})
		same(t, "sampled", sampled, false)
	}
}

// often is the time between two results of manyNumbers.
const often = 20 * time.Second

// manyNumbers stores results for three hours, seals some of them, and returns all.
func manyNumbers(ctx context.Context, t *testing.T, s store.Store, sealed time.Duration) []monitor.Result {
	t.Helper()
	return numbersFor(ctx, t, s, 3*time.Hour, sealed)
}

// numbersFor does the same for another time.
func numbersFor(ctx context.Context, t *testing.T, s store.Store, length, sealed time.Duration) []monitor.Result {
	t.Helper()
	var all []monitor.Result
	for i := range int(length / often) {
		all = append(all, newResult(newID(1), 1000+i, base.Add(time.Duration(i)*often)))
	}
	split := int(sealed / often)
	must(t, s.AppendBatch(ctx, store.Batch{Results: all[:split]}))
	seal(ctx, t, s)
	must(t, s.AppendBatch(ctx, store.Batch{Results: all[split:]}))
	return all
}

func sampledNumbers(ctx context.Context, t *testing.T, s store.Store) {
	all := manyNumbers(ctx, t, s, 100*time.Minute)
	f := store.NumberFilter{
		MonitorID: newID(1), From: base.Add(-time.Hour), To: base.Add(200 * time.Minute), Outputs: []string{"respTime"}, Section: 20 * time.Minute,
	}
	for _, limit := range []int{540, 539, 130, 1} {
		f.Limit = limit
		wantSample(ctx, t, s, f, all)
	}
	f.From, f.To, f.Limit = base.Add(95*time.Minute), base.Add(145*time.Minute), 149
	wantSample(ctx, t, s, f, all)
	f.Limit = 150
	wantSample(ctx, t, s, f, all)
}

// sampledLongSections reads sections that are longer than an hour and do not begin with one.
func sampledLongSections(ctx context.Context, t *testing.T, s store.Store) {
	all := manyNumbers(ctx, t, s, 180*time.Minute)
	for _, section := range []time.Duration{70 * time.Minute, 90 * time.Minute, 5 * time.Hour} {
		wantSample(ctx, t, s, store.NumberFilter{
			MonitorID: newID(1), From: base.Add(-130 * time.Minute), To: base.Add(4 * time.Hour), Outputs: []string{"respTime"},
			Limit: 40, Section: section,
		}, all)
	}
}

// sampledBetweenHours reads sections that begin and end within an hour that has results only outside of the section.
func sampledBetweenHours(ctx context.Context, t *testing.T, s store.Store) {
	var all []monitor.Result
	for i := range int(7 * time.Hour / often) {
		age := time.Duration(i) * often
		if age < 30*time.Minute || age >= time.Hour && age < 3*time.Hour || age >= 3*time.Hour+30*time.Minute {
			all = append(all, newResult(newID(1), 1000+i, base.Add(age)))
		}
	}
	must(t, s.AppendBatch(ctx, store.Batch{Results: all}))
	seal(ctx, t, s)
	for _, to := range []time.Duration{210 * time.Minute, 390 * time.Minute, 350 * time.Minute} {
		for limit := 1; limit < 8; limit++ {
			wantSample(ctx, t, s, store.NumberFilter{
				MonitorID: newID(1), From: base.Add(30 * time.Minute), To: base.Add(to), Outputs: []string{"respTime"}, Limit: limit,
				Section: 3 * time.Hour,
			}, all)
		}
	}
}

// limitedNumbers reads samples of a day.
func limitedNumbers(ctx context.Context, t *testing.T, s store.Store) {
	for _, sealed := range []time.Duration{0, 20 * time.Hour} {
		all := numbersFor(ctx, t, s, 24*time.Hour, sealed)
		f := store.NumberFilter{MonitorID: newID(1), From: base, To: base.Add(24 * time.Hour), Outputs: []string{"respTime"}}
		for _, section := range []time.Duration{12 * time.Hour, 24 * time.Hour, 5 * 24 * time.Hour} {
			for _, limit := range []int{1, 10, 50} {
				f.Section, f.Limit = section, limit
				wantSample(ctx, t, s, f, all)
			}
		}
	}
}

// wantSample checks that all selected results are read or, if there are too many, a sample of each section.
func wantSample(ctx context.Context, t *testing.T, s store.Store, f store.NumberFilter, all []monitor.Result) {
	t.Helper()
	want := expectNumbers(all, f)
	list, sampled := readNumbers(ctx, t, s, f)
	same(t, fmt.Sprintf("sampled with %+v", f), sampled, len(list) < len(want))
	if n, limit := len(list), mostNumbers(f); n > limit {
		t.Errorf("%+v: %d results are read, want at most %d", f, n, limit)
	}
	if !sampled || len(want) <= f.Limit {
		same(t, fmt.Sprintf("%+v", f), list, want)
		return
	}
	exists, read := make(map[int]bool), make(map[int]int)
	for _, n := range want {
		exists[sectionOf(t, f, n)] = true
	}
	for _, n := range list {
		read[sectionOf(t, f, n)]++
		if !slices.Contains(want, n) {
			t.Errorf("%+v: %v is not one of the results", f, n)
		}
	}
	if len(slices.Compact(slices.Clone(list))) != len(list) {
		t.Errorf("%+v: a result was read twice", f)
	}
	for section := range exists {
		if read[section] == 0 {
			t.Errorf("%+v: no result of section %d", f, section)
		}
	}
}

// mostNumbers returns the maximum number of results of manyNumbers in a sample, see [store.NumberFilter.PerSection].
func mostNumbers(f store.NumberFilter) int {
	return max(f.Limit, f.Sections()*(31*f.PerSection()+3*int(time.Hour/often)))
}

func sectionOf(t *testing.T, f store.NumberFilter, n string) int {
	t.Helper()
	date, _, _ := strings.Cut(n, " ")
	return f.SectionOf(got(time.Parse(time.RFC3339Nano, date))(t))
}

func invalidNumbers(ctx context.Context, t *testing.T, s store.Store) {
	for _, f := range []store.NumberFilter{{Section: time.Hour}, {Limit: 1}, {Limit: -1, Section: time.Hour}, {Limit: 1, Section: -time.Hour}} {
		f.MonitorID, f.From, f.To = newID(1), base, base.Add(time.Hour)
		_, err := s.EachNumber(ctx, f, func(time.Time, []float64) {})
		wantInvalid(t, fmt.Sprintf("%+v", f), err)
	}
}
