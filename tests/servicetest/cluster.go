package servicetest

import (
	"testing"

	"nanomon/services/common/store"
)

// API starts the API on a free port and returns it with its address, without a slash at the end.
func API(t testing.TB, settings map[string]string) (s *Service, api string) {
	t.Helper()
	s = Start(t, "api", With(settings, "PORT", "0"))
	return s, "http://localhost:" + s.Port(t) + "/api"
}

// Port waits until the API or the frontend listens and returns the port.
func (s *Service) Port(t testing.TB) string {
	t.Helper()
	return s.WaitLog(t, `msg=listening address=\S*:(\d+)`)[1]
}

// Runner starts a runner and returns it with its id.
func Runner(t testing.TB, settings map[string]string) (s *Service, id string) {
	t.Helper()
	s = Start(t, "runner", settings)
	return s, s.RunnerID(t)
}

// RunnerID waits until a runner says that it has started, and returns its id.
func (s *Service) RunnerID(t testing.TB) string {
	t.Helper()
	return s.WaitLog(t, `msg="runner started" runner=(\S+)`)[1]
}

// Running asks the API which runners are live, and returns how many monitors each runs.
func Running(t testing.TB, api string) map[string]int {
	t.Helper()
	monitors := make(map[string]int)
	for _, r := range Get[struct{ Runners []store.Runner }](t, api+"/status").Runners {
		monitors[r.ID] = r.Monitors
	}
	return monitors
}

// With is settings and one more.
func With(settings map[string]string, name, value string) map[string]string {
	more := map[string]string{name: value}
	for n, v := range settings {
		if n != name {
			more[n] = v
		}
	}
	return more
}
