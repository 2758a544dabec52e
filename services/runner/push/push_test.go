package push

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/probe"
	"nanomon/services/common/store"
)

// newPlan returns a plan for a schedule. properties are names and values.
func newPlan(t *testing.T, target string, properties ...string) Plan {
	t.Helper()
	values := make(map[string]string)
	for i := 0; i < len(properties); i += 2 {
		values[properties[i]] = properties[i+1]
	}
	settings, err := probe.NewSettings(probe.All(probe.Guard{})["push"].Spec, values)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlan(target, settings)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// at returns a time on a day in March 2026, such as "2 15:04:05", in UTC.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	layout := "2006-01 2 15:04:05.999"
	if strings.Count(text, ":") == 1 {
		layout = "2006-01 2 15:04"
	}
	date, err := time.Parse(layout, "2026-03 "+text)
	if err != nil {
		t.Fatal(err)
	}
	return date
}

// parsePing parses a ping such as "2 02:00 start a": day, time, kind and run id. A number as the kind is an exit status.
func parsePing(t *testing.T, i int, text string) store.Ping {
	t.Helper()
	fields := append(strings.Fields(text), "")
	ping := store.Ping{
		ID: fmt.Sprintf("%024d", i), Received: at(t, fields[0]+" "+fields[1]), Kind: store.PingKind(fields[2]), RunID: fields[3],
	}
	if ping.Kind == store.PingFail {
		ping.ExitCode = 1
	}
	return ping
}

// outcome is what follows from a ping or a missed ping.
type outcome struct {
	at     time.Time
	status string
	report *probe.Report
}

// play passes pings in their order and handles everything that is due until the given time.
func play(p Plan, s store.PushState, pings []store.Ping, until time.Time) (store.PushState, []outcome) {
	var outcomes []outcome
	miss := func(before time.Time) {
		for due := p.Due(s); !due.IsZero() && due.Before(before); due = p.Due(s) {
			var message string
			s, message = p.Miss(s)
			outcomes = append(outcomes, outcome{at: due, status: message})
		}
	}
	for _, ping := range pings {
		miss(ping.Received)
		var report *probe.Report
		if s, report = p.Receive(s, ping); report != nil {
			outcomes = append(outcomes, outcome{ping.Received, string(ping.Kind), report})
		}
	}
	miss(until.Add(1))
	return s, outcomes
}

// TestCases contains the cases that are easily got wrong. The monitor is created on 1 March at 12:00 UTC.
func TestCases(t *testing.T) {
	daily := []string{"30 2 * * *", "grace", "10m"}
	limited := []string{"30 2 * * *", "grace", "10m", "maxRun", "1h"}
	hourly := []string{"every 1h", "grace", "10m"}
	for _, c := range []struct {
		name  string
		plan  []string
		pings []string
		until string
		want  []string
	}{
		{"a ping in time", daily, []string{"2 02:31 success"}, "3 02:40", []string{"2 02:31 success", "3 02:40 No ping arrived: expected at 2026-03-03 02:30 (UTC), last ping 2026-03-02 02:31 (UTC)"}},
		{"a fail ping followed by a false late", daily, []string{"2 02:31 fail"}, "3 02:39", []string{"2 02:31 fail"}},
		{"a fail ping, then silence", daily, []string{"2 02:31 fail"}, "3 02:40", []string{"2 02:31 fail", "3 02:40 No ping arrived"}},
		{"late never noticed", daily, nil, "4 12:00", []string{"2 02:40 No ping arrived: expected at 2026-03-02 02:30 (UTC), none arrived before", "3 02:40 No ping arrived", "4 02:40 No ping arrived"}},
		{"late each period", hourly, []string{"1 12:20 success"}, "1 15:35", []string{"1 12:20 success", "1 13:30 No ping arrived: expected every 1h, last ping 2026-03-01 12:20 (UTC)", "1 14:30 No ping arrived", "1 15:30 No ping arrived"}},
		{"a ping at the very deadline", daily, []string{"2 02:40 success"}, "3 02:39", []string{"2 02:40 success"}},
		{"a ping just after the deadline", daily, []string{"2 02:40:00.001 success"}, "3 02:39", []string{"2 02:40 No ping arrived", "2 02:40:00.001 success"}},
		{"a ping of a machine whose clock is ahead", daily, []string{"2 02:29:51 success"}, "3 02:39", []string{"2 02:29:51 success"}},
		{"an early ping does not count", daily, []string{"2 02:20 success"}, "2 12:00", []string{"2 02:20 success", "2 02:40 No ping arrived"}},
		{"recovers after late", daily, []string{"2 05:00 success", "3 02:30:05 success"}, "4 02:39", []string{"2 02:40 No ping arrived", "2 05:00 success", "3 02:30:05 success"}},
		{"a start only measures the duration", daily, []string{"2 02:30 start", "2 03:10 success"}, "3 02:39", []string{"2 02:40 The run that began at 2026-03-02 02:30 (UTC) has not ended", "2 03:10 success after 40m0s"}},
		{"a start in time moves the deadline", limited, []string{"2 02:35 start", "2 03:35 success"}, "3 02:39", []string{"2 03:35 success after 1h0m0s"}},
		{"a start without an end", limited, []string{"2 02:35 start"}, "3 02:40", []string{"2 03:35 The run that began at 2026-03-02 02:35 (UTC) has not ended after 1h", "3 02:40 No ping arrived"}},
		{"an end after the run was given up", limited, []string{"2 02:35 start", "2 04:00 success"}, "3 02:39", []string{"2 03:35 The run that began", "2 04:00 success"}},
		{"the maximum duration is shorter than the grace time", []string{"30 2 * * *", "grace", "2h", "maxRun", "10m"}, []string{"2 02:30 start"}, "3 04:29", []string{"2 02:40 The run that began"}},
		{"a start long before the time", []string{"30 2 * * *", "grace", "10m", "maxRun", "6h"}, []string{"1 21:40 start"}, "2 04:00", []string{"2 02:40 No ping arrived: expected at 2026-03-02 02:30 (UTC)", "2 03:40 The run that began at 2026-03-01 21:40 (UTC) has not ended"}},
		{"starts again and again without an end", []string{"every 1h", "grace", "10m", "maxRun", "90m"}, []string{"1 13:00 start", "1 14:00 start", "1 15:00 start", "1 16:00 start"}, "1 16:00", []string{"1 14:30 The run that began at 2026-03-01 14:00 (UTC) has not ended", "1 15:30 The run that began"}},
		{"two overlapping runs", limited, []string{"2 02:30 start a", "2 02:40 start b", "2 03:10 success a", "2 03:20 fail b"}, "3 02:39", []string{"2 03:10 success after 40m0s", "2 03:20 fail after 40m0s"}},
		{"two overlapping runs of which one never ends", limited, []string{"2 02:30 start a", "2 02:40 start b", "2 03:10 success a"}, "3 02:39", []string{"2 03:10 success after 40m0s", "2 03:40 The run that began at 2026-03-02 02:40 (UTC) has not ended after 1h"}},
		{"an overlapping run does not move the deadline", []string{"every 1h", "grace", "10m", "maxRun", "90m"}, []string{"1 12:10 start a", "1 12:20 start b", "1 12:30 success a"}, "1 14:40", []string{"1 12:30 success after 20m0s", "1 13:40 No ping arrived", "1 13:50 The run that began", "1 14:40 No ping arrived"}},
		{"an end of an unknown run", limited, []string{"2 02:30 start a", "2 02:50 success c"}, "2 03:29", []string{"2 02:50 success"}},
		{"log pings have no effect", daily, []string{"2 02:31 log"}, "2 03:00", []string{"2 02:40 No ping arrived"}},
		{"the second start replaces the first", limited, []string{"2 02:30 start", "2 02:35 start", "2 02:45 success"}, "3 02:39", []string{"2 02:45 success after 10m0s"}},
		{"a start that is stored after its end", limited, []string{"2 02:35 success", "2 02:34 start"}, "3 02:39", []string{"2 02:35 success"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlan(t, c.plan[0], c.plan[1:]...)
			var pings []store.Ping
			for i, text := range c.pings {
				pings = append(pings, parsePing(t, i, text))
			}
			_, outcomes := play(p, p.Begin(store.PushState{}, at(t, "1 12:00")), pings, at(t, c.until))
			compare(t, outcomes, c.want)
		})
	}
}

func compare(t *testing.T, outcomes []outcome, want []string) {
	t.Helper()
	var got []string
	for _, o := range outcomes {
		layout := "2 15:04:05.999"
		if o.at.Second() == 0 && o.at.Nanosecond() == 0 {
			layout = "2 15:04"
		}
		text := o.at.Format(layout) + " " + o.status
		if o.report != nil && o.report.Duration != nil {
			text += " after " + o.report.Duration.String()
		}
		got = append(got, text)
	}
	same := len(got) == len(want)
	for i := 0; same && i < len(got); i++ {
		same = strings.HasPrefix(got[i], want[i])
	}
	if !same {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestReport(t *testing.T) {
	p := newPlan(t, "every 1h")
	s := p.Begin(store.PushState{}, at(t, "1 12:00"))
	s, first := p.Receive(s, store.Ping{ID: "1", Received: at(t, "1 12:30"), Kind: store.PingFail, ExitCode: 7, Body: []byte("b")})
	if first.ExitCode != 7 || string(first.Body) != "b" || first.SinceLast != nil || first.Duration != nil {
		t.Errorf("first report: %+v", first)
	}
	same, again := p.Receive(s, store.Ping{ID: "1", Received: at(t, "1 12:30"), Kind: store.PingFail})
	if again != nil || len(same.Pings) != 1 {
		t.Error("a ping that was received again has an effect")
	}
	s, _ = p.Receive(s, store.Ping{ID: "2", Received: at(t, "1 12:40"), Kind: store.PingStart})
	s, second := p.Receive(s, store.Ping{ID: "3", Received: at(t, "1 12:45"), Kind: store.PingSuccess})
	if *second.Duration != 5*time.Minute || *second.SinceLast != 15*time.Minute {
		t.Errorf("second report: %s, %s", second.Duration, second.SinceLast)
	}
	if len(s.Runs) != 0 || len(s.Pings) != 3 || s.Pings[0].ID != "3" || *s.Pings[0].Duration != 300_000 {
		t.Errorf("state %+v", s)
	}
}

func TestListsAreLimited(t *testing.T) {
	p := newPlan(t, "every 1h", "maxRun", "24h")
	s := p.Begin(store.PushState{}, at(t, "1 12:00"))
	for i := range 50 {
		s, _ = p.Receive(s, store.Ping{
			ID: fmt.Sprint(i), Received: at(t, "1 12:00").Add(time.Duration(i) * time.Second), Kind: store.PingStart, RunID: fmt.Sprint(i),
		})
	}
	if err := s.Validate(); err != nil || s.Runs[0].RunID != "30" || s.Pings[0].ID != "49" {
		t.Errorf("%v: %+v", err, s)
	}
	if _, report := p.Receive(s, store.Ping{ID: "old", Received: at(t, "1 12:00:03"), Kind: store.PingSuccess}); report != nil {
		t.Error("a ping that is older than all in the list was handled again")
	}
}

func TestEditingTheSchedule(t *testing.T) {
	daily := newPlan(t, "30 2 * * *", "grace", "10m")
	s := daily.Begin(store.PushState{}, at(t, "1 12:00"))
	s, _ = daily.Receive(s, store.Ping{ID: "1", Received: at(t, "2 02:31"), Kind: store.PingSuccess})
	for _, c := range []struct {
		name, edited, want string
		plan               Plan
	}{
		{"the same schedule", "2 12:00", "3 02:40", daily},
		{"a longer grace time", "2 12:00", "3 03:30", newPlan(t, "30 2 * * *", "grace", "1h")},
		{"another time that is over for today", "2 12:00", "3 01:10", newPlan(t, "0 1 * * *", "grace", "10m")},
		{"another time today", "2 12:00", "2 20:10", newPlan(t, "0 20 * * *", "grace", "10m")},
		{"another zone", "2 12:00", "3 01:40", newPlan(t, "30 2 * * *", "grace", "10m", "zone", "Europe/Berlin")},
		{"a period counts from the edit", "2 12:00", "2 13:10", newPlan(t, "every 1h", "grace", "10m")},
		{"an edit from before the last ping", "2 02:00", "2 03:41", newPlan(t, "every 1h", "grace", "10m")},
	} {
		if got := c.plan.Begin(s, at(t, c.edited)); !got.Deadline.Equal(at(t, c.want)) || len(got.Pings) != 1 {
			t.Errorf("%s: deadline %s, want %s", c.name, got.Deadline, c.want)
		}
	}
	paused := Pause(s)
	if !daily.Due(paused).IsZero() {
		t.Error("a paused monitor expects a ping")
	}
	resumed := newPlan(t, "every 1h", "grace", "10m").Begin(paused, at(t, "5 12:00"))
	if want := at(t, "5 13:10"); !resumed.Deadline.Equal(want) {
		t.Errorf("after a pause the deadline is %s, want %s", resumed.Deadline, want)
	}
}

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		name, from, to string
		plan           Plan
		pings          []string
	}{
		{"cron", "2 02:29:50", "2 02:40", newPlan(t, "30 2 * * *", "grace", "10m"), nil},
		{"period", "1 13:30", "1 14:40", newPlan(t, "every 1h", "grace", "10m"), []string{"1 13:30 success"}},
		{"a long period", "2 12:30", "2 13:40", newPlan(t, "every 24h", "grace", "10m"), []string{"1 13:30 success"}},
		{"a long period and grace time", "2 10:30", "2 16:30", newPlan(t, "every 24h", "grace", "3h"), []string{"1 13:30 success"}},
		{"a period shorter than the grace time", "1 13:30", "1 13:50", newPlan(t, "every 10m", "grace", "10m"), []string{"1 13:30 success"}},
		{"a new monitor", "1 12:00:30", "1 12:15", newPlan(t, "every 5m", "grace", "10m"), nil},
		{"a run", "1 12:30", "1 14:30", newPlan(t, "every 1h", "maxRun", "2h"), []string{"1 12:30 start"}},
	} {
		s := c.plan.Begin(store.PushState{}, at(t, "1 12:00"))
		for i, text := range c.pings {
			s, _ = c.plan.Receive(s, parsePing(t, i, text))
		}
		if from, to := c.plan.Window(s); !from.Equal(at(t, c.from)) || !to.Equal(at(t, c.to)) {
			t.Errorf("%s: from %s to %s, want %s to %s", c.name, from, to, c.from, c.to)
		}
	}
}

// TestWindowAfterAMissedPing: after a ping in the time before, the next one would be overdue too.
func TestWindowAfterAMissedPing(t *testing.T) {
	p := newPlan(t, "every 10m", "grace", "10m")
	s := p.Begin(store.PushState{}, at(t, "1 12:00"))
	for range 3 {
		s, _ = p.Miss(s)
	}
	if from, to := p.Window(s); !from.Equal(at(t, "1 12:30")) || !to.Equal(at(t, "1 12:50")) {
		t.Errorf("from %s to %s, want 12:30 to 12:50", from, to)
	}
}

func TestSkip(t *testing.T) {
	for _, c := range []struct {
		name, before, since, deadline string
		plan                          Plan
		pings                         []string
	}{
		{"one deadline", "2 02:41", "2 02:40", "3 02:40", newPlan(t, "30 2 * * *", "grace", "10m"), nil},
		{"the deadline itself", "2 02:40", "2 02:40", "3 02:40", newPlan(t, "30 2 * * *", "grace", "10m"), nil},
		{"a deadline at the limit stays", "3 02:40", "2 02:40", "3 02:40", newPlan(t, "30 2 * * *", "grace", "10m"), nil},
		{"many deadlines", "20 12:00", "1 12:00:11", "20 12:00:01", newPlan(t, "every 10s", "grace", "1s"), nil},
		{"a run", "2 12:00", "1 15:00", "2 12:10", newPlan(t, "0 * * * *", "grace", "10m", "maxRun", "2h"), []string{"1 13:00 start"}},
	} {
		s := c.plan.Begin(store.PushState{}, at(t, "1 12:00"))
		for i, text := range c.pings {
			s, _ = c.plan.Receive(s, parsePing(t, i, text))
		}
		s = c.plan.Skip(s, at(t, c.before))
		if !s.NotCheckedSince.Equal(at(t, c.since)) || !c.plan.Due(s).Equal(at(t, c.deadline)) || len(s.Runs) > 0 {
			t.Errorf("%s: since %s, next %s, want %s and %s", c.name, s.NotCheckedSince, c.plan.Due(s), c.since, c.deadline)
		}
	}
}
