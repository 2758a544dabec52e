package mongotest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// process is a running server. The uri of a mongod is set later.
type process struct {
	uri     string
	command *exec.Cmd
}

// start starts a server without its URI.
func start(command *exec.Cmd, stdout io.Writer) (*process, error) {
	command.Stdout, command.Stderr = stdout, os.Stderr
	if err := command.Start(); err != nil {
		return nil, err
	}
	return &process{command: command}, nil
}

// startStandIn starts a stand-in and reads its URI from the first line of its output. The stand-in exits when its
// standard input is closed, so it can't outlive this process, even if that is killed.
func startStandIn(command *exec.Cmd) (*process, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	if _, err := command.StdinPipe(); err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	p, err := start(command, writer)
	if err := errors.Join(err, writer.Close()); err != nil {
		return nil, err
	}
	if err := reader.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return nil, errors.Join(err, p.kill())
	}
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s printed no URI: %w", command.Path, err), p.kill())
	}
	p.uri = line[:len(line)-1]
	return p, nil
}

// kill kills the server and waits for its end. A graceful stop is not necessary, because its data is temporary.
func (p *process) kill() error {
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	var exit *exec.ExitError
	if err := p.command.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}
