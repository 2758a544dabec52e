package probe

// All returns a registry of all monitor types. guard decides which addresses their checks may connect to.
func All(guard Guard) Registry {
	return Registry{
		"http": httpType(guard),
		"tcp":  tcpType(guard),
		"ping": pingType(guard),
		"dns":  dnsType(guard),
	}
}
