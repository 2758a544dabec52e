package monitor_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
)

// newMonitor returns an enabled monitor that depends on dependency, unless that is empty.
func newMonitor(id, name, dependency string) monitor.Monitor {
	m := monitor.Monitor{ID: id, Name: name, Enabled: true, Properties: map[string]string{monitor.DependsOn: dependency}}
	m.Normalize()
	return m
}

func disabled(m monitor.Monitor) monitor.Monitor {
	m.Enabled = false
	return m
}

func TestDependencies(t *testing.T) {
	type dependencies = map[string]string
	for name, c := range map[string]struct {
		all  []monitor.Monitor
		want dependencies
	}{
		"no monitors":                          {nil, dependencies{}},
		"no dependencies":                      {[]monitor.Monitor{newMonitor("1", "a", ""), {ID: "2", Name: "b", Enabled: true}}, dependencies{}},
		"by name":                              {[]monitor.Monitor{newMonitor("1", "a", "b"), newMonitor("2", "b", "")}, dependencies{"1": "2"}},
		"by id":                                {[]monitor.Monitor{newMonitor("1", "a", "2"), newMonitor("2", "b", "")}, dependencies{"1": "2"}},
		"by id in upper case":                  {[]monitor.Monitor{newMonitor("1", "a", "2F"), newMonitor("2f", "b", "")}, dependencies{"1": "2f"}},
		"names are case-sensitive":             {[]monitor.Monitor{newMonitor("1", "a", "b"), newMonitor("2", "B", "")}, dependencies{}},
		"an id before a name":                  {[]monitor.Monitor{newMonitor("1", "a", "2"), newMonitor("2", "b", ""), newMonitor("3", "2", "")}, dependencies{"1": "2"}},
		"lowest id of several with the name":   {[]monitor.Monitor{newMonitor("9", "a", "b"), newMonitor("4", "b", ""), newMonitor("3", "b", ""), newMonitor("5", "b", "")}, dependencies{"9": "3"}},
		"unknown":                              {[]monitor.Monitor{newMonitor("1", "a", "c"), newMonitor("2", "b", "")}, dependencies{}},
		"an empty name":                        {[]monitor.Monitor{newMonitor("1", "a", ""), newMonitor("2", "", "")}, dependencies{}},
		"itself by name":                       {[]monitor.Monitor{newMonitor("1", "a", "a")}, dependencies{}},
		"itself by id":                         {[]monitor.Monitor{newMonitor("1", "a", "1")}, dependencies{}},
		"disabled":                             {[]monitor.Monitor{newMonitor("1", "a", "b"), disabled(newMonitor("2", "b", ""))}, dependencies{}},
		"a disabled monitor with a dependency": {[]monitor.Monitor{disabled(newMonitor("1", "a", "b")), newMonitor("2", "b", "")}, dependencies{"1": "2"}},
		"a chain": {
			[]monitor.Monitor{newMonitor("1", "a", "b"), newMonitor("2", "b", "c"), newMonitor("3", "c", "d"), newMonitor("4", "d", "")},
			dependencies{"1": "2", "2": "3", "3": "4"},
		},
		"a tree": {
			[]monitor.Monitor{newMonitor("1", "a", "c"), newMonitor("2", "b", "c"), newMonitor("3", "c", "d"), newMonitor("4", "d", "")},
			dependencies{"1": "3", "2": "3", "3": "4"},
		},
		"a cycle of two": {[]monitor.Monitor{newMonitor("1", "a", "b"), newMonitor("2", "b", "a")}, dependencies{}},
		"a cycle, and monitors that depend on its members": {
			[]monitor.Monitor{newMonitor("0", "x", "y"), newMonitor("9", "y", "c"), newMonitor("1", "a", "b"), newMonitor("2", "b", "c"), newMonitor("3", "c", "a")},
			dependencies{"0": "9", "9": "3"},
		},
		"a cycle with a disabled monitor": {
			[]monitor.Monitor{newMonitor("1", "a", "b"), disabled(newMonitor("2", "b", "c")), newMonitor("3", "c", "a")}, dependencies{},
		},
		"two cycles": {
			[]monitor.Monitor{newMonitor("1", "a", "b"), newMonitor("2", "b", "a"), newMonitor("3", "c", "d"), newMonitor("4", "d", "c"), newMonitor("5", "e", "d")},
			dependencies{"5": "4"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(dependencies)
			for id, dependency := range monitor.Dependencies(c.all) {
				got[id] = dependency.ID
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDependsOnItself(t *testing.T) {
	for _, c := range []struct {
		id, name, dependency string
		want                 bool
	}{
		{"1f", "a", "", false}, {"1f", "a", "b", false}, {"1f", "a", "A", false}, {"", "a", "b", false}, {"", "", "", false},
		{"1f", "a", "a", true}, {"1f", "a", "1f", true}, {"1F", "a", "1f", true}, {"1f", "a", "1F", true}, {"", "a", "a", true},
	} {
		if got := newMonitor(c.id, c.name, c.dependency).DependsOnItself(); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func BenchmarkDependencies(b *testing.B) {
	all := make([]monitor.Monitor, 10_000)
	for i := range all {
		all[i] = newMonitor(monitor.NewID(time.Now()), "monitor", "gateway")
	}
	all[0].Name = "gateway"
	for b.Loop() {
		monitor.Dependencies(all)
	}
}
