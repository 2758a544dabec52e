package fault

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/mongotest"
	"nanomon/tests/servicetest"
)

// However often the connection breaks over which the runner hears of changes, it ends with exactly the stored monitors running,
// as they are stored last. It polls hardly ever here, so nothing but the change stream can tell it.
func TestACutChangeStreamNeverLosesAChange(t *testing.T) {
	t.Parallel()
	const cuts, edits, pace, interval = 20, 1000, 30 * time.Millisecond, 4 * time.Second
	server := mongotest.JavaServer(t)
	proxy := servicetest.NewProxy(t, server.Address())
	_, api := servicetest.API(t, map[string]string{"MONGO_URI": server.URI})
	runner, id := servicetest.Runner(t, map[string]string{
		"MONGO_URI": "mongodb://" + proxy.Address + "/?directConnection=true", "POLLING_INTERVAL": "10m",
	})
	target := servicetest.NewTarget(t)
	editor := newEditor(target, api, interval)

	period := time.NewTicker(time.Minute / cuts)
	defer period.Stop()
	for cut := range cuts {
		for range edits / cuts {
			experiment(pace)
			editor.edit(t)
		}
		if cut%2 == 0 {
			experiment(500 * time.Millisecond) // the runner has read all edits: none makes it look again
		}
		if proxy.CutAll() == 0 {
			t.Error("there was no connection to cut")
		}
		missed := editor.create(t) // nothing comes after it that would tell of it too
		servicetest.Eventually(t, "what was created while the stream was cut to be checked", func() bool {
			return slices.ContainsFunc(target.Checks(), func(c servicetest.Check) bool { return target.URL+c.Path == missed.Target })
		})
		<-period.C
	}

	wanted := targetsOf(editor.stored)
	const window = interval + time.Second
	servicetest.EventuallyWithin(t, window+10*time.Second, "exactly the stored monitors to be checked", func() bool {
		var checked []string
		for path := range target.Since(time.Now().Add(-window)) {
			checked = append(checked, target.URL+path)
		}
		slices.Sort(checked)
		return slices.Equal(checked, wanted)
	})
	if listed := targetsOf(servicetest.Get[[]monitor.Monitor](t, api+"/monitors")); !slices.Equal(listed, wanted) {
		t.Errorf("the API lists %d enabled monitors, want %d", len(listed), len(wanted))
	}
	servicetest.Eventually(t, "the runner to count its monitors", func() bool { return servicetest.Running(t, api)[id] == len(wanted) })
	if code := runner.Stop(t); code != 0 {
		t.Errorf("the runner's exit code is %d", code)
	}
	t.Logf("%d edits left %d monitors enabled; %d checks were made", editor.edits, len(wanted), len(target.Checks()))
}

// editor creates, changes and deletes monitors. The path that a monitor checks tells its name and its version.
type editor struct {
	target   *servicetest.Target
	api      string
	interval string
	random   *rand.Rand
	stored   []monitor.Monitor
	// edits counts what was done.
	edits int
}

func newEditor(target *servicetest.Target, api string, interval time.Duration) *editor {
	return &editor{target: target, api: api, interval: interval.String(), random: rand.New(rand.NewPCG(1, 2))}
}

// edit creates a monitor, or else deletes or changes one.
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
		m.Target = e.version(m)
		m.Enabled = e.random.IntN(5) > 0
		if status, body := servicetest.Call(t, http.MethodPut, e.api+"/monitors/"+m.ID, m); status != http.StatusOK {
			t.Fatalf("change: %d %s", status, body)
		}
		e.stored[i] = m
	}
}

func (e *editor) create(t *testing.T) monitor.Monitor {
	t.Helper()
	e.edits++
	m := e.target.Monitor("", e.interval)
	m.Name = fmt.Sprintf("monitor-%d", e.edits)
	m.Target = e.version(m)
	e.stored = append(e.stored, servicetest.Create(t, e.api, m))
	return m
}

// version is a target for m that no other version of it has.
func (e *editor) version(m monitor.Monitor) string {
	return fmt.Sprintf("%s/%s/version-%d", e.target.URL, m.Name, e.edits)
}

// targetsOf are the targets of the enabled ones of the monitors, in order.
func targetsOf(monitors []monitor.Monitor) []string {
	var enabled []string
	for _, m := range monitors {
		if m.Enabled {
			enabled = append(enabled, m.Target)
		}
	}
	slices.Sort(enabled)
	return enabled
}
