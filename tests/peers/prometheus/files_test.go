package prometheus

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestPrometheusFilesAreValid(t *testing.T) {
	mustPass(t, "check", "config", deployed("prometheus.yml"))
	mustPass(t, "check", "rules", deployed("rules.yml"))
	mustPass(t, "test", "rules", deployed("rules_test.yml"))
}

// TestCommentedLinesAreValid checks the lines in prometheus.yml that configure an API key for the metrics of the API.
func TestCommentedLinesAreValid(t *testing.T) {
	folder := t.TempDir()
	key := filepath.Join(folder, "key")
	write(t, key, "nm_")
	write(t, filepath.Join(folder, "rules.yml"), read(t, "rules.yml"))
	config := replace(t, read(t, "prometheus.yml"), "# authorization:", "authorization:")
	config = replace(t, config, "#   credentials_file: /etc/prometheus/nanomon-key", "  credentials_file: "+key)
	write(t, filepath.Join(folder, "prometheus.yml"), config)
	mustPass(t, "check", "config", filepath.Join(folder, "prometheus.yml"))
}

// TestKubernetesFileIsValid checks prometheus-kubernetes.yml without its service discovery, which Debian's Prometheus
// doesn't support. It also checks that the two discoveries differ only in the component.
func TestKubernetesFileIsValid(t *testing.T) {
	discovery := regexp.MustCompile(`(?m)^    kubernetes_sd_configs:\n(?:      .*\n)+`)
	content := read(t, "prometheus-kubernetes.yml")
	found := discovery.FindAllString(content, -1)
	if len(found) != 2 || found[1] != replace(t, found[0], "component=api", "component=runner") {
		t.Errorf("the service discoveries are %q", found)
	}
	folder := t.TempDir()
	write(t, filepath.Join(folder, "prometheus.yml"), discovery.ReplaceAllString(content, ""))
	write(t, filepath.Join(folder, "rules.yml"), read(t, "rules.yml"))
	mustPass(t, "check", "config", filepath.Join(folder, "prometheus.yml"))
}

// TestEveryAlertIsTestedAndDocumented checks that each alert fires in a test of rules_test.yml and is listed in the
// README.
func TestEveryAlertIsTestedAndDocumented(t *testing.T) {
	alerts := alertNames(t)
	fired := regexp.MustCompile(`alertname: (\w+)\n +eval_time: \w+\n +exp_alerts:`)
	var tested []string
	for _, match := range fired.FindAllStringSubmatch(read(t, "rules_test.yml"), -1) {
		tested = append(tested, match[1])
	}
	for _, name := range alerts {
		if !slices.Contains(tested, name) {
			t.Errorf("%s fires in no test of rules_test.yml", name)
		}
		if !strings.Contains(read(t, "README.md"), "| `"+name+"` |") {
			t.Errorf("the README doesn't list %s", name)
		}
	}
	if listed := strings.Count(read(t, "README.md"), "\n| `NanoMon"); listed != len(alerts) || listed == 0 {
		t.Errorf("the README lists %d alerts, want %d", listed, len(alerts))
	}
}

func alertNames(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(read(t, "rules.yml"), -1) {
		names = append(names, match[1])
	}
	return names
}

// dashboard contains the parts of the Grafana dashboard that the tests check.
type dashboard struct {
	Templating struct {
		List []struct {
			Name, Type string
			Query      any
		}
	}
	Panels []struct {
		ID          int
		Type, Title string
		GridPos     struct{ X, Y, W, H int }
		Datasource  source
		Targets     []struct {
			RefID      string
			Expr       string
			Datasource source
		}
	}
}

type source struct{ Type, UID string }

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, "grafana-dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// queries returns the PromQL queries of the dashboard by panel, with its variables set to match everything.
func (d dashboard) queries() map[string][]string {
	everything := strings.NewReplacer("$group", ".*", "$type", ".*", "$monitor", ".*", "$__rate_interval", "15s")
	queries := make(map[string][]string)
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			queries[p.Title] = append(queries[p.Title], everything.Replace(target.Expr))
		}
	}
	return queries
}

func TestDashboardIsConsistent(t *testing.T) {
	d := readDashboard(t)
	variables := map[string]bool{"__rate_interval": true}
	for _, v := range d.Templating.List {
		variables[v.Name] = true
	}
	if !variables["datasource"] {
		t.Error("the dashboard has no variable for the data source")
	}
	selected := source{"prometheus", "${datasource}"}
	used := regexp.MustCompile(`\$\{?(\w+)`)
	ids := make(map[int]bool)
	taken := make(map[[2]int]string)
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("panel %s: duplicate id", p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if over := taken[[2]int{x, y}]; over != "" || x > 23 {
					t.Fatalf("panel %s overlaps %q at %d, %d, or is too wide", p.Title, over, x, y)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Datasource != selected || len(p.Targets) == 0 {
			t.Errorf("panel %s: data source %v, %d targets", p.Title, p.Datasource, len(p.Targets))
		}
		refs := make(map[string]bool)
		for _, target := range p.Targets {
			if target.Datasource != selected || refs[target.RefID] {
				t.Errorf("panel %s: target %s has data source %v or a duplicate id", p.Title, target.RefID, target.Datasource)
			}
			refs[target.RefID] = true
			for _, v := range used.FindAllStringSubmatch(target.Expr, -1) {
				if !variables[v[1]] {
					t.Errorf("panel %s: variable %s doesn't exist", p.Title, v[1])
				}
			}
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
