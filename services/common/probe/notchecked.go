package probe

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// Cause is the reason why a check was not made. Its values are labels of a metric.
type Cause string

// The causes of a [NotCheckedError].
const (
	// CauseFiles means that the process or the machine has too many open files.
	CauseFiles Cause = "open_files"
	// CausePorts means that no local address or port is free.
	CausePorts Cause = "local_ports"
	// CauseMemory means that the machine has no memory for network connections.
	CauseMemory Cause = "memory"
	// CausePermission means that the process may not open the socket.
	CausePermission Cause = "permission"
	// CausePanic means that NanoMon's own code panicked.
	CausePanic Cause = "panic"
	// CauseQuarantine means that the monitor brought the process down before.
	CauseQuarantine Cause = "quarantine"
	// CausePaused means that the process was paused during the check.
	CausePaused Cause = "paused"
	// CauseUnavailable means that the pings of a job may have been lost, or could not be read in time.
	CauseUnavailable Cause = "unavailable"
)

// Causes lists all causes.
var Causes = [...]Cause{
	CauseFiles, CausePorts, CauseMemory, CausePermission, CausePanic, CauseQuarantine, CausePaused,
	CauseUnavailable,
}

// NotCheckedError means that a runner could not make a check for a reason of its own. It says nothing about the target,
// so there is no result.
type NotCheckedError struct {
	Cause Cause
	// Text says what is wrong with the runner and what to do.
	Text string
	// Stack is the stack of a panic; empty for other causes.
	Stack string
}

func (e *NotCheckedError) Error() string { return "not checked: " + e.Text }

// ownFaults lists the errors of the operating system that are faults of this machine or process, whatever the target.
// An address that the firewall of this machine blocks is not one: that concerns a single address, lasts until somebody
// changes the rules, and means, like a missing route, that the target can't be reached from here.
var ownFaults = []struct {
	number syscall.Errno
	cause  Cause
	text   string
}{
	{syscall.EMFILE, CauseFiles, "this runner has too many open files; raise the limit (ulimit -n)"},
	{syscall.ENFILE, CauseFiles, "this machine has too many open files; raise the limit (sysctl fs.file-max)"},
	{syscall.EADDRNOTAVAIL, CausePorts, "this machine has no free local address or port; " +
		"allow more ports (sysctl net.ipv4.ip_local_port_range)"},
	{syscall.ENOBUFS, CauseMemory, "this machine has no memory left for network connections; give it more memory"},
	{syscall.ENOMEM, CauseMemory, "this machine has no memory left; give it more memory"},
}

var errNoPingPermission = &NotCheckedError{Cause: CausePermission, Text: "this runner is not allowed to send pings; " +
	"give it the capability CAP_NET_RAW, run it as root, or allow its group: " +
	"sysctl -w net.ipv4.ping_group_range='0 2147483647'"}

// OwnFault returns the [NotCheckedError] of err, or nil if err is not a fault of this machine or process.
func OwnFault(err error) error {
	var known *NotCheckedError
	if errors.As(err, &known) {
		return known
	}
	var lookup *net.DNSError
	isLookup := errors.As(err, &lookup)
	for _, fault := range ownFaults {
		if errors.Is(err, fault.number) || isLookup && lookupFailedWith(lookup, fault.number) {
			return &NotCheckedError{Cause: fault.cause, Text: fault.text}
		}
	}
	var call *os.SyscallError
	if errors.As(err, &call) && call.Syscall == "socket" && errors.Is(call, fs.ErrPermission) {
		return &NotCheckedError{Cause: CausePermission, Text: "this runner is not allowed to open network sockets; " +
			"check the security settings of its process (seccomp, AppArmor, SELinux)"}
	}
	return nil
}

// lookupFailedWith reports whether number is the cause of a failed name lookup. A [net.DNSError] has only the text of
// its cause. If a file could not be opened, it may even be "no such host", so try whether some files can be opened.
func lookupFailedWith(err *net.DNSError, number syscall.Errno) bool {
	return strings.HasSuffix(err.Err, number.Error()) || errors.Is(openSpareFiles(), number)
}

// spareFiles is the number of files that can be opened unless there are too many. A lookup opens fewer.
const spareFiles = 16

// openSpareFiles opens and closes files. It returns the error if one can't be opened.
func openSpareFiles() error {
	for range spareFiles {
		file, err := os.Open(os.DevNull)
		if err != nil {
			return err
		}
		defer file.Close()
	}
	return nil
}
