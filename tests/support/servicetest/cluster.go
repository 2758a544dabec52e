package servicetest

import (
	"testing"

	"nanomon/services/common/store"
)

// API starts the API on a free port and returns it with its URL, which has no slash at the end.
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

// Runner starts a runner, waits until it has started and returns it with its id.
func Runner(t testing.TB, settings map[string]string) (s *Service, id string) {
	t.Helper()
	s = Start(t, "runner", settings)
	return s, s.RunnerID(t)
}

// RunnerID waits until the runner has logged that it started, and returns its id.
func (s *Service) RunnerID(t testing.TB) string {
	t.Helper()
	return s.WaitLog(t, `msg="runner started" runner=(\S+)`)[1]
}

// MonitorsPerRunner requests the live runners from the API and returns the number of monitors of each, by runner id.
func MonitorsPerRunner(t testing.TB, api string) map[string]int {
	t.Helper()
	monitors := make(map[string]int)
	for _, r := range Get[struct{ Runners []store.Runner }](t, api+"/status").Runners {
		monitors[r.ID] = r.Monitors
	}
	return monitors
}

// With returns a copy of settings in which one more is set.
func With(settings map[string]string, name, value string) map[string]string {
	extended := map[string]string{name: value}
	for n, v := range settings {
		if n != name {
			extended[n] = v
		}
	}
	return extended
}
