package server

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/rollup"
	"nanomon/services/common/rule"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
)

// outputsFixture is an API with monitor A and its results.
type outputsFixture struct {
	*api
	count int
}

func newOutputsFixture(t *testing.T, s Store, rule string) *outputsFixture {
	t.Helper()
	f := &outputsFixture{api: startAPI(t, s)}
	if limited, ok := s.(limitedStore); ok {
		f.store = limited.Store
	}
	m := monitorA
	m.Rule = rule
	must(t, f.store.CreateMonitor(t.Context(), m))
	return f
}

// result stores a result with outputs.
func (f *outputsFixture) result(date time.Time, outputs map[string]any, change func(*monitor.Result)) {
	f.t.Helper()
	r := resultN(f.count)
	f.count++
	r.Date, r.Status, r.Outputs = monitor.Date(date), monitor.StatusOK, outputs
	if change != nil {
		change(&r)
	}
	must(f.t, f.store.AppendBatch(f.t.Context(), store.Batch{Results: []monitor.Result{r}}))
}

func (f *outputsFixture) outputs(window string) outputsResponse {
	f.t.Helper()
	return decodeAs[outputsResponse](f.t, f.ofRange("outputs", "", "", window))
}

// values returns the numbers of a series by the index of their bucket, counted from the last one.
func values(list []*float64) map[int]float64 {
	found := make(map[int]float64)
	for i, v := range list {
		if v != nil {
			found[len(list)-1-i] = *v
		}
	}
	return found
}

func TestOutputs(t *testing.T) {
	f := newOutputsFixture(t, nil, "status == 200 && respTime < 400 && 1 < respTime")
	// The current bucket may be over when the request arrives, so all results are in earlier ones.
	last := time.Now().UTC().Truncate(5 * time.Minute)
	at := func(buckets int, after time.Duration) time.Time {
		return last.Add(-time.Duration(buckets)*5*time.Minute + after)
	}
	f.result(at(3, 0), map[string]any{"respTime": 10.0, "status": 200.0, "dnsTime": 1.5, "ipAddress": "::1", "regexMatch": "text"}, nil)
	f.result(at(3, time.Minute), map[string]any{"respTime": 20.0, "status": 500.0, "bodyTruncated": true}, func(r *monitor.Result) {
		r.Status = monitor.StatusError
	})
	f.result(at(3, 5*time.Minute-time.Millisecond), map[string]any{"respTime": 36.0, "regexMatch": 7.0, "unknown": 1.0}, func(r *monitor.Result) {
		r.Status, r.Ignored = monitor.StatusFailed, monitor.IgnoredMaintenance
	})
	f.result(at(2, 0), map[string]any{"dnsTime": 0.0}, nil)
	f.result(at(300, 0), map[string]any{"respTime": 99.0}, nil) // before the range

	got := f.outputs("24h")
	shift := int(got.To.Truncate(5*time.Minute).Sub(last) / (5 * time.Minute)) // usually 0
	type series struct {
		name, title, unit string
		avg, min, max     map[int]float64
	}
	var list []series
	for _, o := range got.Outputs {
		same(t, "buckets of "+o.Name, []int{len(o.Avg), len(o.Min), len(o.Max)}, []int{289, 289, 289})
		list = append(list, series{o.Name, o.Title, o.Unit, values(o.Avg), values(o.Min), values(o.Max)})
	}
	third, second := 3+shift, 2+shift
	want := []series{
		{"respTime", "Response time", "ms", map[int]float64{third: 22}, map[int]float64{third: 10}, map[int]float64{third: 36}},
		{"status", "Status code", "", map[int]float64{third: 350}, map[int]float64{third: 200}, map[int]float64{third: 500}},
		{"regexMatch", "Match of bodyRegex", "", map[int]float64{third: 7}, map[int]float64{third: 7}, map[int]float64{third: 7}},
		{"dnsTime", "Name lookup", "ms", map[int]float64{third: 1.5, second: 0}, map[int]float64{third: 1.5, second: 0}, map[int]float64{third: 1.5, second: 0}},
	}
	if len(list) != len(want) {
		t.Fatalf("got %d outputs: %v", len(list), list)
	}
	for i := range want {
		if fmt.Sprint(list[i]) != fmt.Sprint(want[i]) {
			t.Errorf("got %v, want %v", list[i], want[i])
		}
	}
	same(t, "thresholds", got.Thresholds, []rule.Threshold{{Output: "respTime", Operator: "<", Value: 400}, {Output: "respTime", Operator: ">", Value: 1}})
	same(t, "monitor", got.MonitorID, idA)
	same(t, "step", got.Step, int64(300))
	same(t, "sampled", got.Sampled, false)
	if got.Available != nil {
		t.Errorf("available is %s", got.Available)
	}
}

// TestOutputsHaveTheRangeOfStatistics compares the limits of the buckets, because the page shows both in one chart.
func TestOutputsHaveTheRangeOfStatistics(t *testing.T) {
	f := newOutputsFixture(t, nil, "")
	end := time.Now().Add(-2 * day) // No bucket is limited by the present.
	to := end.Format(time.RFC3339)
	for _, length := range []time.Duration{time.Minute, time.Hour, 6 * time.Hour, day, 7 * day, 30 * day, 365 * day, 400 * day} {
		from := end.Add(-length).Format(time.RFC3339)
		got := decodeAs[outputsResponse](t, f.ofRange("outputs", from, to, ""))
		stats := decodeAs[statsResponse](t, f.statsOf(from, to, ""))
		same(t, "range of "+length.String(), []time.Time{got.From, got.To}, []time.Time{stats.From, stats.To})
		if second := stats.Buckets[1].Start; second.Sub(got.From) != time.Duration(got.Step)*time.Second {
			t.Errorf("%s: step %d, but the second bucket starts at %s", length, got.Step, second)
		}
	}
}

func TestOutputsWithoutResults(t *testing.T) {
	f := newOutputsFixture(t, nil, "status == 200")
	got := decodeAs[map[string]any](t, f.ofRange("outputs", "", "", "30d"))
	same(t, "outputs", got["outputs"], any([]any{}))
	same(t, "thresholds", got["thresholds"], any([]any{}))
	if available, exists := got["available"]; available != nil || !exists {
		t.Errorf("available is %v, %v", available, exists)
	}
}

// limitedStore is a store that reads at most limit results.
type limitedStore struct {
	*sqlite.Store
	limit int
	asked *store.NumberFilter
}

func (s limitedStore) EachNumber(ctx context.Context, f store.NumberFilter, each func(time.Time, []float64)) (bool, error) {
	*s.asked = f
	f.Limit = s.limit
	return s.Store.EachNumber(ctx, f, each)
}

func TestOutputsAreSampled(t *testing.T) {
	asked := new(store.NumberFilter)
	f := newOutputsFixture(t, limitedStore{openStore(t), 10, asked}, "")
	// The first result and its rollup are in the same section as the newest one, which is the sample.
	start := time.Now().UTC().Add(-10 * day).Truncate(6 * time.Hour)
	for i := range 60 {
		f.result(start.Add(time.Duration(i)*2*time.Minute), map[string]any{"respTime": 5.0}, nil)
	}
	must(t, f.store.PutRollups(t.Context(), []store.Rollup{{MonitorID: idA, Period: store.Hour, Start: start, Summary: rollup.New().Encode()}}))
	got := f.outputs("90d")
	same(t, "sampled", got.Sampled, true)
	if got.Available != nil {
		t.Errorf("available is %s", got.Available)
	}
	same(t, "number of buckets with values", len(values(got.Outputs[0].Avg)), 1)
	same(t, "limit", asked.Limit, 100_000)
	same(t, "section", asked.Section, 3*time.Hour)
}

func TestOutputsAvailable(t *testing.T) {
	midnight := time.Now().UTC().Truncate(day)
	from := midnight.Add(-30*day + 10*time.Hour)
	oldest := monitor.Date(midnight.Add(-9*day + 7*time.Hour + 20*time.Minute))
	rollupAt := func(period store.Period, start time.Time) store.Rollup {
		return store.Rollup{MonitorID: idA, Period: period, Start: start, Summary: rollup.New().Encode()}
	}
	for name, c := range map[string]struct {
		rollup store.Rollup
		want   bool
	}{
		"the monitor is new":             {store.Rollup{}, false},
		"a day before":                   {rollupAt(store.Day, midnight.Add(-10*day)), true},
		"a day of the first result":      {rollupAt(store.Day, midnight.Add(-9*day)), false},
		"a day before the range":         {rollupAt(store.Day, midnight.Add(-40*day)), false},
		"an hour before, the same day":   {rollupAt(store.Hour, midnight.Add(-9*day+6*time.Hour)), true},
		"the hour of the first result":   {rollupAt(store.Hour, midnight.Add(-9*day+7*time.Hour)), false},
		"an hour at the start of range":  {rollupAt(store.Hour, from.Add(time.Hour)), true},
		"an hour before the whole range": {rollupAt(store.Hour, from.Add(-day)), false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newOutputsFixture(t, nil, "")
			f.result(oldest, map[string]any{"respTime": 1.0}, nil)
			f.result(midnight.Add(-time.Hour), map[string]any{"respTime": 2.0}, nil)
			if c.rollup.MonitorID != "" {
				must(t, f.store.PutRollups(t.Context(), []store.Rollup{c.rollup}))
			}
			got := decodeAs[outputsResponse](t, f.ofRange("outputs", from.Format(time.RFC3339), midnight.Format(time.RFC3339), ""))
			if isSet := got.Available != nil; isSet != c.want || isSet && !got.Available.Equal(oldest) {
				t.Errorf("available is %v, want %v: %s", got.Available, c.want, oldest)
			}
		})
	}
}

func TestOutputsWhenAllResultsHaveExpired(t *testing.T) {
	f := newOutputsFixture(t, nil, "")
	start := time.Now().UTC().Truncate(day).Add(-20 * day)
	must(t, f.store.PutRollups(t.Context(), []store.Rollup{{MonitorID: idA, Period: store.Day, Start: start, Summary: rollup.New().Encode()}}))
	got := decodeAs[outputsResponse](t, f.ofRange("outputs", start.Add(-day).Format(time.RFC3339), start.Add(5*day).Format(time.RFC3339), ""))
	if got.Available == nil || !got.Available.Equal(got.To) {
		t.Errorf("available is %v, want %s", got.Available, got.To)
	}
}

func TestOutputsOfHugeNumbers(t *testing.T) {
	f := newOutputsFixture(t, nil, "")
	date := time.Now().Add(-time.Hour)
	for range 3 {
		f.result(date, map[string]any{"regexMatch": math.MaxFloat64}, nil)
	}
	f.result(date, map[string]any{"regexMatch": -math.MaxFloat64, "respTime": math.Inf(1), "status": math.NaN()}, nil)
	got := f.outputs("24h")
	same(t, "number of outputs", len(got.Outputs), 1)
	for _, avg := range values(got.Outputs[0].Avg) {
		same(t, "average", avg, math.MaxFloat64)
	}
}

func TestOutputsAreMasked(t *testing.T) {
	admin, anonymous := startNewType(t)
	m := admin.monitors()[0]
	r := resultN(2)
	r.MonitorID, r.Outputs = m.ID, map[string]any{"entry": 42.0, "time": 9.0}
	must(t, admin.store.AppendBatch(t.Context(), store.Batch{Results: []monitor.Result{r}}))
	path := "/api/monitors/" + m.ID + "/outputs?from=2026-01-15T09:00:00Z&to=2026-01-15T11:00:00Z"
	for client, want := range map[*api]string{admin: "time 7 9, entry 42 31415926", anonymous: "time 7 9, entry 42 42"} {
		var found []string
		for _, o := range decodeAs[outputsResponse](t, client.do("GET", path, "")).Outputs {
			least, most := math.Inf(1), math.Inf(-1)
			for i, v := range values(o.Min) {
				least, most = min(least, v), max(most, values(o.Max)[i])
			}
			found = append(found, fmt.Sprintf("%s %.0f %.0f", o.Title, least, most))
		}
		same(t, "outputs", strings.Join(found, ", "), want)
	}
}

func TestOutputSeries(t *testing.T) {
	names := func(all []*outputSeries) string {
		var list []string
		for _, s := range all {
			list = append(list, s.Name)
		}
		return strings.Join(list, " ")
	}
	all := newOutputSeries(probe.Spec{Outputs: []probe.Output{
		{Name: "text", Kind: probe.OutputString}, {Name: "level", Kind: probe.OutputNumber, Title: "Level"},
		{Name: "hidden", Kind: probe.OutputNumber, RuleOnly: true}, {Name: "valueN", Kind: probe.OutputNumber, Title: "Values"},
		{Name: "last", Kind: probe.OutputNumberOrString},
	}})
	same(t, "titles", []string{all[0].Title, all[1].Title, all[21].Title}, []string{"Level", "value1", "last"})
	same(t, "number of series", len(all), 22)
	for _, s := range all[2:] {
		s.add(1, 0, 2)
	}
	found := withNumbers(all)
	same(t, "names", names(found), names(all[2:22]))
	all[1].add(1, 1, 2)
	same(t, "number of outputs", len(withNumbers(all)), maxOutputs)
}
