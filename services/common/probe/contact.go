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

// contactOf returns what an error of connecting to a target says about the connection. parent is the context without
// the timeout of the check: once it has ended, the check was stopped.
func contactOf(parent context.Context, err error) Contact {
	switch {
	case parent.Err() != nil, OwnFault(err) != nil, isA[socketError](err): // NanoMon or its machine is the cause.
	case isA[*net.DNSError](err), isA[*net.AddrError](err), isA[noFamilyError](err): // There is no address to connect to.
	case isA[notAllowedError](err): // NanoMon may not connect to the address.
	default:
		return ContactRefused
	}
	return ContactUnknown
}

// isA reports whether there is an error of type E in err's chain.
func isA[E error](err error) bool {
	_, found := errors.AsType[E](err)
	return found
}
