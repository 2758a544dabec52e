package notify_test

import (
	"testing"

	"nanomon/services/common/store"
	"nanomon/services/runner/alerting/alertingtest"
)

func TestMessagesAboutTheSameHaveOneKeyAndThread(t *testing.T) {
	const monitor = "65f2c0ffee65f2c0ffee65f2-3"
	for kind, want := range map[store.NotificationKind]struct {
		key, thread string
		ends        bool
	}{
		store.KindOpened:        {monitor, monitor + "-alert", false},
		store.KindEscalated:     {monitor, monitor + "-alert", false},
		store.KindReminder:      {monitor, monitor + "-alert", false},
		store.KindResolved:      {monitor, monitor + "-alert", true},
		store.KindClosed:        {monitor, monitor + "-closed", true},
		store.KindTest:          {monitor + "-test", monitor + "-test", false},
		store.KindRunnerOffline: {"cutoff-1773482400000", "cutoff-1773482400000", false},
		store.KindRunnerOnline:  {"cutoff-1773482400000", "cutoff-1773482400000", true},
		store.KindRunnerProblem: {"problem-1773482400000-1", "problem-1773482400000-1", false},
	} {
		n := alertingtest.Notification(kind)
		m := testFormat.Message(n)
		if m.Key != want.key || m.Thread != want.thread || m.Ends != want.ends || m.ID != n.ID || m.Kind != string(kind) {
			t.Errorf("%s: %+v, want %+v", kind, m, want)
		}
	}
}
