package workshop

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nanomon/tests/support/clustertest"
	"nanomon/tests/support/servicetest"
)

// patience limits how long a command may take, and how long it may take until something can be seen.
const patience = 3 * time.Minute

// step is a command of a document, and what a reader of the document sees after it.
type step struct {
	// command is the text in the document, without a comment.
	command string
	// skip is the reason why the test doesn't run the command.
	skip string
	// as is the command that the test runs instead, for example with a name in place of NAME.
	as string
	// prints is a regular expression for the output. The output has a warning only if this expression has one.
	prints string
	// fails says that the command fails, endless that it is ended once it has printed what it should print.
	fails, endless bool
	// sees is what can be seen soon after the command.
	sees []sight
	// then is a command that the document describes in other words.
	then string
}

// sight is a command and a regular expression for its output.
type sight struct{ command, prints string }

// terminal runs commands in a folder in which the relative paths of the documents exist.
type terminal struct{ folder string }

// clean deletes everything that the commands create, after a failure too.
func clean(t *testing.T) {
	for _, arguments := range []string{
		"namespace nanomon nanomon-helm noted traefik", "clusterrole,clusterrolebinding nanomon-prometheus", "ingressclass traefik", "storageclass fast",
		"deployment metrics-server --namespace kube-system", "pod load",
	} {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		command := kube.Command(ctx, "kubectl",
			append([]string{"delete", "--ignore-not-found"}, strings.Fields(arguments)...)...)
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("kubectl delete %s: %v\n%s", arguments, err, output)
		}
	}
}

// open returns a terminal whose kubectl begins with the namespace "default".
func open(t *testing.T) terminal {
	t.Helper()
	t.Cleanup(func() { clean(t) })
	s := terminal{t.TempDir()}
	config, err := os.ReadFile(kube.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "kubeconfig", string(config))
	for _, name := range []string{"kubectl", "helm"} {
		program := strings.Join(kube.Command(t.Context(), name).Args, " ")
		s.write(t, filepath.Join("bin", name), "#!/bin/sh\nexec "+program+" \"$@\"\n")
	}
	for _, name := range []string{"deploy", "docs", "tests"} {
		if err := os.Symlink(filepath.Join(servicetest.Root(), name), filepath.Join(s.folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s terminal) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(s.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

// command returns a shell command that ends with the context.
func (s terminal) command(ctx context.Context, text string) *exec.Cmd {
	command := kube.Command(ctx, "kubectl")
	command.Path, command.Args = "/bin/bash", []string{"bash", "-o", "pipefail", "-c", text}
	command.Dir = s.folder
	command.Env = append(command.Env, "KUBECONFIG="+filepath.Join(s.folder, "kubeconfig"),
		"PATH="+filepath.Join(s.folder, "bin")+":"+os.Getenv("PATH"))
	return command
}

// execute runs a shell command and returns everything that it printed.
func (s terminal) execute(t *testing.T, text string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	output, err := s.command(ctx, text).CombinedOutput()
	return clustertest.WithoutWatchLog(string(output)), err
}

// must runs shell commands that have to succeed without a warning.
func (s terminal) must(t *testing.T, text string) string {
	t.Helper()
	output, err := s.execute(t, text)
	if err != nil || strings.Contains(output, "Warning:") {
		t.Fatalf("%s: %v\n%s", text, err, output)
	}
	return output
}

// see repeats a command until its output matches.
func (s terminal) see(t *testing.T, what sight) {
	t.Helper()
	pattern := regexp.MustCompile(what.prints)
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		output, _ := s.execute(t, what.command)
		if pattern.MatchString(output) {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("%s never prints %q, but\n%s", what.command, what.prints, output)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// compare fails if a document and the steps have different commands.
func compare(t *testing.T, found []string, steps []step) {
	t.Helper()
	var known []string
	for _, step := range steps {
		known = append(known, step.command)
	}
	if difference := cmp.Diff(known, found); difference != "" {
		t.Fatalf("the document (+) has other commands than the steps of the test (-):\n%s", difference)
	}
}

// follow runs the commands of a document.
func (s terminal) follow(t *testing.T, steps []step) {
	t.Helper()
	for _, step := range steps {
		if step.skip == "" {
			s.take(t, step)
		}
	}
}

// take runs the command of a step.
func (s terminal) take(t *testing.T, step step) {
	t.Helper()
	text := step.as
	if text == "" {
		text = step.command
	}
	output, err := s.run(t, text, step)
	if (err != nil) != step.fails {
		t.Fatalf("%s: error %v, output\n%s", text, err, output)
	}
	switch printed := regexp.MustCompile(step.prints).MatchString(output); {
	case printed:
	case strings.HasPrefix(text, "kubectl get ") && !step.fails:
		s.see(t, sight{text, step.prints}) // Pods may still be starting: Helm waits only for some pods of a Deployment.
	default:
		t.Fatalf("%s doesn't print %q, but\n%s", text, step.prints, output)
	}
	if strings.Contains(output, "Warning:") && !strings.Contains(step.prints, "Warning:") {
		t.Fatalf("%s prints a warning:\n%s", text, output)
	}
	for _, what := range step.sees {
		s.see(t, what)
	}
	if step.then != "" {
		s.must(t, step.then)
	}
}

// podGone is what kubectl prints if a pod was deleted after kubectl had listed it.
var podGone = regexp.MustCompile(`pods "\S+" not found`)

// run runs the command of a step. It repeats a command that chose a pod which is gone.
func (s terminal) run(t *testing.T, text string, step step) (string, error) {
	t.Helper()
	if step.endless {
		return s.runUntilPrinted(t, text, step)
	}
	deadline := time.Now().Add(patience)
	output, err := s.execute(t, text)
	for err != nil && podGone.MatchString(output) && time.Now().Before(deadline) {
		output, err = s.execute(t, text)
	}
	return output, err
}

// runUntilPrinted runs a command that doesn't end, until it has printed what it should print.
func (s terminal) runUntilPrinted(t *testing.T, text string, step step) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	output := &searched{pattern: regexp.MustCompile(step.prints), found: cancel}
	command := s.command(ctx, "exec "+text)
	command.Stdout, command.Stderr = output, output
	if err := command.Run(); ctx.Err() == nil {
		return output.text.String(), fmt.Errorf("ended by itself: %w", err)
	}
	return output.text.String(), nil
}

// searched calls found once its text matches. The buffer is not embedded, because its ReadFrom would bypass Write.
type searched struct {
	text    bytes.Buffer
	pattern *regexp.Regexp
	found   func()
}

func (s *searched) Write(text []byte) (int, error) {
	n, err := s.text.Write(text)
	if s.pattern.Match(s.text.Bytes()) {
		s.found()
	}
	return n, err
}
