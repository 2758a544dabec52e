package push

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/store"
)

// parsePeriods reads periods such as "a 10:00-11:05" or, if the process stopped in an orderly way, "a 10:00-11:05 ended".
func parsePeriods(t *testing.T, texts ...string) (list []store.ReceivingPeriod) {
	t.Helper()
	for _, text := range texts {
		fields := append(strings.Fields(text), "")
		from, to, _ := strings.Cut(fields[1], "-")
		list = append(list, store.ReceivingPeriod{
			ID: text, Process: fields[0], From: at(t, "1 "+from), To: at(t, "1 "+to), Ended: fields[2] == "ended",
		})
	}
	slices.SortFunc(list, store.CompareReceivingPeriods)
	return list
}

func TestReach(t *testing.T) {
	for _, c := range []struct {
		name    string
		periods []string
		want    bool
	}{
		{"no period", nil, false},
		{"one period", []string{"a 10:00-12:00"}, true},
		{"exactly", []string{"a 11:00-11:10"}, true},
		{"too late", []string{"a 11:01-12:00"}, false},
		{"too short", []string{"a 10:00-11:09"}, false},
		{"over before", []string{"a 10:00-10:09"}, false},
		{"a chain", []string{"a 09:00-09:30", "b 10:00-11:05 ended", "c 11:05-11:20"}, true},
		{"a gap", []string{"a 10:00-11:05", "a 11:06-11:20"}, false},
		{"a process after another one", []string{"a 10:00-11:05 ended", "b 11:04-11:20"}, true},
		{"a process some time after another one", []string{"a 10:00-11:05 ended", "b 11:06-11:20"}, false},

		{"two processes", []string{"a 10:00-12:00", "b 10:30-11:11"}, true},
		{"a rolling update", []string{"a 10:00-11:02 ended", "b 10:30-11:04 ended", "c 11:01-12:00", "d 11:03-12:00"}, true},
		{"a rolling update in place", []string{"a 10:00-11:02 ended", "b 10:30-11:04 ended", "a 11:03-12:00", "b 11:06-12:00"}, true},
		{"one of two loses pings", []string{"a 10:00-12:00", "b 10:00-11:04", "b 11:05-12:00"}, false},
		{"one of two has lost pings before", []string{"a 10:00-12:00", "b 10:00-10:50", "b 11:00-12:00"}, true},
		{"one of two loses pings later", []string{"a 10:00-12:00", "b 10:00-11:10", "b 11:11-12:00"}, true},
		{"one of two loses pings at first", []string{"a 10:00-12:00", "b 11:04-11:04", "b 11:05-12:00"}, false},
		{"one of two loses pings and stops", []string{"a 10:00-12:00", "b 10:00-11:04", "b 11:05-11:05 ended"}, false},
		{"one of two stops reporting", []string{"a 10:00-12:00", "b 10:00-11:09"}, false},
		{"one of two has stopped reporting shortly before", []string{"a 10:00-12:00", "b 10:00-10:58:01"}, false},
		{"one of two was killed before", []string{"a 10:00-12:00", "b 10:00-10:58"}, true},
		{"one of two was killed and started again before", []string{"a 10:00-12:00", "b 10:00-10:59", "b 10:59:30-12:00"}, true},
		{"one of two was killed and started again", []string{"a 10:00-12:00", "b 10:00-11:01", "b 11:01:30-12:00"}, false},
		{"the only one was killed and started again before", []string{"a 10:00-10:59", "a 11:00-12:00"}, true},
		{"two with the same name", []string{"a 10:00-12:00", "a 10:30-12:00"}, true},
		{"one of two with the same name stops reporting", []string{"a 10:00-11:05", "a 10:30-12:00"}, false},
	} {
		r := NewReceiving(parsePeriods(t, c.periods...))
		if got := !r.Reach(at(t, "1 11:00")).Before(at(t, "1 11:10")); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestReachOfSilentProcess: the runner waits for a while from the time that Reach returns.
func TestReachOfSilentProcess(t *testing.T) {
	r := NewReceiving(parsePeriods(t, "a 10:00-12:00", "b 10:00-11:09", "c 10:00-11:04", "c 11:06-12:00"))
	for from, want := range map[string]string{"11:00": "11:04", "11:07": "11:09", "11:10": "11:09", "11:12": "12:00"} {
		if got := r.Reach(at(t, "1 "+from)); !got.Equal(at(t, "1 "+want)) {
			t.Errorf("from %s: %s, want %s", from, got.Format(time.TimeOnly), want)
		}
	}
}
