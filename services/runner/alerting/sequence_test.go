package alerting

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
	"nanomon/services/runner/alerting/incident"
)

// Without failures and restarts, regular expressions on the results give the expected notifications.
func TestSequenceOfNotifications(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		fails, recovers, remind := 1+rng.IntN(4), 1+rng.IntN(3), rng.IntN(8)
		letters := make([]byte, 200)
		failureRate := 0
		for i := range letters {
			if rng.IntN(10) == 0 {
				failureRate = []int{5, 50, 95}[rng.IntN(3)]
			}
			letters[i] = 'o'
			if rng.IntN(100) < failureRate {
				letters[i] = "ef"[rng.IntN(2)]
			}
		}
		synctest.Test(t, func(t *testing.T) {
			m := alertingtest.NewMemory()
			rules := incident.Rules{FailCount: fails, RecoveryCount: recovers, Reminder: time.Duration(remind) * time.Minute}
			a := New(Config{Rules: rules, Types: testTypes}, m, nil, alertingtest.QuietLog())
			h := &harness{Memory: m, alerter: a, current: make(map[string]*store.State)}
			a.Monitors(alertingtest.Monitors("m"), all)
			for _, l := range letters {
				time.Sleep(time.Minute)
				h.addResults("m", string(l))
				if _, err := a.evaluator.Round(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := h.IDs(), expectedIDs(string(letters), fails, recovers, remind); got != want {
				t.Errorf("seed %d: %s, fail count %d, recovery count %d, reminder %d\n got %s\nwant %s", seed, letters, fails, recovers, remind, got, want)
			}
		})
	}
}

// expectedIDs returns the ids of the notifications that the results require, with one result per minute.
func expectedIDs(letters string, fails, recovers, remind int) string {
	openPattern := regexp.MustCompile(fmt.Sprintf("[ef]{%d}", fails))
	resolvePattern := regexp.MustCompile(fmt.Sprintf("o{%d}", recovers))
	var list []string
	for incident := 1; ; incident++ {
		from := openPattern.FindStringIndex(letters)
		if from == nil {
			return strings.Join(list, " ")
		}
		list = append(list, store.NotificationID("m", incident, store.KindOpened, 0))
		first := letters[from[1]-1]
		letters = letters[from[1]:]
		during, to := letters, resolvePattern.FindStringIndex(letters)
		if to != nil {
			during, letters = letters[:to[0]], letters[to[1]:]
		}
		escalation := strings.IndexByte(during, 'f')
		sinceLast, reminders := 0, 0
		for i, l := range during {
			sinceLast++
			switch {
			case first == 'e' && i == escalation:
				list = append(list, store.NotificationID("m", incident, store.KindEscalated, 0))
				sinceLast = 0
			case l != 'o' && remind > 0 && sinceLast >= remind:
				reminders++
				list = append(list, store.NotificationID("m", incident, store.KindReminder, reminders))
				sinceLast = 0
			}
		}
		if to == nil {
			return strings.Join(list, " ")
		}
		list = append(list, store.NotificationID("m", incident, store.KindResolved, 0))
	}
}
