package monitor_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
)

func TestUnmarshalDefaults(t *testing.T) {
	for body, want := range map[string]monitor.Monitor{
		`{}`:                                   {Enabled: true, Properties: map[string]string{}},
		`{"enabled":null,"properties":null}`:   {Enabled: true, Properties: map[string]string{}},
		`{"enabled":false}`:                    {Properties: map[string]string{}},
		`{"target":" a\t","interval":" 30s "}`: {Enabled: true, Target: "a", Interval: "30s", Properties: map[string]string{}},
		`{"properties":{"a":"","b":"c"}}`:      {Enabled: true, Properties: map[string]string{"b": "c"}},
		`{"name":"n","unknown":{"deep":[1]}}`:  {Name: "n", Enabled: true, Properties: map[string]string{}},
	} {
		var got monitor.Monitor
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestMarshalOmitsEmptyFields(t *testing.T) {
	m := monitor.Monitor{ID: "1", Name: "n"}
	m.Normalize()
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, absent := range []string{"rule", "group", "labels", "null"} {
		if strings.Contains(string(body), absent) {
			t.Errorf("%s contains %s", body, absent)
		}
	}
}

func TestValidate(t *testing.T) {
	valid := monitor.Monitor{Name: "n", Type: "http", Interval: "1s", Target: "t"}
	for want, change := range map[string]func(*monitor.Monitor){
		"":                         func(*monitor.Monitor) {},
		"missing monitor name":     func(m *monitor.Monitor) { m.Name, m.Type = "", "" },
		"missing monitor type":     func(m *monitor.Monitor) { m.Type, m.Interval = "", "" },
		"invalid monitor type":     func(m *monitor.Monitor) { m.Type, m.Interval = "https", "" },
		"missing monitor interval": func(m *monitor.Monitor) { m.Interval, m.Target = "", "" },
		"missing monitor target":   func(m *monitor.Monitor) { m.Target, m.Interval = " \t", "x" },
		"invalid monitor interval": func(m *monitor.Monitor) { m.Interval = "10" },
		"monitor interval must be greater than 1s":                     func(m *monitor.Monitor) { m.Interval = "999ms" },
		"monitor interval must be at most 8784h0m0s":                   func(m *monitor.Monitor) { m.Interval = "9000h" },
		"monitor name has 301 characters, at most 300 are allowed":     func(m *monitor.Monitor) { m.Name = strings.Repeat("ä", 301) },
		"monitor target has 2049 characters, at most 2048 are allowed": func(m *monitor.Monitor) { m.Target = strings.Repeat("t", 2049) },
		"monitor rule has 2049 characters, at most 2048 are allowed":   func(m *monitor.Monitor) { m.Rule = strings.Repeat("r", 2049) },
		"monitor group has 101 characters, at most 100 are allowed":    func(m *monitor.Monitor) { m.Group = strings.Repeat("g", 101) },
		"monitor name is not valid UTF-8":                              func(m *monitor.Monitor) { m.Name = "\xff" },
	} {
		m := valid
		change(&m)
		err := m.Validate([]string{"http"})
		if got := text(err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestValidateHints(t *testing.T) {
	valid := monitor.Monitor{Name: "n", Type: "http", Interval: "1s", Target: "t"}
	for _, c := range []struct {
		change       func(*monitor.Monitor)
		detail, hint string
	}{
		{func(m *monitor.Monitor) { m.Name = " " }, "missing monitor name", "Enter a name. It is shown in lists and notifications."},
		{func(m *monitor.Monitor) { m.Type = "" }, "missing monitor type", "Use one of http, tcp."},
		{func(m *monitor.Monitor) { m.Type = "https" }, "invalid monitor type", "Use one of http, tcp."},
		{func(m *monitor.Monitor) { m.Interval = "" }, "missing monitor interval", "Use a Go duration such as 30s or 5m."},
		{func(m *monitor.Monitor) { m.Target = "" }, "missing monitor target", "Enter the URL, host or domain name to check, or the schedule of a push monitor."},
		{func(m *monitor.Monitor) { m.Interval = "10" }, "invalid monitor interval", "Use a Go duration such as 30s or 5m."},
		{func(m *monitor.Monitor) { m.Interval = "999ms" }, "monitor interval must be greater than 1s", "The shortest interval is 1s."},
		{func(m *monitor.Monitor) { m.Name = "\xff" }, "monitor name is not valid UTF-8", ""},
	} {
		m := valid
		c.change(&m)
		var invalid *monitor.InvalidError
		if err := m.Validate([]string{"http", "tcp"}); !errors.As(err, &invalid) || invalid.Detail != c.detail || invalid.Hint != c.hint {
			t.Errorf("got %#v, want %q with the hint %q", err, c.detail, c.hint)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestIDs(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	first, second, later := monitor.NewID(now), monitor.NewID(now), monitor.NewID(now.Add(time.Second))
	if first == second || !monitor.ValidID(first) || first >= later {
		t.Errorf("got %s, %s and, a second later, %s", first, second, later)
	}
	for id, valid := range map[string]bool{
		"": false, "000000000000000000000000": true, "00000000000000000000000G": false, "0000000000000000000000": false, "ABCDEF000000000000000000": true,
	} {
		if monitor.ValidID(id) != valid {
			t.Errorf("ValidID(%q) is %v", id, !valid)
		}
	}
}

func TestStaleAfter(t *testing.T) {
	for interval, want := range map[time.Duration]time.Duration{time.Second: 61 * time.Second, 10 * time.Minute: 30 * time.Minute, 30 * time.Second: 90 * time.Second} {
		if got := monitor.StaleAfter(interval); got != want {
			t.Errorf("%s: got %s, want %s", interval, got, want)
		}
	}
}
