package server

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// scheduleTimesAt returns the times of a schedule that the API lists at a date.
func scheduleTimesAt(t *testing.T, now, body string) []string {
	t.Helper()
	date, err := time.Parse(time.RFC3339, now)
	must(t, err)
	w := httptest.NewRecorder()
	must(t, newScheduleHandler(func() time.Time { return date }).check(w, httptest.NewRequest("POST", "/", strings.NewReader(body))))
	return decodeAs[map[string][]string](t, response{status: w.Code, body: w.Body.Bytes()})["times"]
}

func TestCheckSchedule(t *testing.T) {
	for body, want := range map[string][]string{
		`{"target":"every 90m"}`: {"2026-03-28T13:30:00Z", "2026-03-28T15:00:00Z", "2026-03-28T16:30:00Z",
			"2026-03-28T18:00:00Z", "2026-03-28T19:30:00Z"},
		`{"target":" @daily ","properties":{"zone":null,"grace":"x"}}`: {"2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z",
			"2026-03-31T00:00:00Z", "2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"},
		// 02:30 does not occur on 29 March.
		`{"target":"30 2 * * *","properties":{"zone":"Europe/Berlin"}}`: {"2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z",
			"2026-04-01T00:30:00Z", "2026-04-02T00:30:00Z", "2026-04-03T00:30:00Z"},
	} {
		same(t, body, scheduleTimesAt(t, "2026-03-28T12:00:00.7Z", body), want)
	}
}

func TestCheckScheduleInvalidBodies(t *testing.T) {
	a := startAPI(t, nil)
	for body, detail := range map[string]string{
		"":                          "request body is empty",
		"[]":                        "expected a JSON object, not an array",
		"{}":                        "invalid monitor target: the schedule is missing",
		`{"target":5}`:              `field "target" must be a string, not a number`,
		`{"target":"every 1s"}`:     "invalid monitor target: every 1s is too short",
		`{"target":"0 0 30 2 *"}`:   `invalid monitor target: "0 0 30 2 *" is never true`,
		`{"target":"61 * * * * *"}`: `invalid monitor target: "61 * * * * *" has 6 fields, a cron expression has 5`,
		`{"target":"@hourly","properties":{"zone":"Berlin"}}`: `property zone: "Berlin" is not a time zone`,
	} {
		a.do("POST", "/api/schedules/check", body).wantProblem(t, 400, detail)
	}
	// Saving the monitor fails with the same message.
	saved := `{"name":"n","type":"push","target":"every 1s"}`
	a.do("POST", "/api/monitors", saved).wantProblem(t, 400, "invalid monitor target: every 1s is too short")
	same(t, "monitors", len(a.monitors()), 0)
}
