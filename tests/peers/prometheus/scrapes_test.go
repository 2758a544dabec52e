package prometheus

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/servicetest"
)

// duration is how long Prometheus scrapes at least while monitors are created, renamed and deleted.
const duration = time.Minute

// difficultNames lists monitor names and the metric name that each results in.
var difficultNames = [][2]string{
	{"Monitor Status", "nanomon_monitor_status_"},
	{"monitor-value", "nanomon_monitor_value_"},
	{"Runner Runs Total", "nanomon_runner_runs_total_"},
	{"api event clients", "nanomon_api_event_clients_"},
	{"Ünï çødé 监控", "nanomon__n____d____"},
	{"twin", "nanomon_twin"},
	{"twin", "nanomon_twin"},
	{"a b", "nanomon_a_b"},
	{"a-b", "nanomon_a_b"},
	{`"quoted" \ {id="x"}`, "nanomon__quoted_____id__x__"},
	{"# HELP up", "nanomon___help_up"},
	{"1", "nanomon_1"},
}

// TestPrometheusScrapes lets Prometheus scrape the API and three runners while monitors change, and compares its data
// with the API.
func TestPrometheusScrapes(t *testing.T) {
	s := startSystem(t)
	s.listen()
	steady, families := s.steady(), make(map[string]string)
	for _, name := range difficultNames {
		families[s.create(s.monitor(name[0])).ID] = name[1]
	}
	// With so many monitors the probability that one of the three runners gets none is one in three million. A longer
	// interval keeps the load low.
	for range 24 {
		crowd := s.monitor("crowd")
		crowd.Interval = "5s"
		families[s.create(crowd).ID] = "nanomon_crowd"
	}
	servicetest.Eventually(t, "the first check of each", func() bool { return s.exposesAll(maps.Keys(families)) })
	api, scraped := s.addresses()
	p := startPrometheus(t, api, scraped)
	rounds := s.change(p)
	t.Logf("%d monitors were created, renamed and deleted", rounds)

	p.checkTargets()
	p.checkPrometheus()
	p.checkRules(map[string]string{"NanoMonMonitorFailed": steady["failed"], "NanoMonMonitorError": steady["error"]})
	for id, family := range families {
		for _, result := range []string{"_status", "_value", "respTime"} {
			p.each(1, fmt.Sprintf(`%s{id=%q,type="http",result=%q}`, family, id, result), func(float64) bool { return true })
		}
	}
	s.checkValues(p)
	s.checkAssignments(p, len(families)+len(steady))
	s.checkNames()
	for panel, queries := range readDashboard(t).queries() {
		for _, query := range queries {
			if len(p.query("%s", query)) == 0 {
				t.Errorf("panel %s has no data: %s", panel, query)
			}
		}
	}
	s.lint(families)
}

// lint runs promtool on the metrics of the runners and the API. It may report only names that derive from monitor
// names.
func (s *system) lint(families map[string]string) {
	s.t.Helper()
	monitors := slices.Collect(maps.Values(families))
	for address, text := range s.scrapes() {
		output, code := promtool(s.t, text, "check", "metrics")
		if output == "" && code != 0 {
			s.t.Errorf("promtool exited with code %d", code)
		}
		for line := range strings.Lines(output) {
			name, problem, _ := strings.Cut(strings.TrimSpace(line), " ")
			if problem != "metric names should not contain abbreviated units" || !slices.Contains(monitors, name) {
				s.t.Errorf("promtool reports for %s: %s", address, line)
			}
		}
	}
}

// steady creates monitors that don't change: one of each status, one in maintenance, and one that is checked only once.
// It returns their ids.
func (s *system) steady() map[string]string {
	s.t.Helper()
	quiet := s.monitor("quiet")
	quiet.Interval, quiet.Properties = "1h", nil
	quiet = s.create(quiet)
	// The only monitor is checked immediately; with others it could take half a minute.
	servicetest.Eventually(s.t, "the one check of the quiet monitor", func() bool { return s.exposes(quiet.ID) })

	ignored := s.create(s.monitor("in maintenance"))
	s.startMaintenance(ignored)
	failed := s.create(monitor.Monitor{Name: "refused", Type: "tcp", Interval: "1s", Target: servicetest.RefusedAddress(s.t), Enabled: true})
	mismatch := s.monitor("rule mismatch")
	mismatch.Rule = "status == 500"
	mismatch = s.create(mismatch)
	servicetest.Eventually(s.t, "the maintenance to begin", func() bool { return s.exposes("nanomon_monitor_excluded{") })
	return map[string]string{"quiet": quiet.ID, "ignored": ignored.ID, "failed": failed.ID, "error": mismatch.ID}
}

// change creates, renames and deletes a monitor in each round until the duration is over, and returns the number of
// rounds.
func (s *system) change(p *server) (rounds int) {
	s.t.Helper()
	next, renamed := s.create(s.monitor("first")), s.create(s.monitor("second"))
	for ; time.Since(p.scraping) < duration; rounds++ {
		old := next
		from := fmt.Sprintf(`name=%q`, old.Name)
		s.delete(renamed)
		deleted := renamed
		renamed = s.rename(old, difficultNames[rounds%len(difficultNames)][0])
		next = s.create(s.monitor(fmt.Sprintf("new %d", rounds)))
		s.wait(p, `id="`+deleted.ID+`"`, "the deleted "+deleted.Name)
		s.wait(p, from, "the old name "+old.Name)
		for _, m := range []monitor.Monitor{renamed, next} {
			servicetest.Eventually(s.t, "the new name "+m.Name, func() bool {
				return len(p.query("nanomon_monitor_status{id=%q,name=%q}", m.ID, m.Name)) == 1
			})
		}
	}
	return rounds
}

// wait waits until no runner exposes series with a label any more, and until Prometheus has dropped them within two
// more scrapes.
func (s *system) wait(p *server, label, what string) {
	s.t.Helper()
	servicetest.Eventually(s.t, "runners to drop "+what, func() bool { return !s.exposes(label) })
	servicetest.EventuallyWithin(s.t, 2*scrapeInterval+time.Second, "Prometheus to drop "+what, func() bool {
		return len(p.query(`{__name__=~"nanomon_.+",%s}`, label)) == 0
	})
}

// checkValues compares the status, the value and a label of every monitor with the API.
func (s *system) checkValues(p *server) {
	s.t.Helper()
	type known struct {
		Name, Type, Group, Team string
		Status, Value           float64
	}
	var want, got map[string]known
	compare := func() string {
		want, got = make(map[string]known), make(map[string]known)
		for _, m := range servicetest.Get[[]struct {
			monitor.Monitor
			Latest monitor.Result
		}](s.t, s.api+"/monitors?include=latest") {
			want[m.ID] = known{m.Name, m.Type, m.Group, m.Labels["app.team"], float64(m.Latest.Status), m.Latest.Value}
		}
		for _, one := range p.query("nanomon_monitor_status") {
			l := one.Metric
			got[l["id"]] = known{Name: l["name"], Type: l["type"], Group: l["group"], Status: one.value(s.t)}
		}
		for _, one := range p.query("nanomon_monitor_labels") {
			of := got[one.Metric["id"]]
			of.Team = one.Metric["label_app_team"]
			got[one.Metric["id"]] = of
		}
		for _, one := range p.query("nanomon_monitor_value") {
			of := got[one.Metric["id"]]
			of.Value = one.value(s.t)
			got[one.Metric["id"]] = of
		}
		return cmp.Diff(want, got)
	}
	var differ string
	defer func() {
		if differ != "" {
			s.t.Errorf("Prometheus differs from the API (-want +got):\n%s", differ)
		}
	}()
	// The latest results may not be scraped or stored yet.
	servicetest.Eventually(s.t, "Prometheus to match the API", func() bool {
		differ = compare()
		return differ == ""
	})
	if len(want) < len(difficultNames) {
		s.t.Errorf("found only %v", want)
	}
}

// checkAssignments checks that a monitor was never exposed by two runners at once, that the steady monitors were always
// exposed, and that each runner had monitors.
func (s *system) checkAssignments(p *server, steady int) {
	s.t.Helper()
	seconds := int(time.Since(p.scraping) / time.Second)
	exposed := fmt.Sprintf("count by (id) (nanomon_monitor_status)[%ds:1s]", seconds)
	all := len(p.query("max_over_time(%s)", exposed))
	p.each(all, fmt.Sprintf("max_over_time(%s)", exposed), func(times float64) bool { return times == 1 })
	if always := p.query("count_over_time(%s) >= %d", exposed, seconds-1); len(always) != steady {
		s.t.Errorf("%d monitors were always exposed, want %d: %v", len(always), steady, p.query("count_over_time(%s)", exposed))
	}
	p.each(runners, "min_over_time(nanomon_runner_monitors[1m])", func(monitors float64) bool { return monitors > 0 })
}

// checkNames checks that every metric in the rules and the dashboard exists.
func (s *system) checkNames() {
	s.t.Helper()
	existing := make(map[string]bool)
	for _, text := range s.scrapes() {
		for line := range strings.Lines(text) {
			existing[regexp.MustCompile(`^\w*`).FindString(line)] = true
		}
	}
	texts := []string{read(s.t, "rules.yml")}
	for _, queries := range readDashboard(s.t).queries() {
		texts = append(texts, queries...)
	}
	named := make(map[string]bool)
	for _, name := range regexp.MustCompile(`\b(nanomon|process|go)_\w+`).FindAllString(strings.Join(texts, "\n"), -1) {
		named[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if !existing[name] {
			s.t.Errorf("metric %s doesn't exist", name)
		}
	}
	if len(named) < 15 {
		s.t.Errorf("found only these metrics: %v", named)
	}
}
