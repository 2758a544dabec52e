package monitor_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
)

// named is an enabled monitor that depends on another one, if needs isn't empty.
func named(id, name, needs string) monitor.Monitor {
	m := monitor.Monitor{ID: id, Name: name, Enabled: true, Properties: map[string]string{monitor.DependsOn: needs}}
	m.Normalize()
	return m
}

func off(m monitor.Monitor) monitor.Monitor {
	m.Enabled = false
	return m
}

func TestParents(t *testing.T) {
	type parents = map[string]string
	for name, c := range map[string]struct {
		all  []monitor.Monitor
		want parents
	}{
		"no monitors":              {nil, parents{}},
		"nobody depends":           {[]monitor.Monitor{named("1", "a", ""), {ID: "2", Name: "b", Enabled: true}}, parents{}},
		"by name":                  {[]monitor.Monitor{named("1", "a", "b"), named("2", "b", "")}, parents{"1": "2"}},
		"by id":                    {[]monitor.Monitor{named("1", "a", "2"), named("2", "b", "")}, parents{"1": "2"}},
		"by id in capitals":        {[]monitor.Monitor{named("1", "a", "2F"), named("2f", "b", "")}, parents{"1": "2f"}},
		"a name is as it is":       {[]monitor.Monitor{named("1", "a", "b"), named("2", "B", "")}, parents{}},
		"an id before a name":      {[]monitor.Monitor{named("1", "a", "2"), named("2", "b", ""), named("3", "2", "")}, parents{"1": "2"}},
		"the first of a name":      {[]monitor.Monitor{named("9", "a", "b"), named("4", "b", ""), named("3", "b", ""), named("5", "b", "")}, parents{"9": "3"}},
		"unknown":                  {[]monitor.Monitor{named("1", "a", "c"), named("2", "b", "")}, parents{}},
		"an empty name is no name": {[]monitor.Monitor{named("1", "a", ""), named("2", "", "")}, parents{}},
		"itself by name":           {[]monitor.Monitor{named("1", "a", "a")}, parents{}},
		"itself by id":             {[]monitor.Monitor{named("1", "a", "1")}, parents{}},
		"disabled":                 {[]monitor.Monitor{named("1", "a", "b"), off(named("2", "b", ""))}, parents{}},
		"a disabled one depends":   {[]monitor.Monitor{off(named("1", "a", "b")), named("2", "b", "")}, parents{"1": "2"}},
		"a chain": {
			[]monitor.Monitor{named("1", "a", "b"), named("2", "b", "c"), named("3", "c", "d"), named("4", "d", "")},
			parents{"1": "2", "2": "3", "3": "4"},
		},
		"a tree": {
			[]monitor.Monitor{named("1", "a", "c"), named("2", "b", "c"), named("3", "c", "d"), named("4", "d", "")},
			parents{"1": "3", "2": "3", "3": "4"},
		},
		"a circle of two": {[]monitor.Monitor{named("1", "a", "b"), named("2", "b", "a")}, parents{}},
		"a circle, and who depends on one of it": {
			[]monitor.Monitor{named("0", "x", "y"), named("9", "y", "c"), named("1", "a", "b"), named("2", "b", "c"), named("3", "c", "a")},
			parents{"0": "9", "9": "3"},
		},
		"a circle with a disabled one is still one": {
			[]monitor.Monitor{named("1", "a", "b"), off(named("2", "b", "c")), named("3", "c", "a")}, parents{},
		},
		"two circles": {
			[]monitor.Monitor{named("1", "a", "b"), named("2", "b", "a"), named("3", "c", "d"), named("4", "d", "c"), named("5", "e", "d")},
			parents{"5": "4"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, monitor.Dependencies(c.all)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDependsOnItself(t *testing.T) {
	for _, c := range []struct {
		id, name, needs string
		want            bool
	}{
		{"1f", "a", "", false}, {"1f", "a", "b", false}, {"1f", "a", "A", false}, {"", "a", "b", false}, {"", "", "", false},
		{"1f", "a", "a", true}, {"1f", "a", "1f", true}, {"1F", "a", "1f", true}, {"1f", "a", "1F", true}, {"", "a", "a", true},
	} {
		if got := named(c.id, c.name, c.needs).DependsOnItself(); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func BenchmarkParents(b *testing.B) {
	all := make([]monitor.Monitor, 10_000)
	for i := range all {
		all[i] = named(monitor.NewID(time.Now()), "monitor", "gateway")
	}
	all[0].Name = "gateway"
	for b.Loop() {
		monitor.Dependencies(all)
	}
}
