package probe

import (
	"context"
	"net"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/net/icmp"
	"golang.org/x/sys/unix"
)

// The test drops CAP_NET_RAW, as in a container. The probe must use a ping socket or, if the kernel forbids that too,
// return a message that explains what to do.
func TestPingWithoutPrivilege(t *testing.T) {
	type findings struct {
		outcome    Outcome
		raw, plain error
	}
	result := make(chan findings, 1)
	p := newProbe(t, "ping", "127.0.0.1", props{"count": "1"})
	go func() {
		// The capability belongs to the thread. The thread stays locked, so that it ends with the goroutine.
		runtime.LockOSThread()
		dropNetRaw(t)
		var f findings
		var conn net.PacketConn
		if conn, f.raw = net.ListenPacket("ip4:icmp", "127.0.0.1"); f.raw == nil {
			conn.Close()
		}
		if conn, f.plain = icmp.ListenPacket("udp4", ""); f.plain == nil {
			conn.Close()
		}
		f.outcome = p.Run(context.Background())
		result <- f
	}()
	f := receive(t, result, "the run")
	switch {
	case f.raw == nil:
		t.Fatal("CAP_NET_RAW was not dropped")
	case f.plain == nil:
		wantOK(t, "ping", f.outcome)
	default:
		wantFailure(t, "ping", f.outcome, "CAP_NET_RAW", "root", "net.ipv4.ping_group_range")
		if strings.Contains(f.outcome.Err.Error(), "socket:") {
			t.Errorf("the message contains a technical detail: %v", f.outcome.Err)
		}
	}
}

func dropNetRaw(t *testing.T) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Errorf("reading the capabilities: %v", err)
	}
	for _, set := range []*uint32{&data[0].Effective, &data[0].Permitted, &data[0].Inheritable} {
		*set &^= 1 << unix.CAP_NET_RAW
	}
	if err := unix.Capset(&header, &data[0]); err != nil {
		t.Errorf("dropping CAP_NET_RAW: %v", err)
	}
}
