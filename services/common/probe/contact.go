package probe

import (
	"context"
	"errors"
	"net"
)

// Contact reports whether a connection to a target was possible.
type Contact int

const (
	// ContactUnknown means that it is unknown, because NanoMon could not or may not try to connect.
	ContactUnknown Contact = iota
	// ContactRefused means that no connection was possible: it was refused, the host was unreachable, or nothing answered.
	ContactRefused
	// ContactMade means that there was a connection.
	ContactMade
)

// socketError reports that this machine could not open a socket.
type socketError string

func (e socketError) Error() string { return string(e) }

// contactOf returns what an error of connecting to a target says about the connection. A name that can't be resolved, an
// address that checks may not connect to, a fault of this machine, and the end of parent say nothing.
func contactOf(parent context.Context, err error) Contact {
	if parent.Err() != nil || OwnFault(err) != nil || isA[*net.DNSError](err) || isA[*net.AddrError](err) ||
		isA[noFamilyError](err) || isA[notAllowedError](err) || isA[socketError](err) {
		return ContactUnknown
	}
	return ContactRefused
}

// isA reports whether there is an error of type E in err's chain.
func isA[E error](err error) bool {
	_, found := errors.AsType[E](err)
	return found
}
