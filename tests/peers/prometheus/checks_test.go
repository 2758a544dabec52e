package prometheus

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"nanomon/tests/support/servicetest"
)

// checkTargets checks that every target was up and returned samples at every scrape.
func (s *server) checkTargets() {
	s.t.Helper()
	type target struct{ ScrapeURL, Health, LastError string }
	targets := get[struct{ ActiveTargets []target }](s, "targets").ActiveTargets
	for _, one := range targets {
		if one.Health != "up" || one.LastError != "" {
			s.t.Errorf("%s is %s: %s", one.ScrapeURL, one.Health, one.LastError)
		}
	}
	scrapes := (time.Since(s.scraping) - 10*time.Second).Seconds()
	s.each(1+runners, "min_over_time(up[10m])", func(up float64) bool { return up == 1 })
	s.each(1+runners, "count_over_time(up[10m])", func(n float64) bool { return n >= scrapes })
	s.each(1+runners, "min_over_time(scrape_samples_scraped[10m])", func(samples float64) bool { return samples > 0 })
}

// checkPrometheus checks that Prometheus accepted every sample and logged no warning or error.
func (s *server) checkPrometheus() {
	s.t.Helper()
	failures := regexp.MustCompile(`^prometheus_(target_scrapes_(exceeded|sample)_\w+|tsdb_out_of_order_samples|rule_evaluation_failures|rule_group_iterations_missed)_total$`)
	seen := 0
	for name, family := range servicetest.Scrape(s.t, s.url+"/metrics") {
		if !failures.MatchString(name) {
			continue
		}
		seen++
		for _, m := range family.GetMetric() {
			if n := m.GetCounter().GetValue(); n != 0 {
				s.t.Errorf("%s is %v of %v", name, n, m.GetLabel())
			}
		}
	}
	if seen < 8 {
		s.t.Errorf("found only %d failure counters of Prometheus", seen)
	}
	for line := range strings.Lines(s.Log()) {
		if regexp.MustCompile(`(?i)level=(warn|error)`).MatchString(line) {
			s.t.Errorf("Prometheus logged: %s", line)
		}
	}
}

// checkRules checks that all rules are evaluated and none fires. pending maps rules to the id of the only monitor for
// which they must be pending.
func (s *server) checkRules(pending map[string]string) {
	s.t.Helper()
	type alert struct {
		State  string
		Labels map[string]string
	}
	type rule struct {
		Name, Health, LastError string
		Alerts                  []alert
	}
	var names []string
	for _, group := range get[struct{ Groups []struct{ Rules []rule } }](s, "rules").Groups {
		for _, r := range group.Rules {
			names = append(names, r.Name)
			if r.Health != "ok" || r.LastError != "" {
				s.t.Errorf("%s is %s: %s", r.Name, r.Health, r.LastError)
			}
			ids := []string{}
			for _, a := range r.Alerts {
				if a.State != "pending" {
					s.t.Errorf("%s is %s for %v", r.Name, a.State, a.Labels)
				}
				ids = append(ids, a.Labels["id"])
			}
			if id := pending[r.Name]; id != "" && !slices.Equal(ids, []string{id}) {
				s.t.Errorf("%s is pending for %q, want only %s", r.Name, ids, id)
			}
		}
	}
	want := alertNames(s.t)
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		s.t.Errorf("the rules are %q, want %q", names, want)
	}
}
