package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
)

// startDate is one minute before the first result of these tests. There is one result per minute.
var startDate = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// pointsOf returns one point for each letter, see [alertingtest.Point]. There is one point per minute.
func pointsOf(letters string) []store.Point {
	points := make([]store.Point, len(letters))
	for i, l := range letters {
		points[i] = alertingtest.Point(l, startDate.Add(time.Duration(i+1)*time.Minute))
	}
	return points
}

// describe returns events in short form: minute, kind and incident.
func describe(list ...*event) string {
	var texts []string
	for _, ev := range list {
		if ev == nil {
			continue
		}
		text := fmt.Sprintf("%v:%s %d", ev.point.Date.Sub(startDate).Minutes(), ev.kind, ev.incident)
		switch ev.kind {
		case store.KindReminder:
			text += fmt.Sprintf(".%d", ev.reminder)
		case store.KindOpened, store.KindClosed:
			text += " " + ev.point.Status.String()
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// evaluateEach evaluates points one by one.
func evaluateEach(s store.IncidentState, points []store.Point, r Rules) (store.IncidentState, []*event) {
	var list []*event
	for i := range points {
		next, ev := evaluate(s, points[:i+1], r, conditions{})
		s, list = next, append(list, ev)
	}
	return s, list
}

var initialState = store.IncidentState{MonitorID: "m", Phase: store.PhaseOK}

func TestEvaluate(t *testing.T) {
	three := Rules{FailCount: 3, RecoveryCount: 1}
	one := Rules{FailCount: 1, RecoveryCount: 1}
	slow := Rules{FailCount: 2, RecoveryCount: 3}
	reminding := Rules{FailCount: 1, RecoveryCount: 2, Reminder: 3 * time.Minute}
	impatient := Rules{FailCount: 1, RecoveryCount: 3, Reminder: time.Minute}
	tests := []struct {
		name    string
		rules   Rules
		results string
		want    string
		phase   store.IncidentPhase
		count   int
	}{
		{"nothing", three, "", "", store.PhaseOK, 0},
		{"all OK", three, "ooo", "", store.PhaseOK, 0},
		{"not OK for too short a time", three, "oef", "", store.PhaseFailing, 2},
		{"OK again before the failure count", three, "efoefo", "", store.PhaseOK, 0},
		{"not in a row", three, "eeoeeoee", "", store.PhaseFailing, 2},
		{"the third failure opens", three, "eee", "3:alert 1 error", store.PhaseOpen, 0},
		{"the third failure decides the severity", three, "ffe", "3:alert 1 error", store.PhaseOpen, 0},
		{"failed from the start", three, "eef", "3:alert 1 failed", store.PhaseOpen, 0},
		{"failed needs no escalation", three, "ffffef", "3:alert 1 failed", store.PhaseOpen, 0},
		{"opened only once", three, "eeeeeeeee", "3:alert 1 error", store.PhaseOpen, 0},
		{"no escalation before the incident opens", three, "fee", "3:alert 1 error", store.PhaseOpen, 0},
		{"escalation once", three, "eeeffef", "3:alert 1 error, 4:escalation 1", store.PhaseOpen, 0},
		{"recovery", three, "eeeo", "3:alert 1 error, 4:recovery 1", store.PhaseOK, 0},
		{"recovery once", three, "eeeooo", "3:alert 1 error, 4:recovery 1", store.PhaseOK, 0},
		{"the next incident", three, "eeeofffo", "3:alert 1 error, 4:recovery 1, 7:alert 2 failed, 8:recovery 2", store.PhaseOK, 0},
		{"escalation in each incident", one, "efoef", "1:alert 1 error, 2:escalation 1, 3:recovery 1, 4:alert 2 error, 5:escalation 2", store.PhaseOpen, 0},
		{"at once", one, "fofo", "1:alert 1 failed, 2:recovery 1, 3:alert 2 failed, 4:recovery 2", store.PhaseOK, 0},
		{"recovering", slow, "eeoo", "2:alert 1 error", store.PhaseRecovering, 2},
		{"recovered after three", slow, "eeooo", "2:alert 1 error, 5:recovery 1", store.PhaseOK, 0},
		{"a relapse is the same incident", slow, "eeooeooeooo", "2:alert 1 error, 11:recovery 1", store.PhaseOK, 0},
		{"a relapse may escalate", slow, "eeoofooo", "2:alert 1 error, 5:escalation 1, 8:recovery 1", store.PhaseOK, 0},
		{"reminders", reminding, "eeeeeeee", "1:alert 1 error, 4:reminder 1.1, 7:reminder 1.2", store.PhaseOpen, 0},
		{"a reminder needs a result that is not OK", reminding, "eeeoeoeoo", "1:alert 1 error, 5:reminder 1.1, 9:recovery 1", store.PhaseOK, 0},
		{"a late reminder delays the next", reminding, "eeeoeeee", "1:alert 1 error, 5:reminder 1.1, 8:reminder 1.2", store.PhaseOpen, 0},
		{"an escalation replaces a reminder", reminding, "eeefeef", "1:alert 1 error, 4:escalation 1, 7:reminder 1.1", store.PhaseOpen, 0},
		{"reminders are counted per incident", reminding, "eeeeooeeee", "1:alert 1 error, 4:reminder 1.1, 6:recovery 1, 7:alert 2 error, 10:reminder 2.1", store.PhaseOpen, 0},

		{"maintenance is ignored", three, "oMMMMM", "", store.PhaseOK, 0},
		{"blocked is ignored", three, "oFEFEF", "", store.PhaseOK, 0},
		{"maintenance does not change a streak", three, "eeMmMe", "6:alert 1 error", store.PhaseOpen, 0},
		{"OK in maintenance is no recovery", three, "fffmm", "3:alert 1 failed", store.PhaseOpen, 0},
		{"an incident continues after maintenance", three, "fffMMo", "3:alert 1 failed, 6:recovery 1", store.PhaseOK, 0},
		{"maintenance does not change a recovery", impatient, "foMoMo", "1:alert 1 failed, 6:recovery 1", store.PhaseOK, 0},
		{"ignored results neither remind nor escalate", impatient, "eMMMF", "1:alert 1 error", store.PhaseOpen, 0},
		{"blocked does not change a streak", three, "ffFFf", "5:alert 1 failed", store.PhaseOpen, 0},
		{"blocked in an incident", three, "fffFFo", "3:alert 1 failed, 6:recovery 1", store.PhaseOK, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			points := pointsOf(tt.results)
			s, list := evaluateEach(initialState, points, tt.rules)
			if got := describe(list...); got != tt.want {
				t.Errorf("events %q, want %q", got, tt.want)
			}
			if s.Phase != tt.phase || s.Count != tt.count {
				t.Errorf("phase %s, count %d, want %s, %d", s.Phase, s.Count, tt.phase, tt.count)
			}
			if len(points) > 0 && !s.Evaluated.Equal(points[len(points)-1].Date) {
				t.Errorf("evaluated until %s", s.Evaluated)
			}
			if again, ev := evaluate(s, points, tt.rules, conditions{}); again != s || ev != nil {
				t.Errorf("the second evaluation gives %+v and the event %s", again, describe(ev))
			}
		})
	}
}

// The results after the bar are evaluated together.
func TestEvaluateTogether(t *testing.T) {
	tests := []struct {
		name            string
		fails, recovers int
		reminder        time.Duration
		results         string
		want            string
		phase           store.IncidentPhase
		count           int
		opened          int
	}{
		{"began and ended", 3, 1, 0, "o|ffffo", "", store.PhaseOK, 0, 0},
		{"began, ended and begins again", 3, 1, 0, "o|ffffoee", "", store.PhaseFailing, 2, 7},
		{"began", 3, 1, 0, "o|oooeff", "7:alert 1 failed", store.PhaseOpen, 0, 5},
		{"began long ago", 3, 1, 0, "o|ffffff", "7:alert 1 failed", store.PhaseOpen, 0, 2},
		{"the newest result decides the severity", 3, 1, 0, "o|fffe", "5:alert 1 error", store.PhaseOpen, 0, 2},
		{"earlier failures count", 3, 1, 0, "ee|ee", "4:alert 1 error", store.PhaseOpen, 0, 1},
		{"earlier failures do not count after an OK result", 3, 1, 0, "ee|oee", "", store.PhaseFailing, 2, 4},
		{"resolved", 3, 1, 0, "eee|ffo", "6:recovery 1", store.PhaseOK, 0, 0},
		{"OK and not OK again", 3, 1, 0, "eee|oooe", "", store.PhaseOpen, 0, 1},
		{"OK and not OK for long", 3, 1, 0, "eee|oooeee", "", store.PhaseOpen, 0, 1},
		{"escalated", 3, 1, 0, "eee|eef", "6:escalation 1", store.PhaseOpen, 0, 1},
		{"failed in between", 3, 1, 0, "eee|ffe", "", store.PhaseOpen, 0, 1},
		{"OK for too short a time", 1, 3, 0, "e|eoo", "", store.PhaseRecovering, 2, 1},
		{"OK for long enough", 1, 3, 0, "e|eooo", "5:recovery 1", store.PhaseOK, 0, 0},
		{"earlier OK results count", 1, 3, 0, "eo|oo", "4:recovery 1", store.PhaseOK, 0, 0},
		{"earlier OK results do not count after a failure", 1, 3, 0, "eo|foo", "", store.PhaseRecovering, 2, 1},
		{"one reminder for many results", 1, 1, time.Minute, "e|eeeee", "6:reminder 1.1", store.PhaseOpen, 0, 1},
		{"only one new result", 3, 1, 0, "ee|e", "3:alert 1 error", store.PhaseOpen, 0, 1},
		{"no new result", 3, 1, 0, "ee|", "", store.PhaseFailing, 2, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, after, _ := strings.Cut(tt.results, "|")
			rules := Rules{FailCount: tt.fails, RecoveryCount: tt.recovers, Reminder: tt.reminder}
			s, _ := evaluateEach(initialState, pointsOf(before), rules)
			s, list := evaluate(s, pointsOf(before+after), rules, conditions{})
			if got := describe(list); got != tt.want {
				t.Errorf("events %q, want %q", got, tt.want)
			}
			if s.Phase != tt.phase || s.Count != tt.count {
				t.Errorf("phase %s, count %d, want %s, %d", s.Phase, s.Count, tt.phase, tt.count)
			}
			opened := time.Time{}
			if tt.opened > 0 {
				opened = startDate.Add(time.Duration(tt.opened) * time.Minute)
			}
			if !s.Opened.Equal(opened) {
				t.Errorf("opened %v, want %v", s.Opened, opened)
			}
		})
	}
}

func TestCloseIncident(t *testing.T) {
	three := Rules{FailCount: 3, RecoveryCount: 2}
	tests := []struct{ name, results, want string }{
		{"OK", "oo", ""},
		{"failing", "ee", ""},
		{"open", "eef", "60:closed 1 failed"},
		{"recovering", "eeeo", "60:closed 1 error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := evaluateEach(initialState, pointsOf(tt.results), three)
			after, list := closeIncident(s, startDate.Add(time.Hour))
			if got := describe(list); got != tt.want {
				t.Errorf("events %q, want %q", got, tt.want)
			}
			want := store.IncidentState{MonitorID: "m", Phase: store.PhaseOK, Evaluated: startDate.Add(time.Hour), Incident: s.Incident}
			if after != want {
				t.Errorf("state %+v, want %+v", after, want)
			}
		})
	}
	ahead := store.IncidentState{MonitorID: "m", Phase: store.PhaseFailing, Evaluated: startDate, Count: 1}
	if after, _ := closeIncident(ahead, startDate); after.Number() <= ahead.Number() {
		t.Errorf("a state with the number %d is replaced by one with %d, which the store ignores", ahead.Number(), after.Number())
	}
}

func TestApplyNotifications(t *testing.T) {
	at := func(minute int) time.Time { return startDate.Add(time.Duration(minute) * time.Minute) }
	notification := func(minute, incident int, kind store.NotificationKind) store.Notification {
		return store.Notification{Incident: incident, Kind: kind, Date: at(minute), Opened: at(minute - 1), Status: monitor.StatusError}
	}
	ok := store.IncidentState{MonitorID: "m", Phase: store.PhaseOK, Evaluated: at(5), Incident: 1}
	recovering := store.IncidentState{MonitorID: "m", Phase: store.PhaseRecovering, Count: 1, Evaluated: at(5), Incident: 1, Severity: monitor.StatusFailed}
	opened := func(minute, incident int) store.IncidentState {
		return store.IncidentState{
			MonitorID: "m", Phase: store.PhaseOpen, Evaluated: at(minute), Incident: incident,
			Opened: at(minute - 1), Severity: monitor.StatusError, LastNotified: at(minute),
		}
	}
	resolved := func(minute, incident int) store.IncidentState {
		return store.IncidentState{MonitorID: "m", Phase: store.PhaseOK, Evaluated: at(minute), Incident: incident}
	}
	tests := []struct {
		name          string
		from          store.IncidentState
		notifications []store.Notification
		want          store.IncidentState
	}{
		{"nothing", ok, nil, ok},
		{"what is known", ok, []store.Notification{notification(4, 1, store.KindResolved), notification(2, 1, store.KindOpened)}, ok},
		{"an alert", ok, []store.Notification{notification(7, 2, store.KindOpened)}, opened(7, 2)},
		{"an alert from before", ok, []store.Notification{notification(3, 2, store.KindOpened)}, opened(3, 2)},
		{"an alert and its end", ok, []store.Notification{notification(9, 2, store.KindResolved), notification(7, 2, store.KindOpened)}, resolved(9, 2)},
		{"resolved", recovering, []store.Notification{notification(6, 1, store.KindResolved)}, resolved(6, 1)},
		{"closed", recovering, []store.Notification{notification(6, 1, store.KindClosed)}, resolved(6, 1)},
		{"opened notification of the incident", recovering, []store.Notification{notification(2, 1, store.KindOpened)}, recovering},
		{"an end, and the next incident", recovering, []store.Notification{notification(8, 2, store.KindOpened), notification(6, 1, store.KindResolved)}, opened(8, 2)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := applyNotifications(tt.from, tt.notifications); got != tt.want {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestIsAhead(t *testing.T) {
	state := func(incident int, phase store.IncidentPhase, minute int) store.IncidentState {
		return store.IncidentState{Incident: incident, Phase: phase, Evaluated: startDate.Add(time.Duration(minute) * time.Minute)}
	}
	tests := []struct {
		name         string
		ahead, other store.IncidentState
	}{
		{"the later incident", state(2, store.PhaseOpen, 1), state(1, store.PhaseOK, 2)},
		{"the end", state(1, store.PhaseOK, 1), state(1, store.PhaseOpen, 2)},
		{"the end, and not OK since", state(1, store.PhaseFailing, 1), state(1, store.PhaseRecovering, 2)},
		{"the newer result", state(1, store.PhaseOpen, 2), state(1, store.PhaseRecovering, 1)},
	}
	for _, tt := range tests {
		if !isAhead(tt.ahead, tt.other) || isAhead(tt.other, tt.ahead) || isAhead(tt.other, tt.other) {
			t.Errorf("%s: %+v isn't ahead of %+v", tt.name, tt.ahead, tt.other)
		}
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("eeefo", uint8(3), uint8(1), uint8(0), uint8(2))
	f.Add("fofofoee", uint8(1), uint8(2), uint8(3), uint8(4))
	f.Fuzz(func(t *testing.T, letters string, fails, recovers, reminder, split uint8) {
		letters = strings.Map(func(r rune) rune { return rune("oef"[r%3]) }, letters)
		points := pointsOf(letters)
		n := int(split) % (len(points) + 1)
		rules := Rules{FailCount: 1 + int(fails%5), RecoveryCount: 1 + int(recovers%4), Reminder: time.Duration(reminder%6) * time.Minute}
		each, _ := evaluateEach(initialState, points, rules)
		part, _ := evaluateEach(initialState, points[:n], rules)
		together, ev := evaluate(part, points, rules, conditions{})
		if ev != nil && !ev.point.Date.Equal(points[len(points)-1].Date) {
			t.Errorf("%s, from %d together: event %s", letters, n, describe(ev))
		}
		// One by one or together, a streak that is long enough opens or resolves the incident.
		notOKs, oks := len(letters)-len(strings.TrimRight(letters, "ef")), len(letters)-len(strings.TrimRight(letters, "o"))
		for _, s := range []store.IncidentState{each, together} {
			if notOKs >= rules.FailCount && s.Phase != store.PhaseOpen || oks >= rules.RecoveryCount && s.Phase != store.PhaseOK {
				t.Errorf("%s, from %d together: %+v", letters, n, s)
			}
		}
		if len(points) > 0 && !together.Evaluated.Equal(points[len(points)-1].Date) {
			t.Errorf("%s, from %d together: evaluated until %v", letters, n, together.Evaluated)
		}
	})
}
