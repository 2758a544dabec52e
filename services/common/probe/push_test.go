package probe

import (
	"strings"
	"testing"
	"time"

	"nanomon/services/common/memory"
	"nanomon/services/common/monitor"
)

func TestReceive(t *testing.T) {
	duration, since := 1500*time.Millisecond, time.Hour
	p := newProbe(t, "push", "every 1h", props{"capture": `{"rows": "$.rows"}`})
	for name, c := range map[string]struct {
		report Report
		value  float64
		want   map[string]any
	}{
		"only an end": {Report{}, 0, map[string]any{"exitCode": 0.0, "body": ""}},
		"all": {
			Report{ExitCode: 3, Duration: &duration, SinceLast: &since, Body: []byte(`{"rows": 12}`)}, 1500,
			map[string]any{"exitCode": 3.0, "duration": 1500.0, "sinceLast": 3_600_000.0, "rows": 12.0, "body": `{"rows": 12}`},
		},
		"no JSON": {Report{Body: []byte("rows\xff")}, 0, map[string]any{"exitCode": 0.0, "body": "rows\uFFFD"}},
	} {
		got := p.(Receiver).Receive(t.Context(), c.report)
		if got.Err != nil || got.Value != c.value {
			t.Errorf("%s: value %v, error %v", name, got.Value, got.Err)
		}
		sameOutputs(t, name, got.Outputs, c.want)
	}
}

// TestCaptureWithoutMemory: a lack of memory of the runner is no fault of the job.
func TestCaptureWithoutMemory(t *testing.T) {
	p := newProbe(t, "push", "every 1h", props{"capture": `{"rows": "$.rows"}`})
	report := Report{Body: []byte("[" + strings.Repeat("{},", 5000) + "1]")}
	got := p.(Receiver).Receive(memory.NewBudget(1<<20).Context(t.Context()), report)
	if own := OwnFault(got.Err); own == nil || own.(*NotCheckedError).Cause != CauseMemory {
		t.Errorf("error %v, want a lack of memory", got.Err)
	}
}

func TestCaptureTakesTooLong(t *testing.T) {
	p := newProbe(t, "push", "every 1h", props{"capture": `{"rows": "$.rows"}`})
	p.(*pushProbe).captureTime = 0
	got := p.(Receiver).Receive(t.Context(), Report{Body: []byte(`{"rows": 12}`)})
	if got.Err == nil || !strings.Contains(got.Err.Error(), "capture took longer than") {
		t.Errorf("error %v, want that the capture took too long", got.Err)
	}
}

func sameOutputs(t *testing.T, name string, got, want map[string]any) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: outputs %v, want %v", name, got, want)
	}
	for output, value := range want {
		if got[output] != value {
			t.Errorf("%s: %s is %v, want %v", name, output, got[output], value)
		}
	}
}

func TestRunOfPushMonitor(t *testing.T) {
	if got := newProbe(t, "push", "@daily", nil).Run(t.Context()); got.Err == nil {
		t.Error("a push monitor was checked")
	}
}

func TestInvalidPushMonitors(t *testing.T) {
	for _, c := range []struct {
		target     string
		properties props
		want       string
	}{
		{"1h", nil, "invalid monitor target"},
		{"0 0 30 2 *", nil, "invalid monitor target"},
		{"@daily", props{"zone": "Nowhere"}, "property zone"},
		{"@daily", props{"grace": "1h30"}, "property grace"},
		{"@daily", props{"maxRun": "0s"}, "property maxRun"},
		{"@daily", props{"capture": `{"exitCode": "$.a"}`}, "property capture"},
	} {
		settings, err := NewSettings(pushType().Spec, c.properties)
		if err == nil {
			_, err = newPush(c.target, settings)
		}
		if err == nil || !monitor.IsInvalid(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: error %v, want %q", c.target, c.properties, err, c.want)
		}
	}
}

func TestIntervalOfPushMonitors(t *testing.T) {
	for _, c := range []struct{ target, zone, grace, maxRun, want string }{
		{"every 90s", "", "10s", "", "1m30s"},
		{"every 24h", "", "", "", "24h"},
		{"30 2 * * *", "Europe/Berlin", "", "", "24h"},
		{"0 8-17 * * 1-5", "", "", "", "63h"},
		{"every 90m", "", "", "", "1h30m"},
		{"every 1m", "", "", "", "3m"},
		{"every 1h", "", "1h", "4h", "3h"},
		{"every 8784h", "", "576h", "576h", "8784h"},
		{"nonsense", "", "", "", "1m"},
		{"@daily", "Nowhere", "", "", "1m"},
	} {
		m := monitor.Monitor{Type: "push", Target: c.target, Interval: "7s", Properties: props{"zone": c.zone, "grace": c.grace, "maxRun": c.maxRun}}
		if got, _ := All(Guard{}).Canonical(m); got.Interval != c.want {
			t.Errorf("%s: the interval is %s, want %s", c.target, got.Interval, c.want)
		}
	}
	m := monitor.Monitor{Type: "tcp", Target: "localhost:1", Interval: "7s"}
	if got, _ := All(Guard{}).Canonical(m); got.Interval != "7s" {
		t.Errorf("the interval of another type is %s", got.Interval)
	}
}
