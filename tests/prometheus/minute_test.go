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
	"nanomon/tests/servicetest"
)

// minute is how long Prometheus scrapes while monitors are created, renamed and deleted.
const minute = time.Minute

// hostile are names of monitors, and the families that they make.
var hostile = [][2]string{
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

// TestAMinuteOfScrapes lets Prometheus scrape the API and three runners, which share the monitors out, and asks both what they know.
func TestAMinuteOfScrapes(t *testing.T) {
	w := startWorld(t)
	w.listen()
	steady, families := w.steady(), make(map[string]string)
	for _, name := range hostile {
		families[w.create(w.monitor(name[0])).ID] = name[1]
	}
	// With so many, chance leaves one of the three runners without any only once in three million times. They are checked less often,
	// to leave the machine some time for the rest.
	for range 24 {
		crowd := w.monitor("crowd")
		crowd.Interval = "5s"
		families[w.create(crowd).ID] = "nanomon_crowd"
	}
	servicetest.Eventually(t, "the first check of each", func() bool { return w.toldAll(maps.Keys(families)) })
	api, scraped := w.addresses()
	p := startPrometheus(t, api, scraped)
	rounds := w.change(p)
	t.Logf("%d monitors were created, renamed and deleted", rounds)

	p.checkTargets()
	p.checkItself()
	p.checkRules(map[string]string{"NanoMonMonitorFailed": steady["failed"], "NanoMonMonitorError": steady["error"]})
	for id, family := range families {
		for _, result := range []string{"_status", "_value", "respTime"} {
			p.each(1, fmt.Sprintf(`%s{id=%q,type="http",result=%q}`, family, id, result), func(float64) bool { return true })
		}
	}
	w.checkValues(p)
	w.checkSharing(p, len(families)+len(steady))
	w.checkNames()
	for panel, queries := range readDashboard(t).queries() {
		for _, query := range queries {
			if len(p.query("%s", query)) == 0 {
				t.Errorf("the panel %s is empty: %s", panel, query)
			}
		}
	}
	w.lint(families)
}

// lint has promtool look at what the runners and the API tell. It may dislike no name but those that monitors' names make.
func (w *world) lint(families map[string]string) {
	w.t.Helper()
	monitors := slices.Collect(maps.Values(families))
	for address, text := range w.scrapes() {
		output, code := promtool(w.t, text, "check", "metrics")
		if output == "" && code != 0 {
			w.t.Errorf("promtool ends with %d", code)
		}
		for line := range strings.Lines(output) {
			name, complaint, _ := strings.Cut(strings.TrimSpace(line), " ")
			if complaint != "metric names should not contain abbreviated units" || !slices.Contains(monitors, name) {
				w.t.Errorf("promtool says of %s: %s", address, line)
			}
		}
	}
}

// steady makes monitors that stay as they are: of each status, in maintenance, and one that is checked once alone.
func (w *world) steady() map[string]string {
	w.t.Helper()
	quiet := w.monitor("quiet")
	quiet.Interval, quiet.Properties = "1h", nil
	quiet = w.create(quiet)
	// Alone it is checked at once, and else within half a minute.
	servicetest.Eventually(w.t, "the one check of the quiet monitor", func() bool { return w.told(quiet.ID) })

	excluded := w.create(w.monitor("in maintenance"))
	w.exclude(excluded)
	failed := w.create(monitor.Monitor{Name: "refused", Type: "tcp", Interval: "1s", Target: servicetest.RefusedAddress(w.t), Enabled: true})
	bad := w.monitor("bad rule")
	bad.Rule = "status == 500"
	bad = w.create(bad)
	servicetest.Eventually(w.t, "the maintenance to begin", func() bool { return w.told("nanomon_monitor_excluded{") })
	return map[string]string{"quiet": quiet.ID, "excluded": excluded.ID, "failed": failed.ID, "error": bad.ID}
}

// change creates, renames and deletes a monitor in each round until the minute is over, and returns how many rounds there were.
func (w *world) change(p *server) (rounds int) {
	w.t.Helper()
	next, renamed := w.create(w.monitor("first")), w.create(w.monitor("second"))
	for ; time.Since(p.scraping) < minute; rounds++ {
		old := next
		from := fmt.Sprintf(`name=%q`, old.Name)
		w.delete(renamed)
		gone := renamed
		renamed = w.rename(old, hostile[rounds%len(hostile)][0])
		next = w.create(w.monitor(fmt.Sprintf("new %d", rounds)))
		w.wait(p, `id="`+gone.ID+`"`, gone.Name+" that was deleted")
		w.wait(p, from, "the old name "+old.Name)
		for _, m := range []monitor.Monitor{renamed, next} {
			servicetest.Eventually(w.t, "the new name "+m.Name, func() bool {
				return len(p.query("nanomon_monitor_status{id=%q,name=%q}", m.ID, m.Name)) == 1
			})
		}
	}
	return rounds
}

// wait waits until no runner tells of what has a label any more, and Prometheus neither, within two scrapes from then on.
func (w *world) wait(p *server, label, what string) {
	w.t.Helper()
	servicetest.Eventually(w.t, "no runner to tell of "+what, func() bool { return !w.told(label) })
	servicetest.EventuallyWithin(w.t, 2*scrapeInterval+time.Second, "Prometheus to forget "+what, func() bool {
		return len(p.query(`{__name__=~"nanomon_.+",%s}`, label)) == 0
	})
}

// checkValues compares status and value of every monitor with the API's.
func (w *world) checkValues(p *server) {
	w.t.Helper()
	type known struct {
		Name, Type, Group string
		Status, Value     float64
	}
	var want, got map[string]known
	compare := func() string {
		want, got = make(map[string]known), make(map[string]known)
		for _, m := range servicetest.Get[[]struct {
			monitor.Monitor
			Latest monitor.Result
		}](w.t, w.api+"/monitors?include=latest") {
			want[m.ID] = known{m.Name, m.Type, m.Group, float64(m.Latest.Status), m.Latest.Value}
		}
		for _, one := range p.query("nanomon_monitor_status") {
			l := one.Metric
			got[l["id"]] = known{Name: l["name"], Type: l["type"], Group: l["group"], Status: one.value(w.t)}
		}
		for _, one := range p.query("nanomon_monitor_value") {
			of := got[one.Metric["id"]]
			of.Value = one.value(w.t)
			got[one.Metric["id"]] = of
		}
		return cmp.Diff(want, got)
	}
	var differ string
	defer func() {
		if differ != "" {
			w.t.Errorf("Prometheus differs from the API (-want +got):\n%s", differ)
		}
	}()
	// What was found last may not be scraped, or not be stored yet.
	servicetest.Eventually(w.t, "Prometheus to know what the API knows", func() bool {
		differ = compare()
		return differ == ""
	})
	if len(want) < len(hostile) {
		w.t.Errorf("there are only %v", want)
	}
}

// checkSharing: at no moment was a monitor told of twice, those that were there all the time were always told of, and each runner told of some.
func (w *world) checkSharing(p *server, steady int) {
	w.t.Helper()
	seconds := int(time.Since(p.scraping) / time.Second)
	told := fmt.Sprintf("count by (id) (nanomon_monitor_status)[%ds:1s]", seconds)
	all := len(p.query("max_over_time(%s)", told))
	p.each(all, fmt.Sprintf("max_over_time(%s)", told), func(times float64) bool { return times == 1 })
	if always := p.query("count_over_time(%s) >= %d", told, seconds-1); len(always) != steady {
		w.t.Errorf("%d monitors were always told of, want %d: %v", len(always), steady, p.query("count_over_time(%s)", told))
	}
	p.each(runners, "min_over_time(nanomon_runner_monitors[1m])", func(monitors float64) bool { return monitors > 0 })
}

// checkNames: every metric that the rules and the dashboard name is there.
func (w *world) checkNames() {
	w.t.Helper()
	there := make(map[string]bool)
	for _, text := range w.scrapes() {
		for line := range strings.Lines(text) {
			there[regexp.MustCompile(`^\w*`).FindString(line)] = true
		}
	}
	texts := []string{read(w.t, "rules.yml")}
	for _, queries := range readDashboard(w.t).queries() {
		texts = append(texts, queries...)
	}
	named := make(map[string]bool)
	for _, name := range regexp.MustCompile(`\b(nanomon|process|go)_\w+`).FindAllString(strings.Join(texts, "\n"), -1) {
		named[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if !there[name] {
			w.t.Errorf("there is no metric %s", name)
		}
	}
	if len(named) < 15 {
		w.t.Errorf("only these are named: %v", named)
	}
}
