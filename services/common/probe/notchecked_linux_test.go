package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// exhaustFiles lowers the limit of open files. The function fill opens files until the process has no descriptor left;
// release closes them.
func exhaustFiles(t *testing.T) (fill, release func()) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	low := before
	low.Cur = 256
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	fill = func() {
		for {
			file, err := os.Open(os.DevNull)
			if err != nil {
				return
			}
			files = append(files, file)
		}
	}
	release = func() {
		for _, file := range files {
			file.Close()
		}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}
	return fill, release
}

func TestNoOpenFilesLeft(t *testing.T) {
	server := httptest.NewServer(nil)
	defer server.Close()
	secure := httptest.NewTLSServer(nil)
	defer secure.Close()
	address := server.Listener.Addr().String()
	probes := map[string]Probe{
		"http":                newProbe(t, "http", server.URL, nil),
		"https":               newProbe(t, "http", secure.URL, nil),
		"http by name":        newProbe(t, "http", "http://name.example/", nil),
		"tcp":                 newProbe(t, "tcp", address, nil),
		"tcp by name":         newProbe(t, "tcp", "name.example:80", nil),
		"ping":                newProbe(t, "ping", "127.0.0.1", nil),
		"ping by name":        newProbe(t, "ping", "name.example", nil),
		"dns":                 newProbe(t, "dns", "name.example", map[string]string{"server": address}),
		"dns, server by name": newProbe(t, "dns", "name.example", map[string]string{"server": "name.example"}),
		"dns of the system":   newProbe(t, "dns", "name.example", nil),
	}
	fill, release := exhaustFiles(t)
	outcomes := make(map[string]Outcome)
	for name, p := range probes {
		fill() // also what a connection of an earlier test has released
		outcomes[name] = p.Run(context.Background())
	}
	release()
	for name, outcome := range outcomes {
		var notChecked *NotCheckedError
		if !errors.As(outcome.Err, &notChecked) || notChecked.Cause != CauseFiles ||
			notChecked.Error() != "not checked: this runner has too many open files; raise the limit (ulimit -n)" {
			t.Errorf("%s: %v", name, outcome.Err)
		}
	}
}

func TestOwnFaults(t *testing.T) {
	for _, fault := range ownFaults {
		dial := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", fault.number)}
		lookup := &net.DNSError{Err: "dial udp 192.0.2.1:53: " + os.NewSyscallError("socket", fault.number).Error(), Name: "a.example"}
		for _, err := range []error{dial, fmt.Errorf("proxyconnect: %w", dial), lookup} {
			var notChecked *NotCheckedError
			if got := failure(context.Background(), 0, "connecting", err); !errors.As(got, &notChecked) || notChecked.Cause != fault.cause {
				t.Errorf("%v: %v", err, got)
			}
		}
	}
	for call, own := range map[string]bool{"socket": true, "connect": false, "sendto": false} {
		for _, number := range []syscall.Errno{syscall.EPERM, syscall.EACCES} {
			err := failure(context.Background(), 0, "connecting", &net.OpError{Op: "dial", Err: os.NewSyscallError(call, number)})
			if (OwnFault(err) != nil) != own || !own && !strings.Contains(err.Error(), "blocked by this machine's firewall or routes") {
				t.Errorf("%s %v: %v", call, number, err)
			}
		}
	}
	for _, err := range []error{
		os.NewSyscallError("connect", syscall.ECONNREFUSED), &net.DNSError{Err: "no such host"}, context.DeadlineExceeded,
	} {
		if OwnFault(err) != nil {
			t.Errorf("%v is a fault of the target or the network", err)
		}
	}
}
