// Package fault tests what NanoMon guarantees when something breaks. The tests run the real binaries with a database
// server, and then kill a process or close its connections.
package fault

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/servicetest"
)

func TestMain(m *testing.M) { servicetest.Main(m) }

// observe lets the processes run for a time. It is no substitute for waiting until something has happened.
func observe(length time.Duration) { <-time.After(length) }

// allResults returns all results in the store, newest first.
func allResults(t *testing.T, api string) []monitor.Result {
	t.Helper()
	var all []monitor.Result
	for next := api + "/results?max=1000"; next != ""; {
		response, err := http.Get(next)
		if err != nil {
			t.Fatal(err)
		}
		var page []monitor.Result
		err = json.NewDecoder(response.Body).Decode(&page)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("GET %s: %d %v", next, response.StatusCode, err)
		}
		all = append(all, page...)
		next = ""
		if path, more := strings.CutPrefix(response.Header.Get("Link"), "<"); more {
			path, _, _ = strings.Cut(path, ">")
			next = strings.TrimSuffix(api, "/api") + path
		}
	}
	return all
}

// checksWithoutResult returns the checks that the target received and that have no result. The test fails if a result is
// stored twice, belongs to no check, or is not OK.
func checksWithoutResult(t *testing.T, target *servicetest.Target, results []monitor.Result) []servicetest.Check {
	t.Helper()
	checks := target.Checks()
	ids, numbers := make(map[string]bool), make(map[int]bool)
	for _, r := range results {
		number := int(r.Value)
		switch {
		case r.Status != monitor.StatusOK:
			t.Errorf("the check of %s at %s has status %d: %s", r.MonitorName, r.Date, r.Status, r.Message)
		case ids[r.ID]:
			t.Errorf("result %s is stored twice", r.ID)
		case numbers[number]:
			t.Errorf("check %d of %s at %s has two results", number, r.MonitorName, r.Date)
		case number >= len(checks) || checks[number].Path != r.MonitorName:
			t.Errorf("result %s of %s at %s: check %d is not of this monitor", r.ID, r.MonitorName, r.Date, number)
		}
		ids[r.ID], numbers[number] = true, true
	}
	var missing []servicetest.Check
	for number, c := range checks {
		if !numbers[number] {
			missing = append(missing, c)
		}
	}
	return missing
}

// longestGap returns the longest time between two consecutive checks of one path, and the path. It only counts gaps that
// overlap the period between from and to. The gap after the last check of a path ends at to.
func longestGap(target *servicetest.Target, from, to time.Time) (longest time.Duration, path string) {
	for p, times := range target.ChecksSince(time.Time{}) {
		for i, at := range times {
			next := to
			if i+1 < len(times) {
				next = times[i+1]
			}
			if gap := next.Sub(at); next.After(from) && at.Before(to) && gap > longest {
				longest, path = gap, p
			}
		}
	}
	return longest, path
}
