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

// process is a running server.
type process struct {
	uri     string
	command *exec.Cmd
}

// start starts a server whose address is known.
func start(command *exec.Cmd, stdout io.Writer) (*process, error) {
	command.Stdout, command.Stderr = stdout, os.Stderr
	if err := command.Start(); err != nil {
		return nil, err
	}
	return &process{command: command}, nil
}

// startTied starts a server that prints its URI first, and that ends when its standard input does: so it
// ends with this process, whatever ended that.
func startTied(command *exec.Cmd) (*process, error) {
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
	if err := reader.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, errors.Join(err, p.kill())
	}
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s told no address: %w", command.Path, err), p.kill())
	}
	p.uri = line[:len(line)-1]
	return p, nil
}

// kill ends the server and waits for its end. What it holds is temporary, so it isn't asked.
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
