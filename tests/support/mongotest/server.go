package mongotest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Server is a stand-in that runs in its own process until its test ends. The test can kill and restart it.
type Server struct {
	// URI is the connection string. It does not change when the server restarts.
	URI string

	t       testing.TB
	command newCommand
	process *process
}

// newCommand returns the command that starts a stand-in on address.
type newCommand func(address string) *exec.Cmd

// localAddress makes a server choose a free port.
const localAddress = "127.0.0.1:0"

// FerretDB starts the stand-in that stores its data on disk and has no change streams.
func FerretDB(t testing.TB) *Server {
	t.Helper()
	return FerretDBAt(t, localAddress)
}

// FerretDBAt does the same as [FerretDB] on an address, host:port.
func FerretDBAt(t testing.TB, address string) *Server {
	t.Helper()
	command, err := ferretDB(t.TempDir())
	return serve(t, address, command, err)
}

// JavaServer starts the stand-in that stores its data in memory and has change streams.
func JavaServer(t testing.TB) *Server {
	t.Helper()
	command, err := javaServer("")
	return serve(t, localAddress, command, err)
}

func serve(t testing.TB, address string, command newCommand, err error) *Server {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, command: command}
	s.start(address)
	t.Cleanup(s.Kill)
	return s
}

func (s *Server) start(address string) {
	s.t.Helper()
	process, err := startStandIn(s.command(address))
	if err != nil {
		s.t.Fatal(err)
	}
	s.URI, s.process = process.uri, process
}

// Kill kills the server with SIGKILL. It does nothing if the server is killed already.
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

// Restart starts a killed server on the same address, with the data that it has stored on disk.
func (s *Server) Restart() {
	s.t.Helper()
	s.start(s.Address())
}

// Address returns the host:port on which the server listens.
func (s *Server) Address() string { return options.Client().ApplyURI(s.URI).Hosts[0] }

// ferretDB returns the command of FerretDB with its data in dir.
func ferretDB(dir string) (newCommand, error) {
	program, err := builtFile("ferretdb", "scripts/build-ferretdb.sh")
	return func(address string) *exec.Cmd {
		return exec.Command(program, "-listen", address, "-data", dir, "-tied")
	}, err
}

// javaServer returns the command of mongo-java-server, which needs no folder.
func javaServer(string) (newCommand, error) {
	archive, err := builtFile("mongojava/mongojava.jar", "scripts/build-mongojava.sh")
	return func(address string) *exec.Cmd {
		return exec.Command("java", "-XX:+UseSerialGC", "-jar", archive, "-listen", address, "-tied")
	}, err
}

// builtFile returns the path of a file in .tools. The error names the script that builds it.
func builtFile(name, script string) (string, error) {
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

// repositoryRoot returns the folder of the justfile, at or above the working directory.
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
