package probe

// All is every monitor type there is.
func All() Registry {
	return Registry{
		"http": httpType(),
		"tcp":  tcpType(),
		"ping": pingType(),
		"dns":  dnsType(),
	}
}
