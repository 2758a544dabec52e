package probe

// All is every monitor type there is; their checks go where guard lets them.
func All(guard Guard) Registry {
	return Registry{
		"http": httpType(guard),
		"tcp":  tcpType(guard),
		"ping": pingType(guard),
		"dns":  dnsType(guard),
	}
}
