package fault

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/mongotest"
	"nanomon/tests/support/servicetest"
)

// TestInterruptedChangeStreamMissesNoChange edits monitors and closes the connections of the runner many times. In the
// end, the runner must check exactly the stored monitors. It polls only every 10 minutes, so that it depends on the
// change stream.
func TestInterruptedChangeStreamMissesNoChange(t *testing.T) {
	t.Parallel()
	const interruptions, edits, pause, interval = 20, 1000, 30 * time.Millisecond, 4 * time.Second
	server := mongotest.JavaServer(t)
	proxy := servicetest.NewProxy(t, server.Address())
	_, api := servicetest.API(t, map[string]string{"MONGO_URI": server.URI})
	runner, id := servicetest.Runner(t, map[string]string{
		"MONGO_URI": "mongodb://" + proxy.Address + "/?directConnection=true", "POLLING_INTERVAL": "10m",
	})
	target := servicetest.NewTarget(t)
	editor := newEditor(target, api, interval)

	period := time.NewTicker(time.Minute / interruptions)
	defer period.Stop()
	for i := range interruptions {
		for range edits / interruptions {
			observe(pause)
			editor.edit(t)
		}
		if i%2 == 0 {
			observe(500 * time.Millisecond) // until the runner has received all edits: no later event triggers a reload
		}
		if proxy.CloseConnections() == 0 {
			t.Error("there was no connection to close")
		}
		created := editor.create(t) // no later edit triggers a reload
		servicetest.Eventually(t, "a check of the monitor that was created while the stream was interrupted", func() bool {
			return slices.ContainsFunc(target.Checks(), func(c servicetest.Check) bool { return target.URL+c.Path == created.Target })
		})
		<-period.C
	}

	wanted := enabledTargets(editor.stored)
	const window = interval + time.Second
	servicetest.EventuallyWithin(t, window+10*time.Second, "exactly the stored monitors to be checked", func() bool {
		var checked []string
		for path := range target.ChecksSince(time.Now().Add(-window)) {
			checked = append(checked, target.URL+path)
		}
		slices.Sort(checked)
		return slices.Equal(checked, wanted)
	})
	if listed := enabledTargets(servicetest.Get[[]monitor.Monitor](t, api+"/monitors")); !slices.Equal(listed, wanted) {
		t.Errorf("the API lists %d enabled monitors, want %d", len(listed), len(wanted))
	}
	servicetest.Eventually(t, "the runner to report its monitors", func() bool {
		return servicetest.MonitorsPerRunner(t, api)[id] == len(wanted)
	})
	if code := runner.Stop(t); code != 0 {
		t.Errorf("runner: exit code %d", code)
	}
	t.Logf("after %d edits, %d monitors are enabled; %d checks", editor.edits, len(wanted), len(target.Checks()))
}

// editor creates, updates and deletes monitors. The path that a monitor checks contains its name and version.
type editor struct {
	target   *servicetest.Target
	api      string
	interval string
	random   *rand.Rand
	stored   []monitor.Monitor
	// edits counts the edits so far.
	edits int
}

func newEditor(target *servicetest.Target, api string, interval time.Duration) *editor {
	return &editor{target: target, api: api, interval: interval.String(), random: rand.New(rand.NewPCG(1, 2))}
}

// edit creates, updates or deletes a random monitor.
func (e *editor) edit(t *testing.T) {
	t.Helper()
	if len(e.stored) == 0 || e.random.IntN(2) == 0 {
		e.create(t)
		return
	}
	e.edits++
	i := e.random.IntN(len(e.stored))
	if m := e.stored[i]; e.random.IntN(2) == 0 {
		e.stored = slices.Delete(e.stored, i, i+1)
		if status, body := servicetest.Call(t, http.MethodDelete, e.api+"/monitors/"+m.ID, nil); status != http.StatusNoContent {
			t.Fatalf("delete: %d %s", status, body)
		}
	} else {
		m.Target = e.newTarget(m)
		m.Enabled = e.random.IntN(5) > 0
		if status, body := servicetest.Call(t, http.MethodPut, e.api+"/monitors/"+m.ID, m); status != http.StatusOK {
			t.Fatalf("update: %d %s", status, body)
		}
		e.stored[i] = m
	}
}

func (e *editor) create(t *testing.T) monitor.Monitor {
	t.Helper()
	e.edits++
	m := e.target.Monitor("", e.interval)
	m.Name = fmt.Sprintf("monitor-%d", e.edits)
	m.Target = e.newTarget(m)
	e.stored = append(e.stored, servicetest.Create(t, e.api, m))
	return m
}

// newTarget returns a target for m that no earlier version of m had.
func (e *editor) newTarget(m monitor.Monitor) string {
	return fmt.Sprintf("%s/%s/version-%d", e.target.URL, m.Name, e.edits)
}

// enabledTargets returns the sorted targets of the enabled monitors.
func enabledTargets(monitors []monitor.Monitor) []string {
	var targets []string
	for _, m := range monitors {
		if m.Enabled {
			targets = append(targets, m.Target)
		}
	}
	slices.Sort(targets)
	return targets
}
