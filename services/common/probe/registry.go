package probe

import "crypto/x509"

// All returns a registry of all monitor types. guard decides which addresses their checks may connect to.
func All(guard Guard) Registry {
	// Go reads the system's certificates once. If it could not open the files then, all checks of https would fail until
	// a restart. So read them now, while there are enough descriptors.
	_, _ = x509.SystemCertPool()
	return Registry{
		"http": httpType(guard),
		"tcp":  tcpType(guard),
		"ping": pingType(guard),
		"dns":  dnsType(guard),
		"push": pushType(),
	}
}
