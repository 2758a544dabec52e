package dockertest

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"nanomon/tests/support/servicetest"
)

// Docker runs the docker command in the root of the repository and returns its output. The test fails if the command does.
func Docker(t testing.TB, arguments ...string) string {
	t.Helper()
	text, err := output("docker", arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Container is a container that exists until its test ends.
type Container struct {
	// ID is the id or the name of the container.
	ID string
	t  testing.TB
}

// StartContainer starts a container in the background with arguments of docker run. If the test fails, it prints the container's
// log.
func StartContainer(t testing.TB, arguments ...string) Container {
	t.Helper()
	c := Container{Docker(t, append([]string{"run", "--detach"}, arguments...)...), t}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of %s:\n%s", strings.Join(arguments, " "), c.Log())
		}
		Docker(t, "rm", "--force", "--volumes", c.ID)
	})
	return c
}

// Existing returns a container that something else creates and removes.
func Existing(t testing.TB, id string) Container { return Container{id, t} }

// Log returns the output of the container so far.
func (c Container) Log() string {
	c.t.Helper()
	text, err := exec.Command("docker", "logs", c.ID).CombinedOutput()
	if err != nil {
		c.t.Error(err)
	}
	return string(text)
}

// Inspect returns a part of the container's description, which a template selects.
func (c Container) Inspect(template string) string {
	c.t.Helper()
	return Docker(c.t, "inspect", "--format", template, c.ID)
}

// Stats returns how much memory the container uses, of how much.
func (c Container) Stats() string {
	c.t.Helper()
	return Docker(c.t, "stats", "--no-stream", "--format", "{{.MemUsage}}", c.ID)
}

// WaitHealthy waits until the health check of the image has succeeded.
func (c Container) WaitHealthy() {
	c.t.Helper()
	servicetest.EventuallyWithin(c.t, 2*time.Minute, "a healthy container", func() bool {
		status := c.Inspect("{{.State.Status}} {{.State.Health.Status}}")
		if status == "running unhealthy" || strings.HasPrefix(status, "exited ") {
			c.t.Fatalf("the container is %s: %s", status, c.Inspect("{{json .State}}"))
		}
		return status == "running healthy"
	})
}

// Stop stops the container and returns its exit code.
func (c Container) Stop() string {
	c.t.Helper()
	Docker(c.t, "stop", "--time", "30", c.ID)
	return c.Inspect("{{.State.ExitCode}}")
}

// Address returns the address of a container's port in its network, which may be that of the machine.
func (c Container) Address(port int) string {
	c.t.Helper()
	address := strings.Fields(c.Inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}") + " localhost")
	return net.JoinHostPort(address[0], strconv.Itoa(port))
}

// Serve starts a server that containers reach at Gateway. It has TLS with the certificate that is in the base images, for
// the name example.com, if secure is true.
func Serve(t testing.TB, handler http.Handler, secure bool) (server *httptest.Server, port string) {
	t.Helper()
	server = httptest.NewUnstartedServer(handler)
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err := errors.Join(err, server.Listener.Close()); err != nil {
		t.Fatal(err)
	}
	server.Listener = listener
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	_, port, err = net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return server, port
}

// Gateway returns the address of the test for containers.
func Gateway(t testing.TB) string {
	t.Helper()
	bridge, err := net.InterfaceByName("docker0")
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := bridge.Addrs()
	if err != nil || len(addresses) == 0 {
		t.Fatalf("docker0 has no address: %v", err)
	}
	return addresses[0].(*net.IPNet).IP.String()
}
