package engine

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/store/sqlite"
	"nanomon/services/common/wake"
	"nanomon/services/runner/quarantine"
)

// crashFolderEnv passes the folder of the store and the journal to a child process of a test.
const crashFolderEnv = "NANOMON_TEST_CRASH"

// TestMain runs the tests. In a child process it runs an engine until it crashes or is killed.
func TestMain(m *testing.M) {
	if folder := os.Getenv(crashFolderEnv); folder != "" {
		runCrashing(folder)
	}
	os.Exit(m.Run())
}

// runCrashing runs an engine whose checks of the target "crash" end the process.
func runCrashing(folder string) {
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	s, err := sqlite.Open(context.Background(), sqlite.Config{Path: filepath.Join(folder, "nanomon.db")})
	if err != nil {
		panic(err)
	}
	journal := quarantine.Open(folder, slog.Default())
	probes := newFakeProbes()
	probes.outcome = func(ctx context.Context, target string) probe.Outcome {
		wake.Pause(ctx, 200*time.Millisecond)
		if target == "crash" {
			go panic("boom") // a panic outside of the check's goroutine, which nobody can recover
			<-ctx.Done()
		}
		return probe.Outcome{Value: 1}
	}
	_ = newEngine(Config{ID: "r1", SingleRunner: true, Quarantine: journal}, nil, s, probes.registry(), log).Run(context.Background())
}

// quarantineLog waits in the output of a child process for the quarantine of a monitor, then kills the process.
type quarantineLog struct {
	text  bytes.Buffer
	found func()
}

func (l *quarantineLog) Write(p []byte) (int, error) {
	n, err := l.text.Write(p)
	if bytes.Contains(l.text.Bytes(), []byte("cause=quarantine")) {
		l.found()
	}
	return n, err
}

func TestCrashingMonitorIsQuarantined(t *testing.T) {
	folder := t.TempDir()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(folder, "nanomon.db")})
	if err != nil {
		t.Fatal(err)
	}
	all := monitors(20, "1s")
	all[6].Name, all[6].Target = "the bad one", "crash"
	for i := range all {
		all[i].Updated = monitor.Date(time.Now())
		if err := s.CreateMonitor(t.Context(), all[i]); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	for crashes := 0; ; crashes++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		child := exec.CommandContext(ctx, os.Args[0])
		child.Env = append(os.Environ(), crashFolderEnv+"="+folder)
		output := &quarantineLog{found: cancel}
		child.Stdout, child.Stderr = output, output
		_ = child.Run()
		cancel()
		text := output.text.String()
		if strings.Contains(text, "cause=quarantine") {
			if !strings.Contains(text, `the check of \"the bad one\" brought this runner down`) || strings.Count(text, "can't be made") != 1 || crashes < 3 {
				t.Errorf("quarantined after %d crashes: %s", crashes, text)
			}
			return
		}
		if !strings.Contains(text, "panic: boom") || crashes == 4 {
			t.Fatalf("crash %d: %s", crashes, text)
		}
	}
}

// killed opens the journal, begins the check of m and closes the journal without a clean stop.
func killed(t *testing.T, folder string, m monitor.Monitor, way quarantine.Way) {
	t.Helper()
	j := quarantine.Open(folder, slog.Default())
	j.Begin(quarantine.KeyOf(m), way)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestQuarantineEndsWithAnEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, probes, folder, observer := newMemoryStore(monitors(2, "10s")...), newFakeProbes(), t.TempDir(), &problemObserver{}
		m := monitorNumber(1, "10s")
		for _, way := range []quarantine.Way{quarantine.Together, quarantine.Together, quarantine.Alone, quarantine.Alone} {
			killed(t, folder, m, way)
		}
		journal := quarantine.Open(folder, slog.Default())
		b := startEngineWith(t, Config{ID: "r1", Quarantine: journal, Observer: observer}, s, probes)
		elapse(time.Minute)
		if len(probes.started("1")) > 0 || len(probes.started("2")) < 5 || len(observer.problems) != 1 || len(b.health.Problems.List()) != 1 {
			t.Errorf("%d and %d checks, problems %q", len(probes.started("1")), len(probes.started("2")), observer.problems)
		}
		s.with(store.TopicMonitors, func() {
			m.Updated, m.Rule = time.Now(), "n > 0"
			s.monitors[m.ID] = m
		})
		elapse(time.Minute)
		if len(probes.started("1")) < 5 || len(b.health.Problems.List()) > 0 {
			t.Errorf("%d checks after an edit, problems %q", len(probes.started("1")), b.health.Problems.List())
		}
		b.stop()
		must(t, journal.Close())
		next := quarantine.Open(folder, slog.Default())
		defer next.Close()
		if keys := next.Quarantined(); len(keys) > 0 {
			t.Errorf("quarantined after a clean stop: %v", keys)
		}
	})
}

// TestSuspectsAreCheckedOneAtATime checks that no two suspects are checked at the same time until each of them has been
// checked once.
func TestSuspectsAreCheckedOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, probes, folder := monitors(30, "10s"), newFakeProbes(), t.TempDir()
		for range 2 {
			j := quarantine.Open(folder, slog.Default())
			for _, m := range all[:20] {
				j.Begin(quarantine.KeyOf(m), quarantine.Together)
			}
			j.Close()
		}
		journal := quarantine.Open(folder, slog.Default())
		defer journal.Close()
		suspects := make(map[string]bool)
		for _, m := range all[:20] {
			suspects[m.Target] = true
		}
		running, checked := 0, make(map[string]int)
		probes.outcome = func(ctx context.Context, target string) probe.Outcome {
			probes.mu.Lock()
			first := suspects[target] && checked[target] == 0
			if first {
				running++
			}
			if running > 1 {
				t.Errorf("%d suspects run at the same time", running)
			}
			probes.mu.Unlock()
			wake.Pause(ctx, 2*time.Second)
			probes.mu.Lock()
			defer probes.mu.Unlock()
			checked[target]++
			if first {
				running--
			}
			return probe.Outcome{Value: 1}
		}
		b := startEngineWith(t, Config{ID: "r1", Quarantine: journal}, newMemoryStore(all...), probes)
		elapse(2 * time.Minute)
		for _, m := range all {
			if n := len(probes.started(m.Target)); n < 5 {
				t.Errorf("monitor %s was checked %d times", m.Target, n)
			}
		}
		b.stop()
	})
}
