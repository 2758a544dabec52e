package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
)

const (
	idA = "65a50000000000000000000a"
	idB = "65a50000000000000000000b"
	idC = "65a50000000000000000000c"
)

func item(id, name, kind string) monitor.Monitor {
	return monitor.Monitor{ID: id, Name: name, Type: kind}
}

func TestPlanImport(t *testing.T) {
	const newID = "a new id"
	for _, test := range []struct {
		name            string
		existing, items []monitor.Monitor
		want            []string
	}{
		{"nothing exists", nil, []monitor.Monitor{item("", "x", "http"), item("", "x", "http")}, []string{newID, newID}},
		{"an item keeps its id", nil, []monitor.Monitor{item(idA, "x", "http")}, []string{idA}},
		{"an id becomes lower-case", nil, []monitor.Monitor{item(strings.ToUpper(idA), "x", "http")}, []string{idA}},
		{"an invalid id is replaced", nil, []monitor.Monitor{item("invalid", "x", "http")}, []string{newID}},
		{
			"name and type match",
			[]monitor.Monitor{item(idA, "x", "http"), item(idB, "x", "tcp")},
			[]monitor.Monitor{item("", "x", "tcp"), item("", "x", "http"), item("", "X", "http"), item("", "x", "dns")},
			[]string{idB, idA, newID, newID},
		},
		{
			"each existing monitor is used once, in order",
			[]monitor.Monitor{item(idA, "x", "http"), item(idB, "x", "http")},
			[]monitor.Monitor{item("", "x", "http"), item("", "x", "http"), item("", "x", "http")},
			[]string{idA, idB, newID},
		},
		{
			"the id of a later item is not used for an earlier one",
			[]monitor.Monitor{item(idA, "x", "http"), item(idB, "x", "http")},
			[]monitor.Monitor{item("", "x", "http"), item(strings.ToUpper(idA), "other", "tcp")},
			[]string{idB, idA},
		},
		{
			"an id has precedence over name and type",
			[]monitor.Monitor{item(idA, "x", "http")},
			[]monitor.Monitor{item(idC, "x", "http"), item("", "x", "http")},
			[]string{idC, idA},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			given := make([]string, len(test.items))
			for i, m := range test.items {
				given[i] = m.ID
			}
			planned, err := store.PlanImport(test.existing, test.items, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			if len(planned) != len(test.items) {
				t.Fatalf("%d monitors planned, want %d", len(planned), len(test.items))
			}
			seen := make(map[string]bool)
			old := map[string]bool{idA: true, idB: true, idC: true}
			for i, m := range planned {
				if m.Name != test.items[i].Name || m.Type != test.items[i].Type {
					t.Errorf("item %d is %q of type %q, want the same order as in the input", i, m.Name, m.Type)
				}
				if test.want[i] == newID && (old[m.ID] || !monitor.ValidID(m.ID)) || test.want[i] != newID && m.ID != test.want[i] {
					t.Errorf("item %d got the id %q, want %s", i, m.ID, test.want[i])
				}
				if seen[m.ID] {
					t.Errorf("two items got the id %s", m.ID)
				}
				seen[m.ID] = true
				if test.items[i].ID != given[i] {
					t.Errorf("item %d of the input was changed", i)
				}
			}
		})
	}
}

// If an item has no labels, the existing monitor keeps its labels. An empty map removes them.
func TestPlanImportKeepsLabels(t *testing.T) {
	labelled := func(id, name string, labels map[string]string) monitor.Monitor {
		m := item(id, name, "http")
		m.Labels = labels
		return m
	}
	a, b := map[string]string{"team": "a"}, map[string]string{"team": "b"}
	existing := []monitor.Monitor{labelled(idA, "x", a), labelled(idB, "y", b)}
	for name, c := range map[string]struct {
		items []monitor.Monitor
		want  []map[string]string
	}{
		"by id":           {[]monitor.Monitor{labelled(strings.ToUpper(idB), "new name", nil)}, []map[string]string{b}},
		"by name":         {[]monitor.Monitor{labelled("", "x", nil), labelled("", "x", nil)}, []map[string]string{a, nil}},
		"with an empty":   {[]monitor.Monitor{labelled(idA, "x", map[string]string{})}, []map[string]string{{}}},
		"with others":     {[]monitor.Monitor{labelled(idA, "x", b), labelled("", "y", a)}, []map[string]string{b, a}},
		"with another id": {[]monitor.Monitor{labelled(idC, "x", nil)}, []map[string]string{nil}},
	} {
		planned, err := store.PlanImport(existing, c.items, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range planned {
			if diff := cmp.Diff(c.want[i], m.Labels); diff != "" {
				t.Errorf("%s: labels of item %d (-want +got):\n%s", name, i, diff)
			}
		}
	}
}

func TestPlanImportDuplicateID(t *testing.T) {
	_, err := store.PlanImport(nil, []monitor.Monitor{item(idA, "one", "http"), item(strings.ToUpper(idA), "two", "tcp")}, time.Now())
	var invalid *monitor.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("error %v, want an InvalidError", err)
	}
	for _, part := range []string{idA, `"one"`, `"two"`} {
		if !strings.Contains(invalid.Detail, part) {
			t.Errorf("detail %q does not name %s", invalid.Detail, part)
		}
	}
}
