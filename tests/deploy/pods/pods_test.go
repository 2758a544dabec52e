package pods

import (
	"bufio"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/tests/support/clustertest"
	"nanomon/tests/support/servicetest"
)

// TestChart installs the chart and uses it. Its steps need the state that the steps before them have left.
func TestChart(t *testing.T) {
	s := install(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(kubectl(t, "get", "pods,events"))
		}
	})
	for _, step := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"page", s.testPage},
		{"monitors", s.testMonitors},
		{"commands", s.testCommands},
		{"forwarded ports", s.testForwardedPorts},
		{"deleted pod", s.testDeletedPod},
		{"killed process", s.testKilledProcess},
		{"upgrade", s.testUpgrade},
		{"database stopped", s.testDatabaseStopped},
		{"drained node", s.testDrainedNode},
	} {
		if !t.Run(step.name, step.run) {
			return
		}
	}
}

func (s *shop) testPage(t *testing.T) {
	script := filepath.Join(servicetest.Root(), "tests", "browser", "use.mjs")
	if output, err := exec.CommandContext(t.Context(), "node", script, s.browserPage, s.page).CombinedOutput(); err != nil {
		t.Errorf("the page can't be used: %v\n%s", err, output)
	}
}

// testMonitors checks a service of the cluster, and pings the node without root.
func (s *shop) testMonitors(t *testing.T) {
	s.createMonitors(t)
	for _, m := range []monitor.Monitor{
		{Name: "node", Type: "ping", Interval: "1s", Target: clustertest.Gateway, Enabled: true},
		{Name: "page", Type: "http", Interval: "1s", Target: serviceURL(t, "frontend").String(), Rule: "status == 200", Enabled: true},
	} {
		id := servicetest.Create(t, s.api, m).ID
		var results []monitor.Result
		servicetest.Eventually(t, "a result", func() bool {
			results = servicetest.Results(t, s.api, id)
			return len(results) > 0
		})
		if first := results[len(results)-1]; first.Status != monitor.StatusOK {
			t.Errorf("the result of %s is %+v", m.Name, first)
		}
	}
	s.waitChecked(t, time.Now())
}

func (s *shop) testCommands(t *testing.T) {
	for service, message := range map[string]string{"api": "msg=listening", "runner": `msg="runner started"`, "frontend": "msg=listening"} {
		if text := kubectl(t, "logs", "deployment/shop-nanomon-"+service); !strings.Contains(text, message) {
			t.Errorf("the log of the %s is:\n%s", service, text)
		}
		kubectl(t, "exec", "deployment/shop-nanomon-"+service, "--", "/"+service, "health")
	}
}

// testForwardedPorts reaches the services as the notes of the chart say.
func (s *shop) testForwardedPorts(t *testing.T) {
	for service, path := range map[string]string{"api": "/api/status", "frontend": "/"} {
		cluster, err := start()
		if err != nil {
			t.Fatal(err)
		}
		forward := cluster.Command(t.Context(), "kubectl", "-n", namespace, "port-forward", "service/shop-nanomon-"+service, ":80")
		output, err := forward.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := forward.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(output).ReadString('\n')
		port := regexp.MustCompile(`127\.0\.0\.1:(\d+) ->`).FindStringSubmatch(line)
		if err != nil || port == nil {
			t.Fatalf("kubectl port-forward printed %q: %v", line, err)
		}
		if status, body := servicetest.Call(t, http.MethodGet, "http://localhost:"+port[1]+path, nil); status != http.StatusOK {
			t.Errorf("%s: %d %s", service, status, body)
		}
		_ = forward.Process.Kill()
		_ = forward.Wait()
	}
}

// testDeletedPod deletes the pod of the runner like one on a node that is gone.
func (s *shop) testDeletedPod(t *testing.T) {
	old := pod(t, "runner")
	kubectl(t, "delete", "pod", old, "--grace-period=0", "--force")
	var replacement string
	servicetest.EventuallyWithin(t, startLimit, "another pod", func() bool {
		replacement = pod(t, "runner")
		return replacement != "" && replacement != old
	})
	kubectl(t, "wait", "--for=condition=Ready", "pod/"+replacement, "--timeout="+startLimit.String())
	s.waitChecked(t, time.Now())
}

// testKilledProcess kills the process of the runner. Its container starts again in the same pod.
func (s *shop) testKilledProcess(t *testing.T) {
	old := pod(t, "runner")
	id := kubectl(t, "get", "pod", old, "-o", "jsonpath={.status.containerStatuses[0].containerID}")
	cluster, err := start()
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Kill(strings.TrimPrefix(id, "containerd://")); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	servicetest.EventuallyWithin(t, startLimit, "one restart", func() bool { return restarts(t) == "api=0 frontend=0 runner=1" })
	if pod(t, "runner") != old {
		t.Error("the pod was replaced")
	}
	kubectl(t, "wait", "--for=condition=Available", "deployment/shop-nanomon-runner", "--timeout="+startLimit.String())
	s.waitChecked(t, killed)
}

// testUpgrade upgrades to other images. A runner that stops hands over its monitors. If it didn't, the others would take
// them over after ten seconds.
func (s *shop) testUpgrade(t *testing.T) {
	from := time.Now()
	s.waitChecked(t, from)
	run(t, "helm", "upgrade", "shop", "deploy/helm/nanomon", "--namespace", namespace, "--reuse-values",
		"--set", "image.tag="+tags[1], "--wait", "--timeout", startLimit.String())
	images := kubectl(t, "get", "deployments", "-o", "jsonpath={..image}")
	if strings.Count(images, ":"+tags[1]) != 3 {
		t.Errorf("the images are %s", images)
	}
	servicetest.EventuallyWithin(t, startLimit, "the end of the old pods", func() bool { return restarts(t) == "api=0 frontend=0 runner=0" })
	s.waitChecked(t, time.Now())
	// A check that runs while its monitor moves to a new runner is cancelled.
	s.checkResults(t, from, 9*time.Second, 1)
}

// testDatabaseStopped stops the database until the API isn't ready. Checks continue, and their results are stored later.
func (s *shop) testDatabaseStopped(t *testing.T) {
	from, before := time.Now(), restarts(t)
	s.waitChecked(t, from)
	s.database.Kill()
	kubectl(t, "wait", "--for=condition=Ready=false", "pod/"+pod(t, "api"), "--timeout="+startLimit.String())
	s.database.Restart()
	kubectl(t, "wait", "--for=condition=Ready", "pod", "--all", "--timeout="+startLimit.String())
	s.waitChecked(t, time.Now())
	s.checkResults(t, from, 5*time.Second, 0)
	if after := restarts(t); after != before {
		t.Errorf("the containers restarted: %s, then %s", before, after)
	}
}

// testDrainedNode evicts all pods under the disruption budgets, and lets them return.
func (s *shop) testDrainedNode(t *testing.T) {
	run(t, "helm", "upgrade", "shop", "deploy/helm/nanomon", "--namespace", namespace, "--reuse-values",
		"--set", "podDisruptionBudget.enabled=true", "--wait", "--timeout", startLimit.String())
	run(t, "kubectl", "drain", clustertest.Node, "--delete-emptydir-data", "--timeout="+startLimit.String())
	run(t, "kubectl", "uncordon", clustertest.Node)
	for _, service := range []string{"api", "frontend", "runner"} {
		kubectl(t, "wait", "--for=condition=Available", "deployment/shop-nanomon-"+service, "--timeout="+startLimit.String())
	}
	s.waitChecked(t, time.Now())
}
