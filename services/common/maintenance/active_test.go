package maintenance_test

import (
	"testing"
	"time"

	"nanomon/services/common/maintenance"
)

func TestActiveAt(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	window := func(from, to time.Duration, monitors, groups []string) maintenance.Window {
		return maintenance.Window{Start: now.Add(from), End: now.Add(to), Monitors: monitors, Groups: groups}
	}
	active := maintenance.ActiveAt([]maintenance.Window{
		window(-time.Hour, time.Hour, []string{"a"}, []string{"", "Shop"}),
		window(0, time.Hour, []string{"b"}, nil),
		window(-time.Hour, 0, []string{"ended"}, []string{"Ended"}),
		window(1, time.Hour, []string{"later"}, []string{"Later"}),
	}, now)
	for _, c := range []struct {
		id, group string
		want      bool
	}{
		{"a", "", true}, {"b", "Later", true}, {"c", "Shop", true}, {"c", "", false}, {"ended", "Ended", false}, {"later", "Later", false},
	} {
		if got := active.Includes(c.id, c.group); got != c.want {
			t.Errorf("%s in group %q: %v, want %v", c.id, c.group, got, c.want)
		}
	}
	if (maintenance.Active{}).Includes("a", "Shop") {
		t.Error("the zero value is not empty")
	}
}
