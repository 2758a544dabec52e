package clustertest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// process is a running program of the cluster.
type process struct {
	name    string
	command *exec.Cmd
	log     string
	done    chan struct{}
	err     error
}

// launch starts a program of Kubernetes.
func (c *Cluster) launch(name string, arguments ...string) error {
	return c.launchProgram(name, filepath.Join(c.programs, "kubernetes"), append([]string{name}, arguments...)...)
}

// launchProgram starts a program. Its temporary files and its log are in the folder of the cluster.
func (c *Cluster) launchProgram(name, path string, arguments ...string) error {
	log, err := os.Create(filepath.Join(c.folder, fmt.Sprintf("%d-%s.log", len(c.processes), name)))
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(path, arguments...)
	command.Dir, command.Stdout, command.Stderr = c.folder, log, log
	command.Env = append(os.Environ(), "TMPDIR="+c.folder, "HOME="+c.folder)
	// The program must not outlive a test that is killed.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return err
	}
	p := &process{name: name, command: command, log: log.Name(), done: make(chan struct{})}
	go func() {
		p.err = command.Wait()
		close(p.done)
	}()
	c.processes = append(c.processes, p)
	return nil
}

// kill ends a program and everything that it started. On SIGTERM it would take up to 20 s.
func (p *process) kill() {
	_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// rootFolder matches the line in which a hollow node logs its folder, which is always in /tmp.
var rootFolder = regexp.MustCompile(`Using (/tmp/hollow-kubelet\.[0-9]+) as root dir`)

// kubeletFolder returns the folder of a hollow node, or "" for other programs.
func (p *process) kubeletFolder() string {
	text, err := os.ReadFile(p.log)
	if found := rootFolder.FindSubmatch(text); err == nil && found != nil {
		return string(found[1])
	}
	return ""
}

// tail returns the last lines of the log.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(text, []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-20):], []byte("\n")))
}

// freePort returns a port on which nothing listens, because a kubelet can't report a port that it chose. It is below the
// ports that systems give to outgoing connections: another program could take one of these before the kubelet listens.
func freePort() (string, error) {
	for {
		port := strconv.Itoa(10_000 + rand.IntN(22_000))
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return "", err
		}
		return port, listener.Close()
	}
}
