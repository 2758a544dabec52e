package mongotest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Server is a stand-in of a process of its own. It ends with its test.
type Server struct {
	// URI is its connection string; it stays the same over [Server.Restart].
	URI string

	t       testing.TB
	command command
	process *process
}

// command makes the command of a stand-in that listens on address.
type command func(address string) *exec.Cmd

// FerretDB starts the stand-in that keeps its data on disk and has no change streams.
func FerretDB(t testing.TB) *Server {
	t.Helper()
	command, err := ferretDB(t.TempDir())
	return serve(t, command, err)
}

// JavaServer starts the stand-in that has change streams and keeps its data in memory.
func JavaServer(t testing.TB) *Server {
	t.Helper()
	command, err := javaServer("")
	return serve(t, command, err)
}

func serve(t testing.TB, command command, err error) *Server {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, command: command}
	s.start("127.0.0.1:0")
	t.Cleanup(s.Kill)
	return s
}

func (s *Server) start(address string) {
	s.t.Helper()
	process, err := startTied(s.command(address))
	if err != nil {
		s.t.Fatal(err)
	}
	s.URI, s.process = process.uri, process
}

// Kill ends the server as SIGKILL does. Killing it twice is no error.
func (s *Server) Kill() {
	s.t.Helper()
	if s.process == nil {
		return
	}
	if err := s.process.kill(); err != nil {
		s.t.Fatal(err)
	}
	s.process = nil
}

// Restart starts a server that was killed, on the same address and with the data that it keeps.
func (s *Server) Restart() {
	s.t.Helper()
	s.start(s.Address())
}

// Address is where the server listens, host:port.
func (s *Server) Address() string { return options.Client().ApplyURI(s.URI).Hosts[0] }

// ferretDB is the command of the one that keeps its data in dir.
func ferretDB(dir string) (command, error) {
	program, err := tool("ferretdb", "scripts/build-ferretdb.sh")
	return func(address string) *exec.Cmd {
		return exec.Command(program, "-listen", address, "-data", dir, "-tied")
	}, err
}

// javaServer is the command of the one that keeps its data in memory.
func javaServer(string) (command, error) {
	archive, err := tool("mongojava/mongojava.jar", "scripts/build-mongojava.sh")
	return func(address string) *exec.Cmd {
		return exec.Command("java", "-XX:+UseSerialGC", "-jar", archive, "-listen", address, "-tied")
	}, err
}

// tool is the path of what a script builds.
func tool(name, script string) (string, error) {
	root, err := repositoryRoot()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, ".tools", name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("no %s to test with: run %s, or put mongod on the PATH, or set NANOMON_TEST_MONGO_URI", name, script)
	}
	return path, nil
}

// repositoryRoot is the folder of the justfile, at or above the working directory.
func repositoryRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "justfile")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no justfile at or above %s", start)
		}
	}
}
